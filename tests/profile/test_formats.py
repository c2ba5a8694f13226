"""Which form is written."""

from typing import get_args

import pytest

from otx.commands.profile_options import FormName
from otx.errors import UsageError
from otx.profile.formats import FORMS, choose_format


@pytest.mark.parametrize(
    ("asked", "out", "wanted"),
    [
        (None, "-", "text"),
        (None, "a.folded", "folded"),
        (None, "dir/a.json", "json"),
        (None, "a.txt", "text"),
        ("json", "a.folded", "json"),
        ("text", "a.svg", "text"),
        (None, "a.svg", "svg"),
        (None, "a.pb.gz", "pprof"),
        (None, "a.speedscope.json", "speedscope"),
        (None, "a.otlp.json", "otlp-json"),
        (None, "A.COLLAPSED", "folded"),
    ],
)
def test_the_flag_decides_then_the_ending_then_it_is_text(
    asked: str | None, out: str, wanted: str
) -> None:
    assert choose_format(asked, out) == wanted


def test_an_ending_that_asks_for_another_form_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot write \.parquet"):
        choose_format(None, "a.parquet")


def test_a_form_that_is_not_there_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(UsageError, match="no format 'gif'") as refused:
        choose_format("gif", "-")
    assert all(name in refused.value.hint for name in FORMS)


def test_the_command_offers_the_forms_there_are() -> None:
    assert get_args(FormName) == tuple(FORMS)
