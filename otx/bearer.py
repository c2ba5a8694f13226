"""Bearer tokens kept in a file: its lines, what is remembered of a token, and what is offered.

Only digests are kept in memory. They are compared in constant time (`hmac.compare_digest`), each of
them, so that time says nothing about which token was nearly right.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from otx.errors import UsageError


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def offered_digest(authorization: str) -> bytes | None:
    """The digest of what `Authorization: Bearer …` offers; None of any other header."""
    scheme, _, offered = authorization.partition(" ")
    return digest_of(offered.strip()) if scheme.lower() == "bearer" else None


def token_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The numbers and words of the lines of a file that have some; `#` begins a comment.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read the tokens of {path}: {why}") from None
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words:
            yield number, words


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes when a file does; zeros where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
