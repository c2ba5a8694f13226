"""The monitor names what is broken, and says nothing of what only crossed or was not seen."""

from collections.abc import Callable, Iterable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.opamp.framing import Malformed, decode
from otx.opamp.monitor import AGENTS_OF_A_CONNECTION, EVIDENCE, FINDINGS, Watch
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    PackageStatusEnum,
    RemoteConfigStatuses,
    ServerErrorResponseType,
    ServerToAgent,
)
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport, all_rules

UID = b"u" * 16
OTHER = b"v" * 16
ALL = 0xFFFF
SECOND = 1_000_000_000
APPLIED = RemoteConfigStatuses.RemoteConfigStatuses_APPLIED
APPLYING = RemoteConfigStatuses.RemoteConfigStatuses_APPLYING
FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED


class Wire:
    """A connection seen by a monitor, with a clock and a client that counts."""

    def __init__(self, transport: Transport = Transport.WEBSOCKET, watch: Watch | None = None):
        self.watch = watch or Watch()
        self.monitor = self.watch.connection(transport)
        self.now_ns = 1_000 * SECOND
        self.numbers = count(7)
        self.broken: list[int] = []

    def wait(self, seconds: float) -> "Wire":
        self.now_ns += int(seconds * SECOND)
        self._add(self.monitor.tick(self.now_ns))
        return self

    def client(self, report: AgentToServer | None = None, **fields: object) -> "Wire":
        report = report or part(**fields)
        if not report.sequence_num:
            report.sequence_num = next(self.numbers)
        self._add(self.monitor.client_sent(report, self.now_ns))
        return self

    def server(self, answer: ServerToAgent | None = None, **fields: object) -> "Wire":
        self._add(self.monitor.server_sent(answer or says(**fields), self.now_ns))
        return self

    def start(self) -> "Wire":
        return self.client(full()).server()

    def _add(self, broken: Iterable[object]) -> None:
        self.broken += [one.rule.number for one in broken]  # type: ignore[attr-defined]


def part(**fields: object) -> AgentToServer:
    values: dict[str, object] = {"instance_uid": UID, "capabilities": ALL, **fields}
    return AgentToServer(**values)  # type: ignore[arg-type]


def full(**fields: object) -> AgentToServer:
    report = part(**fields)
    report.agent_description.identifying_attributes.add(key="service.name").value.string_value = "a"
    report.health.healthy = True
    report.effective_config.config_map.config_map[""].body = b"receivers:"
    return report


def status(config_hash: bytes, state: int) -> AgentToServer:
    report = part()
    report.remote_config_status.last_remote_config_hash = config_hash
    report.remote_config_status.status = state  # type: ignore[assignment]
    return report


def says(**fields: object) -> ServerToAgent:
    values: dict[str, object] = {"instance_uid": UID, "capabilities": 0x7F, **fields}
    return ServerToAgent(**values)  # type: ignore[arg-type]


def offer(config_hash: bytes) -> ServerToAgent:
    answer = says()
    answer.remote_config.config_hash = config_hash
    answer.remote_config.config.config_map[""].body = b"x"
    return answer


def error(kind: int) -> ServerToAgent:
    answer = ServerToAgent(instance_uid=UID)
    answer.error_response.type = kind  # type: ignore[assignment]
    return answer


def assigned(uid: bytes) -> ServerToAgent:
    answer = says()
    answer.agent_identification.new_instance_uid = uid
    return answer


UNAVAILABLE = ServerErrorResponseType.ServerErrorResponseType_Unavailable


def http() -> Wire:
    return Wire(Transport.HTTP)


def package(key: str, **fields: object) -> AgentToServer:
    report = part()
    one = report.package_statuses.packages[key]
    one.name = str(fields.pop("name", key))
    for name, value in fields.items():
        setattr(one, name, value)
    return report


def restart_with_offer() -> ServerToAgent:
    answer = offer(b"A")
    answer.command.SetInParent()
    return answer


def error_with_offer() -> ServerToAgent:
    answer = error(UNAVAILABLE)
    answer.remote_config.config_hash = b"A"
    return answer


def heartbeat_interval(seconds: int) -> ServerToAgent:
    answer = says()
    answer.connection_settings.hash = b"S"
    answer.connection_settings.opamp.heartbeat_interval_seconds = seconds
    return answer


