"""OpAMP over plain HTTP: a POST is a report, its response the answer.

Status codes are the protocol's (specification, plain HTTP transport): 413 over the limit, also
after decompression; 415 for another type or encoding; 400 with a BadRequest message for what cannot
be decoded; 503 with Retry-After when overloaded.
"""

import asyncio
import gzip
import re
import zlib

from otx.opamp.framing import Malformed, decode
from otx.opamp.instance_uid import parse_uid
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.server.answers import bad_request
from otx.opamp.server.identity import Link
from otx.services.opamp_serve.app import (
    Receive,
    Scope,
    Send,
    authorization,
    endpoint,
    header,
    peer,
    refuse,
    respond,
)
from otx.services.opamp_serve.station import NS_PER_S, Station
from otx.services.opamp_serve.tokens import Token

CONTENT_TYPE = "application/x-protobuf"
BODY_S = 60.0
"""How long a request's body may take."""
SMALLEST_GZIP = 512
"""Bytes below which compressing an answer makes it no smaller to speak of."""
_QUALITY = re.compile(r"^\s*(gzip|x-gzip|\*)\s*(?:;\s*q\s*=\s*([\d.]+))?\s*$", re.IGNORECASE)


class TooBig(Exception):
    """A body over the limit, as sent or unpacked."""


class Polling:
    """Handles POST requests of agents."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def __call__(self, scope: Scope, receive: Receive, send: Send, owner: Token) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await refuse(scope, send, 405, "POST a report, or open a WebSocket", [_ALLOW])
            return
        if header(scope, b"content-type").partition(";")[0].strip().lower() != CONTENT_TYPE:
            await refuse(scope, send, 415, f"the type of a report is {CONTENT_TYPE}")
            return
        encoding = header(scope, b"content-encoding").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            await refuse(scope, send, 415, "reports are plain or gzip", [_ENCODINGS])
            return
        try:
            async with asyncio.timeout(BODY_S):
                body = await read_body(receive, self._station.limits.message_bytes)
            body = unpack(body, self._station.limits.message_bytes) if encoding == "gzip" else body
        except TooBig:
            self._station.counts["too_large"] += 1
            await refuse(scope, send, 413, "the report is over the limit")
            return
        except TimeoutError:
            await refuse(scope, send, 408, "the report did not come in time")
            return
        except Malformed as error:
            await self._answer(scope, send, self._malformed(scope, error.reason), 400)
            return
        await self._report(scope, send, body, owner)

    async def _report(self, scope: Scope, send: Send, body: bytes, owner: Token) -> None:
        try:
            message = decode(AgentToServer, body, self._station.limits)
            _check_header(scope, message)
        except Malformed as error:
            await self._answer(scope, send, self._malformed(scope, error.reason), 400)
            return
        link = Link(0, "http")
        link.come_from(peer(scope), endpoint(scope), authorization(scope), owner.digest)
        answer = await self._station.answer(link, message)
        is_away = answer.error_response.HasField("retry_info")
        await self._answer(scope, send, answer, 503 if is_away else 200)

    def _malformed(self, scope: Scope, reason: str) -> ServerToAgent:
        station = self._station
        station.counts["malformed"] += 1
        station.watchman.garbled(peer(scope), b"", reason, station.clock())
        return bad_request(b"", reason)

    async def _answer(
        self, scope: Scope, send: Send, answer: ServerToAgent, status: int = 200
    ) -> None:
        body = self._station.fitted(answer).SerializeToString()
        headers = [(b"content-type", CONTENT_TYPE.encode())]
        if status == 503:
            seconds = answer.error_response.retry_info.retry_after_nanoseconds // NS_PER_S
            headers.append((b"retry-after", str(seconds).encode()))
        if len(body) >= SMALLEST_GZIP and takes_gzip(header(scope, b"accept-encoding")):
            body = gzip.compress(body, compresslevel=1)
            headers.append((b"content-encoding", b"gzip"))
        await respond(scope, send, status, body, headers)


async def read_body(receive: Receive, limit: int) -> bytes:
    """A request's body.

    Raises:
        TooBig: It is over the limit; the rest of it is not read.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ConnectionResetError
        size += len(event.get("body", b""))
        if size > limit:
            raise TooBig
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(parts)


def unpack(body: bytes, limit: int) -> bytes:
    """A gzip body unpacked, however large it claims to be, to no more than the limit.

    Raises:
        TooBig: There is more in it.
        Malformed: It is not gzip, or is cut short.
    """
    unpacked = bytearray()
    rest = body
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            unpacked += member.decompress(rest, limit + 1 - len(unpacked))
        except zlib.error:
            raise Malformed("the body is not gzip") from None
        if len(unpacked) > limit:
            raise TooBig
        if not member.eof:
            raise Malformed("the gzip body is cut short")
        rest = member.unused_data
    return bytes(unpacked)


def takes_gzip(accept: str) -> bool:
    """Whether a header Accept-Encoding allows gzip (RFC 9110, 12.5.3); `q=0` forbids it."""
    allowed: dict[str, bool] = {}
    for part in accept.split(","):
        if match := _QUALITY.match(part):
            name = "gzip" if match[1].lower() == "x-gzip" else match[1].lower()
            allowed[name] = match[2] is None or match[2].strip("0.") != ""
    return allowed.get("gzip", allowed.get("*", False))


def _check_header(scope: Scope, message: AgentToServer) -> None:
    """The header with the uid is for routing: it must say what the body says.

    Raises:
        Malformed: It does not.
    """
    text = header(scope, b"opamp-instance-uid")
    if not text:
        return
    try:
        is_same = parse_uid(text) == message.instance_uid
    except ValueError:
        is_same = False
    if not is_same:
        raise Malformed("the header OpAMP-Instance-UID is not the report's instance_uid")


_ALLOW = (b"allow", b"POST")
_ENCODINGS = (b"accept-encoding", b"gzip, identity")
