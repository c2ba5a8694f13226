"""trace_state as a map of members."""

import pytest

from otx.ottl.contexts.trace_state import parse
from tests.ottl.documents import after, document, items


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        (" a=1 , b=2\t,,c=x y", {"a": "1", "b": "2", "c": "x y"}),
        ("0tenant@system=1", {"0tenant@system": "1"}),
        ("a_b-c*d/e=!~", {"a_b-c*d/e": "!~"}),
        ("a=1,a=2", None),
        ("a", None),
        ("=1", None),
        ("a=", None),
        ("A=1", None),
        ("1a=1", None),
        ("a =1", None),
        ("a=1=2", None),
        ("a@1b=1", None),
        ("a=é", None),
        ("a" * 256 + "=1", {"a" * 256: "1"}),
        ("a" * 257 + "=1", None),
        ("a=" + "1" * 256, {"a": "1" * 256}),
        ("a=" + "1" * 257, None),
        (" , ", None),
    ],
)
def test_members(text: str, members: dict[str, str] | None) -> None:
    assert parse(text) == members


def test_there_are_32_members_at_most() -> None:
    members = [f"a{number}=1" for number in range(33)]
    assert len(parse(",".join(members[:32])) or ()) == 32
    assert parse(",".join(members)) is None


@pytest.mark.parametrize(
    ("before", "statement", "state"),
    [
        ("a=1,b=2", 'set(trace_state["b"], "3")', "b=3,a=1"),
        ("a=1", 'set(trace_state["b"], "x y")', "b=x y,a=1"),
        ("", 'set(trace_state["b"], "3")', "b=3"),
        # What would make it invalid, and what is invalid, is left alone.
        ("a=1", 'set(trace_state["B"], "3")', "a=1"),
        ("a=1", 'set(trace_state["b"], "")', "a=1"),
        ("a=1", 'set(trace_state["b"], "1,2")', "a=1"),
        ("no state", 'set(trace_state["b"], "3")', "no state"),
        ("a=1", 'clear(trace_state["a"])', "a=1"),
    ],
)
def test_a_member_is_put_first(before: str, statement: str, state: str) -> None:
    (span,) = items(after(document("Spans", {"traceState": before}), "span", statement))
    assert span.get("traceState", "") == state


def test_the_last_member_makes_room() -> None:
    full = ",".join(f"a{number}=1" for number in range(32))
    whole = document("Spans", {"traceState": full})
    (span,) = items(after(whole, "span", 'set(trace_state["b"], "2")'))
    members = span["traceState"].split(",")
    assert (len(members), members[0], members[-1]) == (32, "b=2", "a30=1")