def settings_applied() -> AgentToServer:
    report = part()
    report.connection_settings_status.last_connection_settings_hash = b"S"
    report.connection_settings_status.status = 1  # type: ignore[assignment]
    return report


def lost_question() -> Wire:
    """The server asked for full state, and the connection ended before the answer."""
    watch = Watch()
    Wire(watch=watch).client(part(sequence_num=5)).server(flags=1)
    return Wire(watch=watch).client(part(sequence_num=6)).server()


def gone_and_closed() -> Wire:
    wire = Wire().start()
    wire._add(wire.monitor.closed(Side.CLIENT, 1000, wire.now_ns))
    return wire


def text_frame(side: Side) -> Wire:
    wire = Wire().start()
    wire._add(wire.monitor.malformed(side, "a text frame", wire.now_ns))
    return wire


def after_status(code: int, retry_after_s: float | None = None) -> Wire:
    wire = http().client(full(sequence_num=5))
    wire.monitor.refused(UID, code, wire.now_ns, retry_after_s)
    return wire


BROKEN: list[tuple[int, Callable[[], Wire]]] = [
    (1, lambda: text_frame(Side.CLIENT)),
    (2, lambda: text_frame(Side.SERVER)),
    (30, lambda: http().client(full(sequence_num=5)).client(part(sequence_num=6))),
    (35, lambda: after_status(503, 4).wait(3).client(part(sequence_num=6))),
    (46, lambda: after_status(413).wait(3).client(full(sequence_num=5))),
    (56, lambda: Wire().start().client(full())),
    (58, lambda: Wire().start().client(part(sequence_num=9))),
    (59, lambda: http().client(full(sequence_num=5)).server().client(part(sequence_num=7))
     .server()),
    (61, lambda: lost_question().wait(61)),
    (64, lambda: Wire().start().wait(61).server(flags=1).wait(61).client()),
    (64, lambda: http().client(part(sequence_num=5)).server(flags=1).client(part(sequence_num=6))
     .server(flags=1).wait(70).client(part(sequence_num=7)).server()),
    (66, lambda: Wire().start().client().wait(61)),
    (66, lambda: Wire().client(full()).server(instance_uid=OTHER)),
    (66, lambda: Wire().server()),
    (68, lambda: Wire().client(full()).server(capabilities=0)),
    (76, lambda: Wire().client(full()).server(error(1))),
    (77, lambda: Wire().client(full()).server(error_with_offer())),
    (80, lambda: http().client(status(b"A", APPLIED)).server(offer(b"A"))),
    (80, lambda: Wire().client(status(b"A", APPLIED)).wait(61).server(offer(b"A"))),
    (89, lambda: Wire().start().server(offer(b"A")).client(status(b"A", FAILED))
     .server(offer(b"A")).client(status(b"A", APPLYING))),
    (90, lambda: Wire().start().server(offer(b"A")).client(status(b"A", APPLIED))
     .server(offer(b"A")).client(status(b"A", APPLYING))),
    (91, lambda: Wire().start().server(offer(b"A")).wait(1).server(offer(b"B"))
     .client(status(b"B", APPLYING)).client(status(b"A", APPLIED))),
    (95, lambda: http().client(status(b"A", FAILED)).server(offer(b"A"))
     .client().server(offer(b"A")).client().server(offer(b"A"))),
    (95, lambda: Wire().client(status(b"A", FAILED)).server(offer(b"A"))
     .client().server(offer(b"A")).client().server(offer(b"A"))),
    (105, lambda: Wire().client(full(capabilities=0x805)).server(heartbeat_interval(30))),
    (113, lambda: Wire().start().server(heartbeat_interval(0)).client(settings_applied())
     .wait(30).client().wait(30).client()),
    (115, lambda: Wire().client(full(instance_uid=b"short"))),
    (126, lambda: Wire().start().client(package("a", name="b"))),
    (126, lambda: Wire().start().client(
        package("a", status=PackageStatusEnum.PackageStatusEnum_Installing))),
    (126, lambda: Wire().start().client(package("a", error_message="no"))),
    (132, lambda: Wire().start().server(restart_with_offer())),
    (200, lambda: Wire().client(full(capabilities=0x5))),
    (201, lambda: Wire().client(full(capabilities=0x805)).server(offer(b"A"))),
    (202, gone_and_closed),
    (202, lambda: Wire().start().client(agent_disconnect={}).client()),
    (203, lambda: Wire().start().server(says(capabilities=0, command={}))),
    (204, lambda: Wire().start().server(offer(b""))),
    (205, lambda: Wire().start().server(assigned(OTHER)).client(instance_uid=OTHER).client()),
    (206, lambda: Wire().client(full(remote_config_status={})).server()
     .client(status(b"A", APPLIED))),
    (207, lambda: Wire().start().server(offer(b"A")).client(status(b"A", APPLIED))
     .wait(1).server(offer(b"B")).client(status(b"B", FAILED)).client(status(b"A", APPLIED))),
    (208, lambda: Wire().start().server(heartbeat_interval(10)).client(settings_applied())
     .wait(1).client().wait(25).client()),
    (209, lambda: Wire().client(AgentToServer(instance_uid=UID))),
    (209, lambda: Wire().client(full(capabilities=0x1804 | 0x800))),
    (210, lambda: Wire().start().server(assigned(b"short"))),
    (211, lambda: Wire().start().server(error(UNAVAILABLE)).wait(61).client()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "talk"),
    BROKEN,
    ids=[f"{number}-{place}" for place, (number, _) in enumerate(BROKEN)],
)
def test_the_broken_rule_is_named(number: int, talk: Callable[[], Wire]) -> None:
    # A loop of offers is a series of offers that were not needed, and an answer may be late too.
    assert number in talk().broken
    assert set(talk().broken) <= {number, 66, 80}


