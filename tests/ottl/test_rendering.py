"""Differences and traces as text."""

import pytest

from otx.ottl.changes import Change, ItemState
from otx.ottl.errors import ExecutionError
from otx.ottl.rendering import (
    Painter,
    change_text,
    diff_lines,
    part_text,
    step_lines,
    value_text,
)
from otx.ottl.tracing import Part, Step
from otx.ottl.values import Duration, Opaque, SpanId, Value

PLAIN = Painter(wants_colour=False)


def state(title: str, resource: object = "r", **item: object) -> ItemState:
    return ItemState(title, {"a": resource}, {}, item)


def test_a_difference_has_the_records_that_changed_and_what_changed_in_them() -> None:
    before = [state("one", name="a", kind=1), state("two", name="b"), state("three", name="c")]
    after = [state("one", name="A", status=2), state("two", name="b"), state("four", "x", name="n")]
    assert list(diff_lines(before, after, [0, 1, -1], PLAIN)) == [
        "1  one",
        '  ~ name  "a" → "A"',
        "  - kind  1",
        "  + status  2",
        "3  three",
        "  - dropped",
        "+  four",
        "  + added",
    ]


def test_what_lies_above_a_record_is_told_with_its_place() -> None:
    lines = list(diff_lines([state("one", "old")], [state("one", "new")], [0], PLAIN))
    assert lines == ["1  one", '  ~ resource.a  "old" → "new"']


def test_nothing_is_told_of_what_is_the_same() -> None:
    assert list(diff_lines([state("one", name="a")], [state("one", name="a")], [0], PLAIN)) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"),
        ("a\nb", '"a\\nb"'),
        (1.0, "1.0"),
        (True, "true"),
        ([1, None, "x"], '[1, null, "x"]'),
        ({"k": {"x": 1}}, '{"k": {"x": 1}}'),
        (b"\x00\xff", "0x00ff"),
        (SpanId(bytes(8)), "0" * 16),
        (Duration(5), "(duration)"),
        (Opaque("status", ()), "(status)"),
        (ExecutionError("no\x1b[31m such"), "fails: no\N{REPLACEMENT CHARACTER}[31m such"),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\x85", '"\N{REPLACEMENT CHARACTER}"'),
    ],
)
def test_a_value_is_on_one_line_and_cannot_drive_the_terminal(value: Value, text: str) -> None:
    assert value_text(value) == text


def test_a_long_value_is_cut() -> None:
    assert len(value_text("x" * 1000)) == 100
    assert value_text("x" * 1000).endswith("…")


def test_changes_have_a_sign_a_path_and_values() -> None:
    assert change_text(Change("~", "name", "a", 2)) == '~ name  "a" → 2'
    assert change_text(Change("+", "n\x1bame", after="a")) == '+ n\N{REPLACEMENT CHARACTER}ame  "a"'
    assert change_text(Change("-", "name", before=b"\x01")) == "- name  0x01"


def test_the_parts_of_a_condition_are_indented_by_their_depth() -> None:
    assert part_text(Part("a == b", False, 1)) == "  a == b → false"


def test_each_verdict_has_its_own_mark() -> None:
    ran = Step("set(a,\n  1)", "ran", (), [("a", 0, 1)], "", 1500)
    assert list(step_lines("span 1", ran, PLAIN)) == [
        "✓ span 1  set(a, 1)  1.5 µs",
        "    a: 0 → 1",
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
