"""Connection settings: complete, within capabilities, and nobody is locked out."""

import pytest

from otx.errors import UsageError
from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import ConnectionSettingsOffers
from otx.opamp.server.agent import Progress
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings import Settings, SettingsState
from otx.opamp.server.settings_wish import read_settings
from tests.opamp.server.world import USUAL, Speaker, World

TAKES = (
    USUAL
    | AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS
    | AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS
)
ENDPOINT = "wss://server:4320/v1/opamp"


def offer(world: World, token: str | None = None, selector: str = "") -> Settings:
    wanted = {"opamp": {"rotate_token": token is not None, "headers": {"X-Team": "a"}}}
    offers, made = read_settings(wanted, ENDPOINT, lambda: token or "")
    assert made == token
    digest = token.encode() if token else None
    return world.fleet.settings.begin(
        parse_selector(selector), offers, digest, "me", "", world.now_ns
    )


@pytest.fixture
def world() -> World:
    return World()


def test_an_offer_is_complete(world: World) -> None:
    speaker = Speaker(world, capabilities=TAKES)
    speaker.full()
    one = offer(world, "secret")
    offers = speaker.report().connection_settings
    assert offers.hash == one.hash
    assert offers.opamp.destination_endpoint == ENDPOINT
    assert offers.opamp.heartbeat_interval_seconds == 30
    headers = {header.key: header.value for header in offers.opamp.headers.headers}
    assert headers == {"X-Team": "a", "Authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("capability", "part"),
    [
        (AgentCapability.REPORTS_OWN_METRICS, "own_metrics"),
        (AgentCapability.REPORTS_OWN_TRACES, "own_traces"),
        (AgentCapability.REPORTS_OWN_LOGS, "own_logs"),
        (AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS, "opamp"),
        (AgentCapability.ACCEPTS_OTHER_CONNECTION_SETTINGS, "other_connections"),
    ],
)
def test_each_part_needs_its_capability(
    world: World, capability: AgentCapability, part: str
) -> None:
    url = {"endpoint": "https://telemetry/v1/x"}
    wanted = {
        "opamp": {},
        "own_metrics": url,
        "own_traces": url,
        "own_logs": url,
        "other": {"kafka": url},
    }
    speaker = Speaker(world, capabilities=USUAL | capability)
    speaker.full()
    offers, _ = read_settings(wanted, ENDPOINT, str)
    world.fleet.settings.begin(parse_selector(""), offers, None, "me", "", world.now_ns)
    sent = speaker.report().connection_settings
    assert {field.name for field, _ in sent.ListFields()} == {"hash", part}
    assert sent.hash == offers.hash