KEPT: dict[str, Callable[[], Wire]] = {
    "a push crosses a report": lambda: Wire().start().server(offer(b"A")).client().server(),
    "a question crosses a report": lambda: Wire().start().wait(61).server(flags=1).client()
    .server().client(full()),
    "an offer crosses the status of the one before": lambda: Wire().start().server(offer(b"A"))
    .server(offer(b"B")).client(status(b"A", APPLIED)).client(status(b"B", APPLYING)),
    "a third offer of the first": lambda: Wire().start().server(offer(b"A")).server(offer(b"B"))
    .server(offer(b"A")).client(status(b"A", APPLYING)).client(status(b"B", APPLYING))
    .client(status(b"A", APPLYING)).client(status(b"A", APPLIED)),
    "APPLIED undone within the observation window": lambda: Wire().start().server(offer(b"A"))
    .client(status(b"A", APPLIED)).client(status(b"A", FAILED)),
    "the old uid crosses the new one": lambda: Wire().start().server(assigned(OTHER)).client()
    .client(instance_uid=OTHER).server(instance_uid=OTHER),
    "a status from before anybody watched": lambda: Wire().client(status(b"A", APPLIED)),
    "a compressed report on a new connection": lambda: Wire().client(),
    "a server that answers an undecodable report": lambda: Wire().start().server(
        ServerToAgent(error_response={"type": 1, "error_message": "no protobuf"})),
    "a gap, and the server asks": lambda: http().start().client(part(sequence_num=99))
    .server(flags=1).client(full(sequence_num=100)).server(),
    "a lost request over HTTP": lambda: http().start().client(full(sequence_num=99)).server(),
    "capabilities withdrawn while an offer is on its way": lambda: Wire().client(full())
    .server().client(capabilities=ALL & ~2).server(offer(b"A")),
    "the same again after an error": lambda: Wire().start().client(full().__class__(
        instance_uid=UID, capabilities=ALL, health={"healthy": False}))
    .server(error(0)).client(part(health={"healthy": False})),
    "an empty part without its capability": lambda: Wire().client(
        full(capabilities=0x805, package_statuses={})).server(),
    "a poll with nothing but a uid": lambda: http().client(AgentToServer(instance_uid=UID)),
    "everything again under a new uid": lambda: Wire().start().server(assigned(OTHER))
    .client(full(instance_uid=OTHER)).server(instance_uid=OTHER),
    "two questions, two full reports": lambda: Wire().start().server(flags=1).server(flags=1)
    .client(full()).client(full()),
    "a process that ends before it reads the question": lambda: http().client(part(sequence_num=5))
    .server(flags=1).client(full(sequence_num=900)).server().wait(200)
    .client(part(sequence_num=901)).server(),
    "a question in a response that may be lost": lambda: http().client(part(sequence_num=5))
    .server(flags=1).wait(70).client(part(sequence_num=6)).server().wait(70)
    .client(part(sequence_num=7)).server(),
    "a status from disk, told after the first report": lambda: Wire().start()
    .client(status(b"A", APPLIED)),
    "a status of packages that nobody knows": lambda: Wire().start()
    .client(package("a", status=77)),
    "agent_disconnect, then a close": lambda: Wire().start().client(agent_disconnect={}),
    "a second agent on the connection": lambda: Wire().start()
    .client(full(instance_uid=OTHER, sequence_num=3)).server(instance_uid=OTHER),
    "the number wraps": lambda: Wire().client(full(sequence_num=2**64 - 1)).server()
    .client(AgentToServer(instance_uid=UID, capabilities=ALL)),
    "a full state given a moment ago": lambda: Wire().start().server(flags=1).wait(59)
    .client(),
    "Unavailable, and the client leaves": lambda: Wire().start().server(error(UNAVAILABLE))
    .wait(61).client(agent_disconnect={}),
}  # fmt: skip


