import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.framing import frame
from otx.opamp.opamp_pb2 import AgentToServer
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.output import Painter
from otx.services.opamp_tap.events import Event, Kind
from otx.services.opamp_tap.observer import QUIET_NS, Fate, Observer
from tests.opamp.messages import any_answer, any_report
from tests.services.opamp_tap.tapping import UID, answer, report

S = 1_000_000_000
NOON = 1_790_000_000 * S


class Told:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.observer = Observer(self.events.append)
        self.one = self.observer.conversation()

    def asks(self, number: int, at_ns: int, fate: Fate | None = None) -> None:
        data = frame(report(number))
        self.one.message(at_ns, Side.CLIENT, data, False, fate or Fate())

    def answers(self, at_ns: int) -> Event:
        self.one.message(at_ns, Side.SERVER, frame(answer()), False)
        return self.events[-1]


@pytest.fixture
def told() -> Told:
    return Told()


def test_an_answer_is_timed_from_the_oldest_report_that_has_none(told: Told) -> None:
    told.asks(1, NOON)
    told.asks(2, NOON + S)
    assert told.answers(NOON + 3 * S).latency_ns == 3 * S
    assert told.answers(NOON + 4 * S).latency_ns == 3 * S
    assert told.answers(NOON + 5 * S).latency_ns is None


def test_a_report_that_was_lost_is_not_owed_an_answer(told: Told) -> None:
    told.asks(1, NOON, Fate(0))
    told.asks(2, NOON + S)
    assert told.answers(NOON + 3 * S).latency_ns == 2 * S


def test_a_side_that_owes_something_and_says_nothing_may_be_half_open(told: Told) -> None:
    told.asks(1, NOON)
    told.observer.tick(NOON + QUIET_NS - 1)
    assert len(told.events) == 1
    told.observer.tick(NOON + QUIET_NS)
    told.observer.tick(NOON + QUIET_NS + S)
    assert told.events[-1].phrases == ["answers nothing for 15 s: half-open?"]
    assert len(told.events) == 2


def test_a_ping_without_pong_is_told(told: Told) -> None:
    told.one.pinged(NOON, Side.SERVER, is_pong=False)
    told.observer.tick(NOON + QUIET_NS)
    assert told.events[-1].side is Side.CLIENT
    assert told.events[-1].phrases == ["sends no pong to a ping for 15 s: half-open?"]
    told.one.pinged(NOON, Side.CLIENT, is_pong=True)
    told.observer.tick(NOON + 3 * QUIET_NS)
    assert len(told.events) == 1


def test_the_summary_has_each_agents_hashes(told: Told) -> None:
    told.asks(1, NOON)
    offer = answer()
    offer.remote_config.config_hash = b"\x3f\x9c\x1a\x2b\x77"
    told.one.message(NOON + S, Side.SERVER, frame(offer), False)
    for seconds, word in ((2, 2), (4, 1)):
        status = report(seconds)
        status.remote_config_status.last_remote_config_hash = offer.remote_config.config_hash
        status.remote_config_status.status = word  # type: ignore[assignment]
        told.one.message(NOON + seconds * S, Side.CLIENT, frame(status), False)
    document = told.observer.summary.document()
    steps = [(step["what"], step["hash"]) for step in document["agents"][0]["hashes"]]
    assert steps == [(word, "3f9c1a2b77") for word in ("offered", "APPLYING", "APPLIED")]
    lines = list(told.observer.summary.lines(Painter(wants_colour=False)))
    assert "shop: 3 reports, 1 answer" in lines[-2]
    assert lines[-1].startswith("  3f9c1a2b… offered ")
    assert lines[-1].endswith(", APPLYING +1.00 s, APPLIED +3.00 s")


def test_rules_are_told_under_the_message_that_breaks_them(told: Told) -> None:
    told.asks(1, NOON)
    told.one.message(
        NOON, Side.CLIENT, frame(AgentToServer(instance_uid=UID, sequence_num=5)), False
    )
    first, second = told.events[-1].lines(Painter(wants_colour=False))
    assert first.endswith("#5  heartbeat")
    assert second.strip().startswith("! agent breaks MUST 58: ")
    assert second.strip().count("\n") == 0
    document = told.events[-1].document()
    assert [one["number"] for one in document["broken_rules"]] == [58]
    assert told.observer.summary.broken[58, Side.CLIENT] == 1


def test_events_have_the_same_keys(told: Told) -> None:
    told.one.note(NOON, "something")
    told.asks(1, NOON)
    told.answers(NOON)
    told.one.lost(NOON, Side.CLIENT, "is gone")
    keys = {tuple(event.document()) for event in told.events}
    assert len(keys) == 1
    assert [event.kind for event in told.events][-1] is Kind.CLOSE


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side),
            st.one_of(
                st.binary(max_size=40),
                any_report().map(frame),
                any_answer().map(frame),
            ),
            st.booleans(),
            st.integers(0, 2),
        ),
        max_size=6,
    )
)
def test_any_conversation_can_be_told(
    messages: list[tuple[Side, bytes, bool, int]],
) -> None:
    told = Told()
    painter = Painter(wants_colour=True)
    for at, (side, data, is_text, arrivals) in enumerate(messages):
        now_ns = NOON + at * 70 * S
        told.one.message(now_ns, side, data, is_text, Fate(arrivals))
        uid = told.one.request(now_ns, data[1:], "")
        told.one.response(now_ns, data[1:], uid, now_ns - S)
        told.one.refused(now_ns, 503, ["503"], uid, 3.0)
        told.observer.tick(now_ns)
    told.one.closes(NOON, Side.CLIENT, 1000, "")
    for event in told.events:
        assert event.lines(painter)
        event.document()
        assert event.transport in Transport
    list(told.observer.summary.lines(painter))
    told.observer.summary.document()


def test_the_uid_is_said_once() -> None:
    told = Told()
    told.asks(1, NOON)
    told.asks(2, NOON)
    said = [phrase for event in told.events for phrase in event.phrases]
    assert [one for one in said if one.startswith("uid ")] == [
        "uid 00010203-0405-0607-0809-0a0b0c0d0e0f"
    ]
    assert UID.hex()[-8:] in told.events[0].lines(Painter(wants_colour=False))[0]
