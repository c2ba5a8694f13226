"""Bearer tokens: what a file may say, and what lets a client in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.otlp.receiver.tokens import Tokens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text("# of the shop\nalpha-token\n\n  beta-token  # of the till\n")
    return file


@pytest.mark.parametrize(
    ("authorization", "is_let_in"),
    [
        ("Bearer alpha-token", True),
        ("bearer  beta-token ", True),
        ("Bearer alpha", False),
        ("Bearer alpha-token beta-token", False),
        ("Basic alpha-token", False),
        ("alpha-token", False),
        ("Bearer", False),
        ("", False),
        ("Bearer t\xf6ken", False),
        ("Bearer \udcff", False),
    ],
)
def test_what_lets_a_client_in(path: Path, authorization: str, is_let_in: bool) -> None:
    assert Tokens(path).allow(authorization) is is_let_in


def test_a_file_that_changed_is_read_again(path: Path) -> None:
    tokens = Tokens(path)
    assert not tokens.reload()
    path.write_text("gamma-token\n")
    assert tokens.reload()
    assert tokens.allow("Bearer gamma-token")
    assert not tokens.allow("Bearer alpha-token")


def test_a_file_that_went_wrong_leaves_the_tokens_before(path: Path) -> None:
    tokens = Tokens(path)
    path.unlink()
    with pytest.raises(UsageError, match="cannot read the tokens of"):
        tokens.reload()
    assert tokens.allow("Bearer alpha-token")
    assert not tokens.reload()  # told once


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "has no token"),
        ("# none\n", "has no token"),
        ("one\ntwo words-here\n", ":2: more than one word"),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(UsageError, match=what) as caught:
        Tokens(file)
    assert "words-here" not in str(caught.value)


@given(token=st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1))
def test_a_token_lets_in_and_none_longer_or_shorter(
    tmp_path_factory: pytest.TempPathFactory, token: str
) -> None:
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text(token)
    tokens = Tokens(file)
    assert tokens.allow(f"Bearer {token}")
    assert not tokens.allow(f"Bearer {token}x")
    assert not tokens.allow(f"Bearer {token[:-1]}")
