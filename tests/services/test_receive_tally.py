"""What a receiver counts and says."""

from otx.model.signal import Signal
from otx.otlp.caution import Caution
from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.services.receive_tally import ReceiveReport, Tally
from otx.services.transform_report import RuleName, TransformReport


def test_the_first_of_a_kind_is_told_and_all_are_counted() -> None:
    said: list[str] = []
    tally = Tally(said.append)
    for _ in range(3):
        tally.refused(Refusal(Reason.UNDECODABLE, "no \x1b[31m protobuf"))
        tally.noticed("odd")
    tally.acknowledged(Request(Signal.LOGS, b"", 2, (Caution("odd", "1 of 2 is odd"),)))
    assert said == ["refused a request: no \N{REPLACEMENT CHARACTER}[31m protobuf", "odd"]
    assert tally.report().lines() == [
        "received logs 2 log records in 1 request; refused 3 requests",
        "  refused 3 requests: undecodable",
        "  4 × odd",
    ]


def test_a_caution_is_told_with_its_first_place_and_counted_by_its_kind() -> None:
    said: list[str] = []
    tally = Tally(said.append)
    for place in ("a", "b"):
        tally.acknowledged(Request(Signal.TRACES, b"", 1, (Caution("odd", f"odd at {place}"),)))
    assert said == ["odd at a"]
    assert tally.report().warnings == {"odd": 2}


def test_kinds_of_warnings_are_bounded() -> None:
    said: list[str] = []
    tally = Tally(said.append)
    for number in range(1000):
        tally.noticed(f"warning {number}")
    assert len(said) == 101
    assert tally.report().warnings["other warnings"] == 900


def test_a_report_says_what_is_new() -> None:
    tally = Tally(lambda _: None)
    tally.acknowledged(Request(Signal.TRACES, b"", 1000))
    before = tally.report()
    assert before.since(ReceiveReport()) == "traces 1 000 spans in 1 request"
    assert tally.report().since(before) == ""


def test_what_rules_did_stands_beside_what_came() -> None:
    rule = RuleName("filter.trace_conditions[0]", "true", "spans")
    rules = TransformReport("rules.yaml")
    tally = Tally(lambda _: None, rules.copy)
    before = tally.report()
    tally.acknowledged(Request(Signal.TRACES, b"", 3))
    rules.came[Signal.TRACES], rules.kept[Signal.TRACES] = 3, 1
    rules.dropped_by[rule] = 2
    assert tally.report().since(before) == (
        "traces 3 spans in 1 request; dropped 2 spans by filter.trace_conditions[0]"
    )
    assert tally.report().lines() == [
        "received traces 3 spans in 1 request",
        "  rules.yaml kept 1 of 3 spans",
        "  dropped 2 of 2 spans by filter.trace_conditions[0]: true",
    ]
