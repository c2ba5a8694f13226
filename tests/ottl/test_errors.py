"""Errors of statements and of records."""

from otx.ottl.errors import ExecutionError


def test_a_reason_that_quotes_a_large_value_is_cut() -> None:
    assert str(ExecutionError("a short one")) == "a short one"
    text = str(ExecutionError("'" + "x" * 1_000_000 + "' is no number"))
    assert len(text) < 500
    assert text.startswith("'xxx") and text.endswith("is no number")