@pytest.mark.parametrize("talk", KEPT.values(), ids=KEPT)
def test_nothing_is_said_of_what_breaks_nothing(talk: Callable[[], Wire]) -> None:
    if talk is KEPT["the number wraps"]:
        wire = Wire().client(full(sequence_num=2**64 - 1)).server()
        broken = wire.monitor.client_sent(part(sequence_num=0), wire.now_ns)
        assert [str(one) for one in broken] == []
    else:
        assert talk().broken == []


def test_every_rule_only_the_monitor_names_is_shown_to_be_named() -> None:
    assert {number for number in all_rules() if number >= 200} <= {number for number, _ in BROKEN}


def test_what_the_server_never_got_is_not_held_against_it() -> None:
    wire = Wire().start()
    wire.monitor.client_sent(part(sequence_num=8), wire.now_ns, is_delivered=False)
    wire.monitor.client_sent(part(sequence_num=9), wire.now_ns)
    assert [one.rule.number for one in wire.monitor.tick(wire.now_ns + 61 * SECOND)] == [59, 66]


def test_a_message_that_could_not_be_read_is_no_gap() -> None:
    wire = Wire().start()
    wire.monitor.malformed(Side.CLIENT, "no protobuf", wire.now_ns)
    assert wire.client(part(sequence_num=9)).broken == []


def test_a_server_is_not_accused_of_two_agents_with_one_uid() -> None:
    watch = Watch()
    one, other = Wire(watch=watch).start(), Wire(watch=watch)
    other.client(full(sequence_num=5_000)).server()
    one.client().server()
    other.client(part(sequence_num=5_001)).server()
    one.client().server().wait(61)
    assert one.broken == other.wait(61).broken == []


def test_evidence_quotes_no_body() -> None:
    wire = Wire().client(full(capabilities=0x805))
    secret = offer(b"A")
    secret.remote_config.config.config_map["k"].body = b"password"
    (broken,) = wire.monitor.server_sent(secret, wire.now_ns)
    assert str(broken) == (
        "server breaks MUST 201: remote_config, and the agent lacks ACCEPTS_REMOTE_CONFIG"
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.binary(max_size=60)), max_size=20))
def test_nothing_that_decodes_is_too_much_for_it(messages: list[tuple[bool, bool, bytes]]) -> None:
    watch = Watch(agents=3)
    monitors = {True: watch.connection(Transport.HTTP), False: watch.connection()}
    for now_ns, (is_http, is_report, body) in enumerate(messages):
        kind = AgentToServer if is_report else ServerToAgent
        try:
            message = decode(kind, body)  # type: ignore[type-var]
        except Malformed:
            continue
        monitor = monitors[is_http]
        if isinstance(message, AgentToServer):
            monitor.client_sent(message, now_ns)
        elif isinstance(message, ServerToAgent):
            monitor.server_sent(message, now_ns)
        monitor.tick(now_ns + 61 * SECOND)


def test_memory_is_bounded() -> None:
    watch = Watch(agents=10)
    monitor = watch.connection(Transport.HTTP)
    for number in range(100):
        monitor.client_sent(full(instance_uid=number.to_bytes(16, "big")), 0)
    assert len(watch._memories) == len(monitor._agents) == len(monitor._requests) == 10


def test_what_is_said_of_one_message_is_bounded() -> None:
    wire = Wire().start()
    report = part(sequence_num=8)
    for number in range(100):
        report.package_statuses.packages[f"{number}" + "x" * 10_000].name = "y"
    broken = wire.monitor.client_sent(report, wire.now_ns)
    assert len(broken) == FINDINGS
    assert max(len(one.evidence) for one in broken) == EVIDENCE


