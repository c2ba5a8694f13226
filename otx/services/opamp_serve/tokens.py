"""Who may speak: bearer tokens of a file that is read again when it changes.

A line is `TOKEN`, or `ROLE NAME TOKEN` where ROLE is `agent`, `operator` or `both`; `#` begins a
comment. Agents report with theirs, operators use the JSON API with theirs: an agent's token cannot
push a configuration to the fleet. A bare token is both. Only digests are kept in memory, and all of
them are compared with each offered token, so that time says nothing about which one was nearly
right.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

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
        self._stamp = _stamp(path)
        self._tokens = read_tokens(path)
        self._given: dict[bytes, Token] = {}

    def reload(self) -> bool:
        """Read the file again if it changed; whether it did.

        Raises:
            UsageError: As in the constructor; the tokens read before stay valid.
        """
        stamp = _stamp(self._path)
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
        scheme, _, offered = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = digest_of(offered.strip())
        found = None
        for token in (*self._tokens, *self._given.values()):
            if hmac.compare_digest(token.digest, digest) and role in token.roles:
                found = token
        return found


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def read_tokens(path: Path) -> list[Token]:
    """The tokens of a file.

    Raises:
        UsageError: It cannot be read, has none, or a line is no token.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read {path}: {why}") from None
    tokens = list(_tokens(lines, path))
    if not tokens:
        raise UsageError(f"{path} has no token", hint="a line is TOKEN, or ROLE NAME TOKEN")
    return tokens


def _tokens(lines: Iterable[str], path: Path) -> Iterable[Token]:
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) == 1:
            words = ["both", f"token {number}", *words]
        if len(words) != 3 or words[0] not in _ROLES or len(words[2]) < SHORTEST:
            raise UsageError(
                f"{path}:{number}: error: no token",
                hint=f"TOKEN, or agent|operator|both NAME TOKEN; {SHORTEST} signs or more",
            )
        yield Token(digest_of(words[2]), words[1], _ROLES[words[0]])


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