def test_who_takes_none_is_offered_none(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    offer(world)
    assert not speaker.report().HasField("connection_settings")
    assert not speaker.full().HasField("connection_settings")


def test_what_was_applied_or_failed_is_not_offered_again(world: World) -> None:
    speaker = Speaker(world, capabilities=TAKES)
    speaker.full()
    one = offer(world)
    assert speaker.report().HasField("connection_settings")
    assert not speaker.says_settings(Progress.APPLYING, one.hash).HasField("connection_settings")
    assert not speaker.says_settings(Progress.APPLIED, one.hash).HasField("connection_settings")
    two = offer(world)
    assert speaker.report().connection_settings.hash == two.hash
    speaker.says_settings(Progress.FAILED, two.hash)
    world.wait(100)
    assert not speaker.report().HasField("connection_settings")
    assert not speaker.says_settings(Progress.APPLIED, one.hash).HasField("connection_settings")


def test_a_status_with_another_hash_is_answered_with_the_offer(world: World) -> None:
    speaker = Speaker(world, capabilities=TAKES)
    speaker.full()
    one = offer(world)
    for _ in range(3):
        answer = speaker.says_settings(Progress.UNSET, b"")
        assert answer.connection_settings.hash == one.hash


def test_an_agent_without_status_that_reconnects_for_them_is_not_offered_them_again(
    world: World,
) -> None:
    capabilities = USUAL | AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS
    speaker = Speaker(world, capabilities=capabilities)
    speaker.full()
    offer(world)
    assert speaker.report().HasField("connection_settings")
    for _ in range(3):
        world.fleet.lost(speaker.link, world.now_ns)
        speaker.link = world.link()
        assert not speaker.full().HasField("connection_settings")


def test_an_offer_waits_for_the_configuration(world: World) -> None:
    speaker = Speaker(world, capabilities=TAKES)
    speaker.full()
    push = world.push()
    offer(world)
    first = speaker.report()
    assert first.HasField("remote_config")
    assert not first.HasField("connection_settings")
    assert speaker.says(Progress.APPLIED, push.config_hash).HasField("connection_settings")


def test_an_old_token_stays_valid_until_every_agent_moved_on(world: World) -> None:
    retired: list[int] = []
    world.fleet.on_retired = lambda settings: retired.append(settings.number)
    silent = AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS
    speakers = [
        Speaker(world, "reports", capabilities=TAKES),
        Speaker(world, "is silent", capabilities=TAKES & ~silent),
        Speaker(world, "away", capabilities=TAKES),
    ]
    for speaker in speakers:
        speaker.full()
    old = offer(world, "old")
    for speaker in speakers:
        speaker.report()
        speaker.link.credential = b"old"
        speaker.report()
    new = offer(world, "new")
    world.wait(1)
    assert retired == []
    speakers[0].says_settings(Progress.APPLIED, new.hash)
    world.wait(1)
    assert retired == []
    speakers[1].link.credential = b"new"
    speakers[1].report()
    world.fleet.lost(speakers[2].link, world.now_ns)
    world.wait(1_000_000)
    assert retired == [], "an agent that is away still has the old one only"
    speakers[2].link = world.link()
    speakers[2].report()
    speakers[2].says_settings(Progress.APPLIED, new.hash)
    world.wait(1)
    assert retired == [old.number]
    assert old.state is SettingsState.RETIRED
    assert new.state is SettingsState.OFFERED


def test_a_heartbeat_interval_takes_nothing_away(world: World) -> None:
    world.fleet.settings.heartbeat_s = 7
    speaker = Speaker(world, capabilities=USUAL | AgentCapability.REPORTS_HEARTBEAT)
    speaker.link.authorization = "Bearer mine"
    opamp = speaker.full().connection_settings.opamp
    assert opamp.heartbeat_interval_seconds == 7
    assert opamp.destination_endpoint == "ws://server/v1/opamp"
    assert opamp.headers.headers[0].value == "Bearer mine"
    assert speaker.agent.interval_s == 7
    without = Speaker(world, "without")
    assert not without.full().HasField("connection_settings")
    world.fleet.settings.tells_certificates = True
    other = Speaker(world, "other", capabilities=TAKES)
    assert not other.full().HasField("connection_settings")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "one of"),
        ({"opamp": 1}, "no object"),
        ({"opamp": {"endpiont": "x"}}, "endpiont"),
        ({"opamp": {"endpoint": "tcp://x"}}, "URL"),
        ({"own_metrics": {}}, "endpoint"),
        ({"opamp": {"heartbeat": "soon"}}, "duration"),
        ({"opamp": {"tls": {"min": "1.2"}}}, "tls"),
        ({"opamp": {"headers": ["x"]}}, "headers"),
        ({"other": {"kafka": {"topic": "x"}}}, "topic"),
    ],
)
def test_what_are_no_settings_is_refused(wanted: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_settings(wanted, ENDPOINT, str)


def test_certificates_tls_and_proxy_are_taken_over() -> None:
    wanted = {
        "opamp": {
            "certificate": {"cert": "C", "private_key": "K", "ca_cert": "A"},
            "tls": {"min_version": "1.3", "include_system_ca_certs_pool": True},
            "proxy": {"url": "http://proxy:3128"},
            "heartbeat": "5s",
        }
    }
    offers, token = read_settings(wanted, ENDPOINT, str)
    assert token is None
    assert offers.opamp.certificate.private_key == b"K"
    assert offers.opamp.tls.min_version == "1.3"
    assert offers.opamp.proxy.url == "http://proxy:3128"
    assert offers.opamp.heartbeat_interval_seconds == 5
    assert ConnectionSettingsOffers.FromString(offers.SerializeToString()) == offers
