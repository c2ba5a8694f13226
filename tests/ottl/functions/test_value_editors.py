"""The editors of all values of a map."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Change, changed_record

NESTED = {"a": {"b": {"c": 1}}, "l": ["x", {"y": 2}, [3, {"z": 4}]], "s": "t", "em": {}, "el": []}


@pytest.mark.parametrize(
    ("arguments", "flat"),
    [
        # Nested lists lose a dot, as in the Collector.
        ("", {"a.b.c": 1, "l.0": "x", "l.1.y": 2, "l.20": 3, "l.21.z": 4, "s": "t"}),
        (
            ", depth=1",
            {"a.b": {"c": 1}, "l.0": "x", "l.1": {"y": 2}, "l.2": [3, {"z": 4}], "s": "t"},
        ),
        (
            ', "p", 2',
            {"p.a.b.c": 1, "p.l.0": "x", "p.l.1.y": 2, "p.l.20": 3, "p.l.21": {"z": 4}, "p.s": "t"},
        ),
    ],
)
def test_flatten(change: Change, arguments: str, flat: Any) -> None:
    assert change(f"flatten(attributes{arguments})", NESTED) == flat


def test_flatten_resolves_conflicts(change: Change) -> None:
    data = {
        "address": {"street": {"number": "first"}, "house": "1234"},
        "address.street": {"number": ["second", "third"]},
        "address.street.number": "fourth",
        "occupants": ["user 1", "user 2"],
    }
    assert change("flatten(attributes, resolveConflicts=true)", data) == {
        "address.street.number": "first",
        "address.house": "1234",
        "address.street.number.0": "second",
        "address.street.number.1": "third",
        "address.street.number.2": "fourth",
        "occupants": "user 1",
        "occupants.0": "user 2",
    }


def test_flatten_lets_the_later_key_win(change: Change) -> None:
    assert change("flatten(attributes)", {"a": {"b": 1}, "a.b": 2}) == {"a.b": 2}


@pytest.mark.parametrize("depth", ["0", "-1"])
def test_flatten_needs_a_depth(change: Change, depth: str) -> None:
    with pytest.raises(OttlError, match="depth"):
        change(f"flatten(attributes, depth={depth})")


def test_stringify_all(change: Change) -> None:
    data = {
        "s": "x",
        "n": -7,
        "d": 2.0,
        "b": True,
        "by": b"\1\2",
        "e": None,
        "l": [1, "<&>"],
        "m": {"b": None, "a": 1e21},
        "nan": float("nan"),
        "inf": float("-inf"),
    }
    assert change("stringify_all(attributes)", data) == {
        "s": "x",
        "n": "-7",
        "d": "2",
        "b": "true",
        "by": "AQI=",
        "e": "",
        "l": '[1,"<&>"]',
        "m": '{"a":1e+21,"b":null}',
        "nan": "NaN",
        "inf": "-Infinity",
    }


@pytest.mark.parametrize(
    ("arguments", "cut"),
    [
        ("5", "hé€"[:2]),
        ("6", "hé€"),
        ("3", "hé"),
        ("2", "h"),
        ("2, false", "h\udcc3"),
        ("0", ""),
        ('5, true, "..."', "h..."),
        ('5, false, "..."', "h\udcc3..."),
        ('3, truncation_marker="..."', "..."),
        ("100", "hé€"),
    ],
)
def test_truncate_all_counts_bytes(change: Change, arguments: str, cut: str) -> None:
    data = {"t": "hé€", "n": 123456, "m": {"t": "hé€"}}
    assert change(f"truncate_all(attributes, {arguments})", data) == {**data, "t": cut}


@pytest.mark.parametrize("arguments", ["-1", "1.5", '2, truncation_marker="..."', '2, true, "€"'])
def test_truncate_all_refuses(change: Change, arguments: str) -> None:
    with pytest.raises(OttlError):
        change(f"truncate_all(attributes, {arguments})")


BROKEN = {"ok": "é", "a\udcff\udcfe": "x\udcffy", "l": ["\udcc3", {"k\udc80": 1}], "b": b"\xff"}


def test_sanitize_utf8_repairs_texts_and_keys(change: Change) -> None:
    assert change("sanitize_utf8(attributes)", BROKEN) == {
        "ok": "é",
        "a\ufffd": "x\ufffdy",
        "l": ["\ufffd", {"k\ufffd": 1}],
        "b": b"\xff",
    }
    assert change('sanitize_utf8(attributes, "")', {"a\udcff": 1, "a": 2}) == {"a": 2}


def test_sanitize_utf8_of_one_text() -> None:
    assert changed_record("sanitize_utf8(body)", body="a\udcffb").body == "a\ufffdb"
    assert changed_record("sanitize_utf8(body)", body=7).body == 7


def test_sanitize_utf8_leaves_what_is_valid(change: Change) -> None:
    assert change("sanitize_utf8(attributes)", {"a": ["é"], "m": {"k": "v"}}) == {
        "a": ["é"],
        "m": {"k": "v"},
    }


def test_sanitize_utf8_takes_no_ids(change: Change) -> None:
    with pytest.raises(ExecutionError, match="TraceID"):
        change("sanitize_utf8(trace_id)")


@pytest.mark.parametrize("editor", ["flatten", "stringify_all"])
@pytest.mark.parametrize("path", ["body", 'attributes["missing"]'])
def test_only_maps(change: Change, editor: str, path: str) -> None:
    with pytest.raises(ExecutionError, match="map"):
        change(f"{editor}({path})", body="text")
