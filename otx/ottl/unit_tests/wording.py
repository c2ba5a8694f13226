"""The differences of a test in words, for every report."""

import json
from typing import Any

from otx.model.cells import printable
from otx.ottl.enum_symbols import symbol_of_word
from otx.ottl.unit_tests.comparing import ABSENT, Absent, Problem
from otx.output import to_json

_WIDTH = 300
"""Of a longer value what lies round the first difference is shown."""
_BEFORE = 40


def sentence(problem: Problem) -> str:
    """A difference in one line, without its values."""
    if problem.kind == "value":
        return problem.path
    if problem.kind in ("dropped", "kept") and problem.position is None:
        which = ", ".join(map(str, problem.got))
        dropped = f"{len(problem.got)} ({which})" if which else "none"
        return f"{problem.expected} should be dropped, not {dropped}"
    if problem.kind == "failed":
        return f"failed: {problem.got}"
    if problem.kind == "no failure":
        others = "" if isinstance(problem.got, Absent) else f", but {'; '.join(problem.got)}"
        return f"no failure says {problem.expected!r}{others}"
    if problem.kind == "route":
        return f"to {problem.path}"
    return {
        "dropped": "was dropped",
        "kept": "was not dropped",
        "added": "was added",
        "missing": "is missing",
        "nothing said": "the test expects nothing: write changes: {} where nothing changes; "
        "--update fills it in",
    }[problem.kind]


def expected_and_got(problem: Problem) -> tuple[str, str] | None:
    """Both sides of a difference; None where the sentence says it all."""
    if problem.kind not in ("value", "route", "added", "missing"):
        return None
    expected, got = _at(problem.path, problem.expected), _at(problem.path, problem.got)
    if problem.got is None and problem.expected is ABSENT:
        got += " (an Empty value, which is written with the whole map that has it)"
    if max(len(expected), len(got)) > _WIDTH:
        at = _first_difference(expected, got)
        expected, got = _cut(expected, at), _cut(got, at)
    return expected, got


def summary(problem: Problem) -> str:
    """A difference in one line, values included."""
    both = expected_and_got(problem)
    values = f": expected {both[0]}, got {both[1]}" if both else ""
    record = f"{problem.record} " if problem.record else ""
    return printable(f"{record}{sentence(problem)}{values}")


def plain(value: Any) -> Any:
    """A value for JSON: what is absent is null."""
    return None if isinstance(value, Absent) else value


def _at(path: str, value: Any) -> str:
    """A value that stands at a path: an enum's word as its symbol, as the statements have it."""
    return (symbol_of_word(path, value) if isinstance(value, str) else "") or _shown(value)


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    if isinstance(value, bytes):
        return f"bytes 0x{value.hex()}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"  # so that it can be told from an int
    return to_json(value) if not isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _first_difference(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), None)
    return min(len(one), len(other)) if same is None else same


def _cut(text: str, at: int) -> str:
    begin = max(0, at - _BEFORE)
    end = begin + _WIDTH
    head = "…" if begin else ""
    return head + text[begin:end] + ("…" if end < len(text) else "")
