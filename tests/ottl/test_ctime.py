"""The directives of formats, and the search for the spelling that a text has."""

import pytest

from otx.ottl.ctime import LAYOUTS, check_format, layout_of, parse_by
from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.parse import LayoutMismatch, parse_layout
from otx.ottl.go_time.zones import UTC


@pytest.mark.parametrize("text", ["", "5", "%d0", "%E", "%é", "x%L", "%H%f", "%%s", "%Q %Y"])
def test_what_is_no_format(text: str) -> None:
    with pytest.raises(ExecutionError):
        check_format(text)


@pytest.mark.parametrize("directive", LAYOUTS)
def test_every_directive_is_known(directive: str) -> None:
    check_format(f".{directive}")


def test_a_format_is_short_for_a_layout() -> None:
    assert layout_of("%F T%H%%%") == "2006-01-02 T15%%"


def layout_for(format_: str, text: str) -> str:
    return parse_by(format_, lambda layout: parse_layout(text, layout, UTC))[1]


@pytest.mark.parametrize(
    ("format_", "text", "layout"),
    [
        ("%Y-%m-%d", "2023-01-02", "2006-1-2"),
        ("%Y-%m-%d", "2023- 1- 2", "2006- 1- 2"),
        ("%z", "+0200", "Z0700"),
        ("%z", "+02:00", "Z07:00"),
        ("%z", "-02", "Z07"),
        ("%D", "1/2/06", "1/2/06"),
        ("%T %z", "1:2:3  Z", "15:4:5 Z0700"),
    ],
)
def test_the_spelling_that_fits_is_found(format_: str, text: str, layout: str) -> None:
    assert layout_for(format_, text) == layout


@pytest.mark.parametrize(
    ("format_", "text", "element"),
    [
        ("%Y-%m", "2023-x", "%m"),
        ("%z", "+2", "%z"),
        ("%F", "2023/01/02", "%F"),
        ("%Y", "2023 ", ""),
        # Equal elements are not told apart; the search ends all the same.
        ("%d %d", " 5 x", "%d"),
        ("%S %M", "1 60 ", "%M"),
    ],
)
def test_what_does_not_fit_is_named(format_: str, text: str, element: str) -> None:
    with pytest.raises(LayoutMismatch) as caught:
        layout_for(format_, text)
    assert caught.value.element == element
