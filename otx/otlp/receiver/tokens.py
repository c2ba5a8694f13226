"""Bearer tokens of a file that is read again when it changes.

Only digests are kept in memory, and each is compared with what is offered, in constant time, so
that time says nothing about which token was nearly right.
"""

import hashlib
import hmac
from pathlib import Path

from otx.errors import UsageError


class Tokens:
    """The tokens that let a client in: one a line, `#` begins a comment."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            UsageError: It cannot be read, has no token, or a line is more than one word.
        """
        self._path = path
        self._stamp = _stamp(path)
        self._digests = _read(path)

    def reload(self) -> bool:
        """Read the file again if it changed; whether it did.

        Raises:
            UsageError: As in the constructor, once a change; the tokens before stay valid.
        """
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._digests = _read(self._path)
        return True

    def allow(self, authorization: str) -> bool:
        """Whether the value of an Authorization header is `Bearer` and one of the tokens."""
        scheme, _, offered = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        digest = _digest(offered.strip())
        found = False
        for known in self._digests:
            found |= hmac.compare_digest(known, digest)
        return found


def _read(path: Path) -> list[bytes]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read the tokens of {path}: {why}") from None
    digests = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if len(words) > 1:
            raise UsageError(f"{path}:{number}: more than one word", hint="a line is one token")
        digests += [_digest(word) for word in words]
    if not digests:
        raise UsageError(f"{path} has no token", hint="a line is one token")
    return digests


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file does; zeros where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
