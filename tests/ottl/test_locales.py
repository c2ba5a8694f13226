"""Names of months and days in other languages."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.parse import LayoutMismatch
from otx.ottl.locales import Locale


@pytest.mark.parametrize(
    ("tag", "text", "layout", "english"),
    [
        ("es-ES", "febrero 25 LUNES", "January 2 Monday", "February 25 Monday"),
        ("de", "5. März 2023", "2. January 2006", "5. March 2023"),
        ("fr", "12 févr. 2020", "2 Jan 2006", "12 Feb 2020"),
        ("ja", "2023年7月05", "2006年January02", None),
        ("es", "  3:4 p.m.", "3:4 PM", "  3:4 PM"),
        ("es", "03:04 p.m.", "03:04 pm", "03:04 pm"),
        ("en", "may", "January", "May"),
    ],
)
def test_names_are_put_into_english(tag: str, text: str, layout: str, english: str | None) -> None:
    if english is None:
        # Literal text that is no ASCII is lost between bytes and characters, as it is in Go.
        with pytest.raises(LayoutMismatch):
            Locale.load(tag).translate(text, layout)
    else:
        assert Locale.load(tag).translate(text, layout) == english


@pytest.mark.parametrize("tag", ["", "xx", "es_ES", "ES", "nb", "es-es", "../es"])
def test_what_is_no_locale(tag: str) -> None:
    with pytest.raises(ExecutionError):
        Locale.load(tag)


def test_a_language_without_short_names_has_none() -> None:
    with pytest.raises(ExecutionError):
        Locale.load("ar").translate("x", "Jan")


@pytest.mark.parametrize(("text", "layout"), [("foo", "January"), ("x", "3"), ("", "Mon")])
def test_other_text_does_not_fit(text: str, layout: str) -> None:
    with pytest.raises(LayoutMismatch):
        Locale.load("es").translate(text, layout)
