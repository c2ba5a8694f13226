"""Bearer tokens of a file that is read again when it changes.

`otx.bearer` says what is kept of a token, and why each is compared.
"""

import hmac
from pathlib import Path

from otx.bearer import digest_of, offered_digest, stamp_of, token_lines
from otx.errors import UsageError


class Tokens:
    """The tokens that let a client in: one a line, `#` begins a comment."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            UsageError: It cannot be read, has no token, or a line is more than one word.
        """
        self._path = path
        self._stamp = stamp_of(path)
        self._digests = _read(path)

    def reload(self) -> bool:
        """Read the file again if it changed; whether it did.

        Raises:
            UsageError: As in the constructor, once a change; the tokens before stay valid.
        """
        stamp = stamp_of(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._digests = _read(self._path)
        return True

    def allow(self, authorization: str) -> bool:
        """Whether the value of an Authorization header is `Bearer` and one of the tokens."""
        digest = offered_digest(authorization)
        if digest is None:
            return False
        found = False
        for known in self._digests:
            found |= hmac.compare_digest(known, digest)
        return found


def _read(path: Path) -> list[bytes]:
    digests = []
    for number, words in token_lines(path):
        if len(words) > 1:
            raise UsageError(f"{path}:{number}: more than one word", hint="a line is one token")
        digests.append(digest_of(words[0]))
    if not digests:
        raise UsageError(f"{path} has no token", hint="a line is one token")
    return digests
