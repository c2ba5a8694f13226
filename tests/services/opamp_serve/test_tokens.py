"""Tokens of a file."""

from pathlib import Path

import pytest

from otx.bearer import digest_of
from otx.errors import UsageError
from otx.services.opamp_serve.tokens import Tokens

FILE = """\
# who may speak
agent   edge      agent-token-1
operator alice    operator-token   # on call
bare-token-1234
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(FILE)
    return path


def name(tokens: Tokens, header: str, role: str) -> str | None:
    owner = tokens.owner(header, "agent" if role == "agent" else "operator")
    return owner.name if owner else None


def test_a_token_is_for_its_role(file: Path) -> None:
    tokens = Tokens(file)
    assert name(tokens, "Bearer agent-token-1", "agent") == "edge"
    assert name(tokens, "Bearer agent-token-1", "operator") is None
    assert name(tokens, "bearer operator-token", "operator") == "alice"
    assert name(tokens, "Bearer operator-token", "agent") is None
    assert name(tokens, "Bearer bare-token-1234", "agent") == "token 4"
    assert name(tokens, "Bearer bare-token-1234", "operator") == "token 4"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic bare-token-1234", "bare-token-1234", "Bearer bare-token-123"],
)
def test_what_is_no_token_of_ours_lets_nobody_in(file: Path, header: str) -> None:
    assert name(Tokens(file), header, "agent") is None


def test_the_file_is_read_again_when_it_changes(file: Path) -> None:
    tokens = Tokens(file)
    assert not tokens.reload()
    file.write_text("another-token\n")
    assert tokens.reload()
    assert name(tokens, "Bearer bare-token-1234", "agent") is None
    assert name(tokens, "Bearer another-token", "agent")


def test_a_bad_file_leaves_the_old_tokens_in_force(file: Path) -> None:
    tokens = Tokens(file)
    file.write_text("boss me some-token-1\n")
    with pytest.raises(UsageError, match=r"tokens:1: error"):
        tokens.reload()
    assert name(tokens, "Bearer bare-token-1234", "agent")


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", "agent only-two\n", "a b c d\n"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(UsageError):
        Tokens(path)


def test_given_tokens_are_for_agents_until_they_are_taken(file: Path) -> None:
    tokens = Tokens(file)
    tokens.give(digest_of("made-for-you"), "settings 1")
    assert name(tokens, "Bearer made-for-you", "agent") == "settings 1"
    assert name(tokens, "Bearer made-for-you", "operator") is None
    tokens.take(digest_of("made-for-you"))
    assert name(tokens, "Bearer made-for-you", "agent") is None
