"""Who may speak: bearer tokens of a file that is read again when it changes.

A line is `TOKEN`, or `ROLE NAME TOKEN` where ROLE is `agent`, `operator` or `both`; `#` begins a
comment. Agents report with theirs, operators use the JSON API with theirs: an agent's token cannot
push a configuration to the fleet. A bare token is both. `otx.bearer` says what is kept of a token,
and why each is compared.
"""

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from otx.bearer import digest_of, offered_digest, stamp_of, token_lines
from otx.errors import UsageError

Role: TypeAlias = Literal["agent", "operator"]
_ROLES: dict[str, frozenset[Role]] = {
    "agent": frozenset(("agent",)),
    "operator": frozenset(("operator",)),
    "both": frozenset(("agent", "operator")),
}
SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Token:
    """One token: what it is for, and what its owner is called."""

    digest: bytes
    name: str
    roles: frozenset[Role]


class Tokens:
    """The tokens of a file, and those that this server gave out."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            UsageError: It cannot be read, or a line is no token.
        """
        self._path = path
        self._stamp = stamp_of(path)
        self._tokens = read_tokens(path)
        self._given: dict[bytes, Token] = {}

    def reload(self) -> bool:
        """Read the file again if it changed; whether it did.

        Raises:
            UsageError: As in the constructor; the tokens read before stay valid.
        """
        stamp = stamp_of(self._path)
        if stamp == self._stamp:
            return False
        self._tokens = read_tokens(self._path)
        self._stamp = stamp
        return True

    def give(self, digest: bytes, name: str) -> None:
        """Let in agents with a token that was made for them, too."""
        self._given[digest] = Token(digest, name, _ROLES["agent"])

    def take(self, digest: bytes | None) -> None:
        """Let nobody in any more with a token that was given."""
        self._given.pop(digest or b"", None)

    def owner(self, authorization: str, role: Role) -> Token | None:
        """Whose token a header `Authorization: Bearer …` has, if it is for that role."""
        digest = offered_digest(authorization)
        if digest is None:
            return None
        found = None
        for token in (*self._tokens, *self._given.values()):
            if hmac.compare_digest(token.digest, digest) and role in token.roles:
                found = token
        return found


def read_tokens(path: Path) -> list[Token]:
    """The tokens of a file.

    Raises:
        UsageError: It cannot be read, has none, or a line is no token.
    """
    tokens = [_token(path, number, words) for number, words in token_lines(path)]
    if not tokens:
        raise UsageError(f"{path} has no token", hint="a line is TOKEN, or ROLE NAME TOKEN")
    return tokens


def _token(path: Path, number: int, words: list[str]) -> Token:
    if len(words) == 1:
        words = ["both", f"token {number}", *words]
    if len(words) != 3 or words[0] not in _ROLES or len(words[2]) < SHORTEST:
        raise UsageError(
            f"{path}:{number}: error: no token",
            hint=f"TOKEN, or agent|operator|both NAME TOKEN; {SHORTEST} signs or more",
        )
    return Token(digest_of(words[2]), words[1], _ROLES[words[0]])
