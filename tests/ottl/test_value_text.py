"""Values on one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.cells import width_of
from otx.ottl.errors import ExecutionError
from otx.ottl.value_text import pair_texts, title_text, value_text
from otx.ottl.values import Duration, Opaque, SpanId, Time, Value


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
        (Duration(1_500_000_000), "1.5s"),
        (Time(1_500_000_000_000_000_001), "2017-07-14T02:40:00.000000001Z"),
        (Time(1 << 70, 0), "39381-06-16 20:51:57.411303424 +0000 UTC"),
        (Opaque("status", ()), "(status)"),
        (ExecutionError("no\x1b[31m such"), "fails: no\N{REPLACEMENT CHARACTER}[31m such"),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\x85", '"\N{REPLACEMENT CHARACTER}"'),
    ],
)
def test_a_value_is_on_one_line_and_cannot_drive_the_terminal(value: Value, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 1000, b"x" * 1000, ["x" * 1000] * 1000, {"k" * 1000: {"a": "x" * 1000}}]
)
def test_a_long_value_is_cut(value: Value) -> None:
    assert len(value_text(value)) == 100
    assert value_text(value).endswith("…")
    assert len(title_text(value)) == 60


def test_a_value_is_cut_to_cells_and_not_to_characters() -> None:
    assert value_text("\u4e16" * 30, 12) == '"' + "\u4e16" * 5 + "…"


def test_of_two_long_values_the_first_difference_is_shown() -> None:
    url = "https://shop.example.com/" + "cart/" * 20 + "?token={}&page=1" + "&x=1" * 20
    before, after = pair_texts(url.format("abc123"), url.format("REDACTED"), 80)
    assert before == "…/cart/?token=abc123&page=1&x=1&x=1&x=1…"
    assert after == "…/cart/?token=REDACTED&page=1&x=1&x=1&x…"


def test_a_difference_at_the_end_is_shown_with_what_is_before_it() -> None:
    before, after = pair_texts("x" * 500 + "a", "x" * 500 + "bc", 40)
    assert (before, after) == ("…" + "x" * 17 + 'a"', "…" + "x" * 16 + 'bc"')


def test_what_a_short_value_leaves_the_other_one_takes() -> None:
    assert pair_texts("a" * 60, None, 70) == ('"' + "a" * 60 + '"', "nil")
    before, after = pair_texts("a" * 60, None, 40)
    assert (before, after) == ('"' + "a" * 35 + "…", "nil")


@given(st.text(), st.text(max_size=3), st.text(max_size=3), st.text(), st.integers(20, 200))
def test_two_values_that_differ_look_different_and_fit(
    head: str, one: str, other: str, tail: str, room: int
) -> None:
    texts = pair_texts(head + one + tail, head + other + tail, room)
    assert sum(map(width_of, texts)) <= room
    visible = all(text.isprintable() and width_of(text) == len(text) for text in (head, one, other))
    if visible and one[:1] != other[:1] and one and other:
        assert texts[0] != texts[1]
