"""Plain HTTP through a tap: a request, its response, and what either says if it is OpAMP."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from otx.model.units import NS_PER_S
from otx.opamp.framing import Malformed
from otx.opamp.protocol import Side
from otx.opamp.transport.backoff import parse_retry_after
from otx.services.opamp_serve.polling import CONTENT_TYPE, TooBig, unpack
from otx.services.opamp_tap.faults import End, Injector, Order
from otx.services.opamp_tap.frames import Opcode
from otx.services.opamp_tap.heads import BadHead, Head, body_length
from otx.services.opamp_tap.link import Body, Link, described, read_body
from otx.services.opamp_tap.observer import WHOLE, Conversation


class Cut(Exception):
    """A fault ends this connection here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has passed.

    Attributes:
        uid: The agent's; b"" where it is no report that could be read.
        is_report: Whether it is OpAMP.
    """

    head: Head
    uid: bytes
    is_report: bool
    at_ns: int


class Exchange:
    """Requests of one connection, one after the other."""

    def __init__(
        self,
        agent: Link,
        conversation: Conversation,
        injector: Injector,
        clock: Callable[[], int],
        limit: int,
    ) -> None:
        self._agent = agent
        self._conversation = conversation
        self._injector = injector
        self._clock = clock
        self._limit = limit

    async def run(self, head: Head, passed_on: Head, server: Link) -> bool:
        """Pass a request on and its response back; whether the connection goes on.

        Args:
            head: As the agent wrote it.
            passed_on: As the server gets it.
            server: Where it goes.

        Raises:
            Cut: A fault ends the connection.
        """
        spilled = _Spill(server, passed_on)
        body = await read_body(self._agent, body_length(head), self._limit, spilled)
        asked, order = self._request(head, body)
        try:
            return await self._carried(asked, order, passed_on, body, spilled, server)
        except (Cut, OSError, BadHead, asyncio.IncompleteReadError):
            self._conversation.unanswered(self._clock(), asked.uid)
            raise

    async def _carried(
        self,
        asked: Asked,
        order: Order | None,
        passed_on: Head,
        body: Body,
        spilled: "_Spill",
        server: Link,
    ) -> bool:
        """Send a request on as its order says; whether the connection goes on."""
        await self._obey(order)
        if order is not None and order.is_spoilt:
            passed_on, body = _rewritten(passed_on, order.data)
        copies = order.copies if order else 1
        if not spilled.is_begun:
            await server.send(passed_on.raw() + body.raw)
        for _ in range(copies - 1):
            await self._respond(asked, server, is_shown=False)
            await server.send(passed_on.raw() + body.raw)
        is_open = await self._respond(asked, server, is_shown=True)
        return is_open and not asked.head.is_last

    async def swallow(self, head: Head) -> None:
        """Read a body that goes nowhere."""

        async def nowhere(_: bytes) -> None: ...

        await read_body(self._agent, body_length(head), self._limit, nowhere)

    def _request(self, head: Head, body: Body) -> tuple[Asked, Order | None]:
        now_ns = self._clock()
        kind = head.get("content-type").partition(";")[0].strip().lower()
        if head.start[0] != "POST" or kind != CONTENT_TYPE:
            self._conversation.note(now_ns, _no_report(head, kind), Side.CLIENT)
            return Asked(head, b"", False, now_ns), None
        data = self._unpacked(head, body)
        order, fate = None, WHOLE
        if data is not None:
            order = self._injector.message(Side.CLIENT, data, False, Opcode.BINARY)
            fate = order.fate(data, is_text=False)
        claimed = head.get("opamp-instance-uid")
        uid = self._conversation.request(now_ns, data, claimed, fate)
        self._conversation.faults(now_ns, order.told if order else [], Side.CLIENT)
        return Asked(head, uid, True, now_ns), order

    async def _obey(self, order: Order | None) -> None:
        if order is None:
            return
        if order.delay_ns:
            await asyncio.sleep(order.delay_ns / NS_PER_S)
        if order.end is End.SILENT:
            # Neither side hears of it; the agent gives up in its own time.
            while await self._agent.reader.read(1 << 16):
                pass
            raise Cut
        if order.end is not None or not order.copies:
            raise Cut

    async def _respond(self, asked: Asked, server: Link, is_shown: bool) -> bool:
        while True:
            raw = await server.head()
            if not raw:
                raise ConnectionResetError("the server ends the connection without a response")
            head = Head.parse(raw)
            if head.status >= 200:
                break
            await self._agent.send(raw)
        spilled = _Spill(self._agent if is_shown else None, head)
        body = await read_body(server, body_length(head, asked.head.start[0]), self._limit, spilled)
        order = self._response(asked, head, body)
        if not is_shown:
            return True
        await self._obey(order)
        if order is not None and order.is_spoilt:
            head, body = _rewritten(head, order.data)
        if not spilled.is_begun:
            await self._agent.send(head.raw() + body.raw)
        has_end = body_length(head, asked.head.start[0]) is not None
        return has_end and not head.is_last

    def _response(self, asked: Asked, head: Head, body: Body) -> Order | None:
        now_ns = self._clock()
        if head.status != 200 or not asked.is_report:
            self.refused(head, asked.uid)
            return None
        data = self._unpacked(head, body)
        order, fate = None, WHOLE
        if data is not None:
            order = self._injector.message(Side.SERVER, data, False, Opcode.BINARY)
            fate = order.fate(data, is_text=False)
        self._conversation.response(now_ns, data, asked.uid, asked.at_ns, fate)
        self._conversation.faults(now_ns, order.told if order else [], Side.SERVER)
        return order

    def refused(self, head: Head, uid: bytes) -> None:
        """Tell of a response that is no answer of OpAMP."""
        now_ns = self._clock()
        wait_ns = parse_retry_after(head.get("retry-after"), now_ns)
        wait_s = None if wait_ns is None else wait_ns / NS_PER_S
        phrases = [f"{head.status} {head.start[2]}".strip()]
        if wait_s is not None:
            phrases.append(f"retry after {wait_s:g} s")
        if challenge := head.get("www-authenticate"):
            phrases.append(f"asks for {challenge.partition(' ')[0]}")
        self._conversation.refused(now_ns, head.status, phrases, uid, wait_s)

    def _unpacked(self, head: Head, body: Body) -> bytes | None:
        encoding = head.get("content-encoding").strip().lower()
        if body.payload is None or encoding in ("", "identity"):
            return body.payload
        try:
            return unpack(body.payload, self._limit) if encoding == "gzip" else None
        except (TooBig, Malformed):
            return None


class _Spill:
    """Where a body over the limit goes piece by piece, its head first."""

    def __init__(self, target: Link | None, head: Head) -> None:
        self._target = target
        self._head = head
        self.is_begun = False

    async def __call__(self, piece: bytes) -> None:
        if self._target is None:
            return
        if not self.is_begun:
            self.is_begun = True
            piece = self._head.raw() + piece
        await self._target.send(piece)


def _rewritten(head: Head, data: bytes) -> tuple[Head, Body]:
    """A message with another body, plain and in one piece."""
    changed = head.with_headers(
        [
            ("Content-Encoding", None),
            ("Transfer-Encoding", None),
            ("Content-Length", str(len(data))),
        ]
    )
    return changed, Body(data, data)


def _no_report(head: Head, kind: str) -> str:
    wrong = f" with Content-Type {kind or '(none)'}" if head.start[0] == "POST" else ""
    return f"{described(head)}{wrong}: no report of OpAMP"
