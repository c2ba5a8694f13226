"""Differences and traces as text."""

from otx.model.signal import Signal
from otx.ottl.changes import Change
from otx.ottl.record_state import RecordState
from otx.ottl.rendering import (
    change_text,
    diff_lines,
    part_text,
    step_lines,
)
from otx.ottl.tracing import Part, Step
from otx.output import Painter

PLAIN = Painter(wants_colour=False)


def state(name: str, service: object = "r", **item: object) -> RecordState:
    resource = {"attributes": {"a": service}}
    return RecordState(
        Signal.METRICS, {"metric": {"name": name, **item}, "resource": resource, "scope": {}}
    )


def test_a_difference_has_the_records_that_changed_and_what_changed_in_them() -> None:
    before = [state("one", unit="a", type=1), state("two"), state("three")]
    after = [state("one", unit="A", is_monotonic=True), state("two"), state("four", "x", type=1)]
    assert list(diff_lines(before, after, [0, 1, -1], PLAIN)) == [
        '1  metric "one"',
        '  ~ metric.unit  "a" → "A"',
        "  - metric.type  METRIC_DATA_TYPE_GAUGE",
        "  + metric.is_monotonic  true",
        '3  metric "three"',
        "  - dropped",
        '+  metric "four"',
        '  + metric.name  "four"',
        "  + metric.type  METRIC_DATA_TYPE_GAUGE",
    ]


def test_copies_of_a_record_are_told_one_by_one() -> None:
    after = [state("one"), state("one", unit="s"), state("one", unit="m")]
    assert list(diff_lines([state("one")], after, [0, 0, 0], PLAIN)) == [
        '1  metric "one"',
        "  copy 2 of 3",
        '  + metric.unit  "s"',
        "  copy 3 of 3",
        '  + metric.unit  "m"',
    ]


def test_the_first_changes_of_a_step_are_told_and_the_rest_counted() -> None:
    changed = [Change("+", f"p{number}", after=number) for number in range(25)]
    lines = list(step_lines("span 1", Step("s", "ran", (), changed, "", 0), PLAIN))
    assert lines[-2:] == ["    + p19  19", "    and 5 more"]


def test_what_lies_above_a_record_is_told_with_its_place() -> None:
    lines = list(diff_lines([state("one", "old")], [state("one", "new")], [0], PLAIN))
    assert lines == ['1  metric "one"', '  ~ resource.attributes["a"]  "old" → "new"']


def test_nothing_is_told_of_what_is_the_same() -> None:
    assert list(diff_lines([state("one")], [state("one")], [0], PLAIN)) == []


def test_changes_have_a_sign_a_path_and_values() -> None:
    assert change_text(Change("~", "name", "a", 2)) == '~ name  "a" → 2'
    assert change_text(Change("+", "n\x1bame", after="a")) == '+ n\N{REPLACEMENT CHARACTER}ame  "a"'
    assert change_text(Change("-", "name", before=b"\x01")) == "- name  0x01"


def test_the_parts_of_a_condition_are_indented_by_their_depth() -> None:
    assert part_text(Part("a == b", False, 1)) == "  a == b → false"


def test_each_verdict_has_its_own_mark() -> None:
    ran = Step("set(a,\n  1)", "ran", (), [Change("~", "a", 0, 1)], "", 1500)
    assert list(step_lines("span 1", ran, PLAIN)) == [
        "✓ span 1  set(a, 1)  1.5 µs",
        "    ~ a  0 → 1",
    ]
    added = Step("copy_metric()", "ran", (), (), "", 0, [state("two")])
    assert list(step_lines("metric 1", added, PLAIN))[1:] == [
        '    + metric "two"',
        '      + metric.name  "two"',
    ]
    idle = Step("set(a, 1)", "ran", (), (), "", 0)
    assert list(step_lines("span 1", idle, PLAIN))[1] == "    changed nothing"
    failed = Step("set(a, 1)", "failed", [Part("a", None, 0)], (), "it is \x1bred", 0)
    assert list(step_lines("span 1", failed, PLAIN)) == [
        "✗ span 1  set(a, 1)  0.0 µs",
        "    failed: it is \N{REPLACEMENT CHARACTER}red",
        "    a → nil",
    ]
    refused = Step("set(a, 1)", "not matched", [Part("a", 1, 0)], (), "", 0)
    assert list(step_lines("span 1", refused, PLAIN)) == [
        "· span 1  set(a, 1)  0.0 µs",
        "    a → 1",
    ]
    rule = Step("a == 1", "ran", (), (), "", 0)
    assert list(step_lines("span 1", rule, PLAIN, "dropped")) == [
        "✂ span 1  a == 1  0.0 µs",
        "    dropped",
    ]


def test_colours_are_only_there_where_they_are_wanted() -> None:
    painter = Painter(wants_colour=True)
    assert painter.paint("x", "+") == "\x1b[32mx\x1b[0m"
    assert painter.paint("x", "") == "x"
    assert painter.strong("x") == "\x1b[1mx\x1b[0m"
    assert painter.faint("x") == "\x1b[2mx\x1b[0m"
    assert PLAIN.paint("x", "+") == PLAIN.strong("x") == PLAIN.faint("x") == "x"