def test_a_connection_with_any_number_of_agents_is_bounded_and_nobody_is_accused() -> None:
    monitor = Watch().connection()
    for number in range(1_000):
        monitor.client_sent(full(instance_uid=number.to_bytes(16, "big")), 0)
    assert len(monitor._agents) == AGENTS_OF_A_CONNECTION
    assert monitor.server_sent(says(instance_uid=(0).to_bytes(16, "big")), 0) == []


def test_memory_is_bounded_when_a_server_assigns_uid_after_uid() -> None:
    watch = Watch(agents=10)
    monitor = watch.connection()
    monitor.client_sent(full(), 0)
    for number in range(100):
        monitor.client_sent(part(sequence_num=number), 0)
        monitor.server_sent(assigned(number.to_bytes(16, "big")), 0)
    assert len(watch._memories) <= 10
    assert len(monitor._agents) <= 10


STEPS = st.lists(
    st.sampled_from(
        ["client", "server", "read by client", "read by server", "wait", "push A", "push B", "ask"]
    ),
    max_size=40,
)


@given(STEPS)
@settings(max_examples=150)
def test_two_sides_that_keep_the_rules_are_never_accused(steps: list[str]) -> None:
    """Whatever crosses: the monitor sees messages when they are sent, not when they are read."""
    wire = Wire()
    to_client: list[ServerToAgent] = []
    to_server = [full()]
    client_hash, client_done, owes_full, owed = b"", True, False, 0
    wire.client(to_server[0])
    healthy = True
    for step in steps:
        if step == "wait":
            wire.wait(0.5)
        elif step == "read by client" and to_client:
            message = to_client.pop(0)
            owes_full = owes_full or bool(message.flags)
            new = message.remote_config.config_hash
            if new and new != client_hash:
                client_hash, client_done = new, False
        elif step == "client":
            healthy = not healthy
            report = full() if owes_full else part(health={"healthy": healthy})
            if client_hash and not client_done:
                report.MergeFrom(status(client_hash, APPLIED))
                client_done = True
            elif client_hash and owes_full:
                report.MergeFrom(status(client_hash, APPLIED))
            owes_full = False
            wire.client(report)
            to_server.append(report)
        elif step == "read by server" and to_server:
            to_server.pop(0)
            owed += 1
        elif step == "server" and owed:
            owed -= 1
            to_client.append(says())
            wire.server(to_client[-1])
        elif step in ("push A", "push B", "ask") and (owed or to_client):
            message = says(flags=1) if step == "ask" else offer(step[-1].encode())
            to_client.append(message)
            wire.server(message)
    assert wire.broken == []


def test_a_client_that_is_told_to_restart_applies_again_what_it_has() -> None:
    wire = Wire().start().server(offer(b"A")).client(status(b"A", APPLIED))
    wire.wait(20).server(offer(b"A")).client(status(b"A", APPLIED)).wait(20)
    restart = ServerToAgent(instance_uid=UID, capabilities=1)
    restart.command.SetInParent()
    before = list(wire.broken)
    wire.server(restart).wait(1).client(status(b"A", APPLYING)).client(status(b"A", APPLIED))
    assert 90 not in wire.broken[len(before) :]


def test_of_many_offers_at_once_none_is_called_unknown() -> None:
    wire = Wire().client(full(remote_config_status={})).server()
    for number in range(20):
        wire.server(offer(bytes([number + 1])))
    wire.client(status(b"\x01", APPLYING))
    assert 206 not in wire.broken


def test_a_local_restart_after_an_offer_was_answered_is_no_second_try() -> None:
    wire = Wire().start().server(offer(b"A")).client(status(b"A", APPLIED))
    wire.server(offer(b"B")).client(status(b"B", APPLIED))
    wire.server(offer(b"A")).client(status(b"A", APPLYING)).client(status(b"A", APPLIED))
    wire.client(status(b"A", APPLYING)).client(status(b"A", APPLIED))
    assert 90 not in wire.broken


def test_another_process_over_http_may_apply_again_what_it_has() -> None:
    wire = Wire(Transport.HTTP)
    wire.client(full(remote_config_status={})).server(offer(b"A")).client(status(b"A", APPLIED))
    wire.server(offer(b"A"))
    wire.numbers = count(1000)
    wire.client(full()).server().client(status(b"A", APPLYING)).client(status(b"A", APPLIED))
    assert 90 not in wire.broken
