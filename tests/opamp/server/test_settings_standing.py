"""How agents stand to connection settings, from the offer to what they make of it."""

import pytest

from otx.opamp.capabilities import AgentCapability
from otx.opamp.server.agent import PATIENCE, Progress
from otx.opamp.server.operator import Operator
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings import Settings, SettingsState
from otx.opamp.server.settings_standing import SettingsStanding, Standings, lacking
from otx.opamp.server.settings_wish import read_settings
from tests.opamp.server.world import USUAL, Speaker, World

TAKES = USUAL | AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS
SAYS = TAKES | AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS
ENDPOINT = "ws://server:4320/v1/opamp"


@pytest.fixture
def world() -> World:
    return World()


def offer(world: World, selector: str = "") -> Settings:
    offers, _ = read_settings({"opamp": {}}, ENDPOINT, str)
    chosen = parse_selector(selector)
    return world.fleet.settings.begin(chosen, offers, None, "me", "", world.now_ns)


def of(world: World, speaker: Speaker, one: Settings) -> SettingsStanding:
    book = world.fleet.settings
    return Standings(one, book, world.now_ns, PATIENCE).of(speaker.agent)


@pytest.mark.parametrize("progress", [Progress.APPLIED, Progress.FAILED])
def test_an_agent_that_says_what_becomes_of_settings(world: World, progress: Progress) -> None:
    speaker = Speaker(world, capabilities=SAYS)
    speaker.full()
    one = offer(world)
    assert of(world, speaker, one) is SettingsStanding.WAITING
    assert speaker.report().connection_settings.hash == one.hash
    assert of(world, speaker, one) is SettingsStanding.WAITING
    speaker.says_settings(Progress.APPLYING, one.hash)
    assert of(world, speaker, one) is SettingsStanding.APPLYING
    speaker.says_settings(progress, one.hash)
    assert of(world, speaker, one).value == progress.name.lower()
    offer(world)
    assert of(world, speaker, one) is SettingsStanding.KEPT


def test_an_agent_that_never_says_it(world: World) -> None:
    speaker, other = Speaker(world, capabilities=TAKES), Speaker(world, "other")
    speaker.full()
    other.full()
    one = offer(world)
    assert of(world, speaker, one) is SettingsStanding.WAITING
    speaker.report()
    assert of(world, speaker, one) is SettingsStanding.SILENT
    assert of(world, other, one) is SettingsStanding.UNABLE
    assert lacking(other.agent, one) == ["opamp"]
    assert lacking(speaker.agent, one) == []
    one.state = SettingsState.RETIRED
    assert of(world, speaker, one) is SettingsStanding.KEPT


def test_a_plan_changes_nothing_and_names_everybody_once(world: World) -> None:
    speakers = [Speaker(world, name, capabilities=SAYS) for name in ("a", "b")]
    speakers += [Speaker(world, "silent", capabilities=TAKES), Speaker(world, "unable")]
    for speaker in speakers:
        speaker.full()
    offer(world, "service.name=b")
    before = dict(world.fleet.settings.by_number)
    wanted = {"selector": "", "opamp": {}}
    plan = Operator(world.fleet).plan_settings(wanted, ENDPOINT, world.now_ns, str, str.encode)
    assert world.fleet.settings.by_number == before
    names = {
        place: [row["service"] for row in plan[place]]
        for place in ("waiting", "silent", "away", "kept", "unable")
    }
    assert names == {
        **{"waiting": ["a"], "silent": ["silent"], "away": []},
        **{"kept": ["b"], "unable": ["unable"]},
    }
    assert plan["is_own_endpoint"]
