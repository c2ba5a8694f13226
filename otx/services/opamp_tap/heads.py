"""Heads of HTTP/1.1 messages: read, and passed on with nothing changed but where they go.

A tap passes headers on as they were written, in their order and their case: what a server refuses
is often a header that a tidier proxy would have mended.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_HEAD = 64 << 10
_STATUS = re.compile(r"[1-9][0-9]{2}")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,15}")


class BadHead(ValueError):
    """Bytes that are no head of an HTTP/1.1 message."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line in three parts and the headers, as text of Latin-1."""

    start: tuple[str, str, str]
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Head":
        """The head that ends with an empty line.

        Raises:
            BadHead: It is none.
        """
        lines = raw.decode("latin-1").split("\r\n")
        start = lines[0].split(" ", 2)
        if len(start) == 2:
            start.append("")
        if len(start) != 3:
            raise BadHead(f"no HTTP: {lines[0][:60]!r}")
        if start[0] == "PRI":
            raise BadHead("HTTP/2 with prior knowledge; a tap speaks HTTP/1.1")
        headers = []
        for line in filter(None, lines[1:]):
            name, colon, value = line.partition(":")
            if not colon:
                raise BadHead(f"no header: {line[:60]!r}")
            headers.append((name, value.strip(" \t")))
        return cls((start[0], start[1], start[2]), tuple(headers))

    def get(self, name: str) -> str:
        """All values of a header, with commas between them; "" where it is not there."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)

    def has(self, name: str, token: str) -> bool:
        """Whether a header lists a token."""
        return token in [part.strip().lower() for part in self.get(name).split(",")]

    @property
    def status(self) -> int:
        """A response's status.

        Raises:
            BadHead: It is no response.
        """
        if not (self.start[0].startswith("HTTP/") and _STATUS.fullmatch(self.start[1])):
            raise BadHead(f"no response: {' '.join(self.start)[:60]!r}")
        return int(self.start[1])

    @property
    def is_opening(self) -> bool:
        """Whether a request opens a WebSocket."""
        return self.has("connection", "upgrade") and self.has("upgrade", "websocket")

    @property
    def is_last(self) -> bool:
        """Whether the connection ends after this message (RFC 9112, 9.3)."""
        version = self.start[2] if not self.start[0].startswith("HTTP/") else self.start[0]
        if version == "HTTP/1.0":
            return not self.has("connection", "keep-alive")
        return self.has("connection", "close")

    def with_headers(self, changes: Iterable[tuple[str, str | None]]) -> "Head":
        """The same with headers replaced where they stand, added behind, or (None) taken out."""
        headers = list(self.headers)
        for name, value in changes:
            places = [at for at, (key, _) in enumerate(headers) if key.lower() == name.lower()]
            if value is not None and places:
                headers[places[0]] = (headers[places[0]][0], value)
                places = places[1:]
            elif value is not None:
                headers.append((name, value))
            headers = [one for at, one in enumerate(headers) if at not in places]
        return Head(self.start, tuple(headers))

    def with_target(self, target: str) -> "Head":
        """The same request for another target."""
        return Head((self.start[0], target, self.start[2]), self.headers)

    def raw(self) -> bytes:
        """The bytes of it."""
        lines = [" ".join(filter(None, self.start))]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def body_length(head: Head, asked: str = "") -> int | None:
    """Bytes of the body that follows a head; -1: in chunks; None: until the connection ends.

    Args:
        head: A request's, or a response's with `asked` the method of its request.
        asked: "" for a request.

    Raises:
        BadHead: The length is no number.
    """
    if asked and (asked == "HEAD" or head.status < 200 or head.status in (204, 304)):
        return 0
    if head.has("transfer-encoding", "chunked"):
        return -1
    text = head.get("content-length")
    if text:
        if not _LENGTH.fullmatch(text):
            raise BadHead(f"no Content-Length: {text[:40]!r}")
        return int(text)
    return None if asked else 0


def chunk_size(line: bytes) -> int:
    """The size that a line before a chunk says (RFC 9112, 7.1).

    Raises:
        BadHead: It says none.
    """
    text = line.partition(b";")[0].strip()
    if not _CHUNK.fullmatch(text):
        raise BadHead(f"no size of a chunk: {line[:40]!r}")
    return int(text, 16)


def deflate_context(response: Head) -> tuple[bool, bool] | None:
    """Whether client and server keep their context of compression; None: nothing is compressed."""
    for offer in response.get("sec-websocket-extensions").split(","):
        name, *parameters = [part.strip().lower() for part in offer.split(";")]
        if name == "permessage-deflate":
            return (
                "client_no_context_takeover" not in parameters,
                "server_no_context_takeover" not in parameters,
            )
    return None
