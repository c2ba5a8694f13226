"""What is said of what rules did."""

from collections import Counter
from dataclasses import replace

from otx.model.signal import Signal
from otx.services.transform_report import RuleName, TransformReport

SPANS = RuleName("filter.trace_conditions[0]", 'span.name == "x"', "spans")
POINTS = RuleName("filter.metric_conditions[0]", "datapoint.value_int == 1", "data points")


def report() -> TransformReport:
    return TransformReport(
        "rules.yaml",
        came=Counter({Signal.TRACES: 1500, Signal.METRICS: 1}),
        kept=Counter({Signal.TRACES: 1499}),
        dropped_by=Counter({SPANS: 1, POINTS: 0}),
        kept_by=Counter({SPANS: 1499}),
        failures=Counter({"set(a, b)": 3}),
        emptied=2,
        cpu_ns=1501 * 4_400,
    )


def test_the_whole_of_it() -> None:
    assert list(report().lines()) == [
        "  rules.yaml kept 1 499 of 1 500 spans",
        "  rules.yaml kept 0 of 1 data point",
        "  rules.yaml took 4.40 µs of CPU a record",
        '  dropped 1 of 1 500 spans by filter.trace_conditions[0]: span.name == "x"',
        "  dropped 0 of 0 data points by filter.metric_conditions[0]: datapoint.value_int == 1",
        "  3 failures of set(a, b)",
        "  nothing was left of 2 requests",
    ]
    assert list(TransformReport().lines()) == []


def test_what_is_new_since_an_earlier_one() -> None:
    before = report().copy()
    now = report()
    assert now.since(before) == []
    now.dropped_by[SPANS] += 1
    now.dropped_by[POINTS] += 1200
    now.failures["set(a, b)"] += 1
    assert now.since(before) == [
        "dropped 1 span by filter.trace_conditions[0],"
        " 1 200 data points by filter.metric_conditions[0]",
        "1 failure of statements",
    ]


def test_what_a_record_cost() -> None:
    before = report().copy()
    now = replace(report(), cpu_ns=before.cpu_ns + 30_000)
    now.came[Signal.TRACES] += 3
    assert now.since(before) == ["rules took 10.0 µs a span"]
