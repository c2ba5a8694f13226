"""Large documents in parts: the same resources in the same order, and errors all the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.otlp.division import by_resources
from otx.otlp.pieces import Piece

RESOURCES = st.lists(
    st.dictionaries(st.text(max_size=3), st.text(max_size=8), max_size=3), max_size=8
)


def parts(text: str, size: int = 1) -> list[Piece]:
    return list(by_resources(Piece("json", text.encode(), "f"), size))


@given(RESOURCES, st.sampled_from([None, 1]), st.integers(1, 60))
def test_the_parts_hold_what_the_document_holds(
    resources: list[dict[str, str]], indent: int | None, size: int
) -> None:
    text = json.dumps({"resourceSpans": resources}, indent=indent, ensure_ascii=False)
    found = [json.loads(one.data) for one in parts(text, size)]
    assert all(one.keys() == {"resourceSpans"} for one in found)
    assert [resource for one in found for resource in one["resourceSpans"]] == resources


def test_parts_are_about_as_large_as_asked_and_say_where_they_begin() -> None:
    text = '{"resourceLogs": [{"a":1}, {"b":2}, {"c":3}]}'
    assert [(one.data, one.place) for one in parts(text, 12)] == [
        (b'{"resourceLogs":[{"a":1}, {"b":2}]}', "f, from resource 1 on"),
        (b'{"resourceLogs":[{"c":3}]}', "f, from resource 3 on"),
    ]


@pytest.mark.parametrize(
    "piece",
    [
        Piece("json", b'{"resourceSpans": [{"a": 1}]}', "one resource"),
        Piece("json", b'{"resourceSpans": []}', "none"),
        Piece("json", b'{"resourceSpans": [{"a": 1}, {"b": 2}]}', "small"),
        Piece("json", b"\xff" * 1000, "no text"),
        Piece("json", b'{"resourceSpans": [{"a": 1}, {"b": "\xff"}]}', "a byte of no text"),
        Piece("json", b"[" * 1000, "no document"),
        Piece("protobuf", b"\x0a" * 1000, "no JSON"),
    ],
    ids=lambda piece: piece.place,
)
def test_what_cannot_be_cut_stays_whole(piece: Piece) -> None:
    size = 100 if piece.place == "small" else 1
    assert list(by_resources(piece, size)) == [piece]


def test_unknown_keys_may_follow() -> None:
    assert len(parts('{"resourceSpans": [{"a":1}, {"b":2}], "note": "x"}')) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"resourceSpans": [{"a":1}, {"b":]}', "is no JSON"),
        ('{"resourceSpans": [{"a":1}, {"b":2}]', "is no JSON"),
        ('{"resourceSpans": [{"a":1}, {"b":2}], "resourceLogs": [{}]}', "needs one of"),
        ('{"resourceSpans": [{"a":1}, ' + "[" * 2000, "is no JSON"),
    ],
)
def test_what_turns_out_to_be_none_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parts(text)
