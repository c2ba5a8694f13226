"""Rows of CSV, read as Go reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.go_csv import read_row


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b", ["a", "b"]),
        ("a,,", ["a", "", ""]),
        ('"a,b","c""d"', ["a,b", 'c"d']),
        (' "a', ExecutionError),
        ('a,b"c,d', ["a"]),
        ('a,"b"c,d', ["a"]),
        ('"a', ExecutionError),
        ("", ExecutionError),
        ("\n\n", ExecutionError),
        # A break continues the field before it; empty lines go.
        ("a,fi\neld,c", ["a", "fi\neld", "c"]),
        ("\na,b\n", ["a", "b"]),
        ("a,b\n\n,c", ["a", "b\n", "c"]),
        ('a,"b\r\nc",d\r', ["a", "b\nc", "d"]),
        ("a\rb,c", ["a\rb", "c"]),
    ],
)
def test_strict_rows(text: str, fields: list[str] | type[Exception]) -> None:
    if isinstance(fields, list):
        assert read_row(text, ",", has_lazy_quotes=False) == fields
    else:
        with pytest.raises(fields):
            read_row(text, ",", has_lazy_quotes=False)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('a,b"c', ["a", 'b"c']),
        ('a,"b"c",d', ["a", 'b"c', "d"]),
        ('a,"b', ["a", "b"]),
        ('a,"b\nc', ["a", "b\nc"]),
    ],
)
def test_lazy_rows(text: str, fields: list[str]) -> None:
    assert read_row(text, ",", has_lazy_quotes=True) == fields


@pytest.mark.parametrize("delimiter", ["\0", '"', "\r", "\n", "\ufffd"])
def test_what_parts_no_fields(delimiter: str) -> None:
    with pytest.raises(ExecutionError):
        read_row("a", delimiter, has_lazy_quotes=False)


@given(st.lists(st.text('ab,"\né', max_size=5), min_size=1, max_size=5))
def test_a_quoted_row_comes_back(fields: list[str]) -> None:
    quoted = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert read_row(quoted, ",", has_lazy_quotes=False) == fields
