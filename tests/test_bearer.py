"""Tokens of a file, and what is offered."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.bearer import digest_of, offered_digest, stamp_of, token_lines
from otx.errors import UsageError


@given(st.text())
def test_whatever_is_offered_has_a_digest_or_none(authorization: str) -> None:
    digest = offered_digest(authorization)
    assert (digest is not None) == (authorization.partition(" ")[0].lower() == "bearer")


def test_a_token_is_known_by_its_digest_whatever_stands_around_it() -> None:
    assert offered_digest("BEARER   secret ") == digest_of("secret")
    assert offered_digest("Basic secret") is None
    assert len(digest_of("\udcff")) == 32  # a header is bytes, and need not be UTF-8


def test_lines_have_numbers_and_no_comments(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    assert stamp_of(path) == (0, 0, 0)
    with pytest.raises(UsageError, match=r"cannot read the tokens of .*: No such file"):
        list(token_lines(path))
    path.write_text("# who\n\none # first\nagent two three\n")
    assert list(token_lines(path)) == [(3, ["one"]), (4, ["agent", "two", "three"])]
    assert stamp_of(path) != (0, 0, 0)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="it is no text"):
        list(token_lines(path))
