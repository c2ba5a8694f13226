"""Differences in words."""

from otx.ottl.unit_tests.comparing import ABSENT, Problem
from otx.ottl.unit_tests.wording import expected_and_got, summary


def test_enums_are_told_by_their_symbols_as_the_reasons_below_are() -> None:
    problem = Problem("value", path="span.status.code", expected="OK", got="ERROR")
    assert expected_and_got(problem) == ("STATUS_CODE_OK", "STATUS_CODE_ERROR")
    assert summary(problem) == ("span.status.code: expected STATUS_CODE_OK, got STATUS_CODE_ERROR")
    absent = Problem("value", path="span.kind", expected=ABSENT, got="SERVER")
    assert expected_and_got(absent) == ("nothing", "SPAN_KIND_SERVER")


def test_texts_that_look_like_an_enum_elsewhere_stay_texts() -> None:
    problem = Problem("value", path='span.attributes["code"]', expected="OK", got="ERROR")
    assert expected_and_got(problem) == ('"OK"', '"ERROR"')
    unknown = Problem("value", path="span.status.code", expected="LOUD", got=7)
    assert expected_and_got(unknown) == ('"LOUD"', "7")
