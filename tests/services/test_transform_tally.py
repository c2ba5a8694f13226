"""Counting what rules do: bounded, and the first failure of a statement is told."""

from collections import Counter

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.ottl.batch import Batch
from otx.ottl.describe import Numbers
from otx.ottl.plan import Plan
from otx.ottl.processors.drops import Drops
from otx.ottl.program import ErrorMode, Failure, Outcome
from otx.services import transform_tally
from otx.services.transform_report import RuleName
from otx.services.transform_rules import Rules
from otx.services.transform_tally import OTHER_RULES, OTHER_STATEMENTS, TransformTally
from tests.services.small_requests import spans_request

REQUEST = Request(Signal.TRACES, b"", 10)
RULE = RuleName("filter.trace_conditions[0]", "true", "spans")
RULES = Rules("rules.yaml", Plan({}), {RULE.name: RULE}, ())


def outcome(mode: ErrorMode, *texts: str) -> tuple[Outcome, Numbers]:
    batch = Batch(Signal.TRACES, spans_request("a", "b").body)
    made = Outcome()
    record = next(batch.items())
    for text in texts:
        made.add(Failure(text, record, "it is \x1b[31mred"), mode)
    return made, Numbers(batch)


def test_kept_and_dropped_are_counted_by_signal_and_rule() -> None:
    tally = TransformTally(lambda _: None)
    tally.hold(RULES)
    assert tally.report().dropped_by == {RULE: 0}
    drops = Drops(Counter({RULE.name: 4}), Counter({RULE.name: 6}))
    tally.transformed(RULES, REQUEST, Request(Signal.TRACES, b"", 6), drops, 500)
    tally.transformed(
        RULES, REQUEST, None, Drops(Counter({RULE.name: 10}), Counter({RULE.name: 0})), 800
    )
    report = tally.report()
    assert (report.came, report.kept) == ({Signal.TRACES: 20}, {Signal.TRACES: 6})
    assert (report.dropped_by, report.kept_by) == ({RULE: 14}, {RULE: 6})
    assert (report.emptied, report.cpu_ns) == (1, 800)


def test_the_first_failure_of_a_statement_is_told_and_all_are_counted() -> None:
    said: list[str] = []
    tally = TransformTally(said.append)
    for _ in range(3):
        tally.failed(*outcome("ignore", "set(a,\n  b)", "set(a,\n  b)"))
    assert tally.report().failures == {"set(a, b)": 6}
    (text,) = said
    assert text.startswith("set(a, b) failed on span 1 of 2 ")
    assert text.endswith(": it is \N{REPLACEMENT CHARACTER}[31mred")


def test_what_is_silenced_or_refused_is_counted_and_not_told() -> None:
    said: list[str] = []
    tally = TransformTally(said.append)
    tally.failed(*outcome("silent", "a"))
    tally.failed(*outcome("propagate", "b"))
    assert tally.report().failures == {"a": 1, "b": 1}
    assert not said


def test_what_is_told_apart_is_bounded() -> None:
    tally = TransformTally(lambda _: None)
    kinds = transform_tally.MAX_KINDS
    for number in range(kinds + 5):
        rule = RuleName(f"filter.trace_conditions[{number}]", "true", "spans")
        tally.hold(Rules("rules.yaml", Plan({}), {rule.name: rule}, ()))
        tally.failed(*outcome("silent", f"statement {number}"))
    report = tally.report()
    assert len(report.dropped_by) == len(report.failures) == kinds + 1
    assert report.failures[OTHER_STATEMENTS] == 5
    assert OTHER_RULES in report.dropped_by
