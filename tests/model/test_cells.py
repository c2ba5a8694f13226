"""Text in cells: the width is kept, and nothing drives the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.cells import fit, printable, shorten, width_of, without_controls


@given(st.text(), st.integers(0, 40), st.booleans())
def test_fitted_text_has_the_width_and_no_control_characters(
    text: str, width: int, right: bool
) -> None:
    fitted = fit(text, width, right)
    assert width_of(fitted) == width
    assert fitted.isprintable()


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("checkout", 8, "checkout"),
        ("checkout", 5, "chec…"),
        ("漢字", 4, "漢字"),
        ("漢字", 3, "漢…"),
        ("漢字", 2, "…"),
        ("e\u0301clair", 3, "e\u0301c…"),
        ("anything", 0, ""),
    ],
)
def test_text_is_cut_by_cells(text: str, width: int, expected: str) -> None:
    assert shorten(text, width) == expected


def test_control_characters_become_signs() -> None:
    assert printable("a\x1b[2Jb\nc\td") == "a\N{REPLACEMENT CHARACTER}[2Jb⏎c d"
    assert fit("x", 3, right=True) == "  x"


@given(st.text())
def test_lines_stay_lines_and_drive_no_terminal(text: str) -> None:
    shown = without_controls(text)
    assert len(shown) == len(text)
    assert shown.count("\n") == text.count("\n")
    assert all(ord(it) >= 32 and not 127 <= ord(it) < 160 for it in shown if it not in "\n\t")
