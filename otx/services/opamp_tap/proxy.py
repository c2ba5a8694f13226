"""Accepts agents, connects each to the server, and passes on what they say.

A connection here is a connection there: what one side does to its own is done to the other's.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from otx.opamp.document import REDACTED, is_secret_name
from otx.opamp.protocol import Side
from otx.opamp.story_parts import quoted
from otx.services.opamp_tap.exchange import Cut, Exchange
from otx.services.opamp_tap.faults import Injector
from otx.services.opamp_tap.heads import BadHead, Head, body_length, deflate_context
from otx.services.opamp_tap.link import Link, read_body, why_gone
from otx.services.opamp_tap.observer import Conversation, Observer
from otx.services.opamp_tap.websocket import Tunnel

MOST_CONNECTIONS = 10_000
IDLE_S = 600.0
REFUSAL_S = 15.0
"""How long the body of a refusal may take."""
TICK_S = 1.0
HEADER_BYTES = 10
"""The longest header of a WebSocket's message, on top of what a message may have."""
_HARMLESS = (
    "accept", "connection", "content-", "host", "opamp-instance-uid", "origin", "sec-websocket-",
    "upgrade", "user-agent",
)  # fmt: skip
_EXTENSIONS = "Sec-WebSocket-Extensions"


@dataclass(frozen=True, slots=True)
class Target:
    """Where everything goes.

    Attributes:
        netloc: Host and port as the URL has them, for the header Host; "" leaves that header: a
            server may offer agents the address that they came to, and it should be the tap's.
        path: What replaces the path of requests; "" leaves it.
    """

    host: str
    port: int
    netloc: str
    path: str
    context: ssl.SSLContext | None

    def passed_on(self, head: Head) -> Head:
        """A request as the server gets it."""
        target = head.start[1]
        if self.path:
            query = target.partition("?")[2]
            target = self.path + (f"?{query}" if query else "")
        head = head.with_target(target)
        return head.with_headers([("Host", self.netloc)]) if self.netloc else head


class Proxy:
    """One listening port."""

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext | None,
        target: Target,
        observer: Observer,
        injector: Injector,
        clock: Callable[[], int],
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._most = most
        self._listener = listener
        self._context = context
        self.target = target
        self._observer = observer
        self.injector = injector
        self.clock = clock
        self.limit = observer.limits.message_bytes + HEADER_BYTES
        self._count = 0

    async def run(self) -> None:
        """Accept and pass on until it is cancelled."""
        self._listener.setblocking(False)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            while True:
                connection = await self._accept()
                if connection is None:
                    continue
                if self._count >= self._most:
                    self._observer.note(self.clock(), "a connection is turned away: too many")
                    connection.close()
                    continue
                self._count += 1
                tasks.create_task(self._guarded(connection))

    async def _accept(self) -> socket.socket | None:
        try:
            connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        except OSError as error:
            # No descriptors, most likely: whoever waits is taken when one is free again.
            self._observer.note(self.clock(), f"no connection can be taken: {why_gone(error)}")
            await asyncio.sleep(TICK_S)
            return None
        return connection

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._observer.tick(self.clock())

    async def _guarded(self, connection: socket.socket) -> None:
        conversation = self._observer.conversation()
        agent: Link | None = None
        try:
            agent = await Link.accepted(connection, self._context)
            await _Connection(self, agent, conversation).run()
        except (OSError, BadHead, asyncio.IncompleteReadError) as error:
            conversation.note(self.clock(), why_gone(error), Side.CLIENT)
        except Exception as error:
            # One connection that otx cannot handle must not end the others.
            text = f"a fault of otx ends this connection: {type(error).__name__}: {error}"
            conversation.note(self.clock(), text)
        finally:
            self._count -= 1
            conversation.end()
            if agent is not None:
                agent.abort()
            else:
                connection.close()

    async def connect(self) -> Link:
        """A connection to the server.

        Raises:
            OSError: There is none.
        """
        target = self.target
        return await Link.to(target.host, target.port, target.context)


class _Connection:
    """One connection of an agent, and the one to the server that belongs to it."""

    def __init__(self, proxy: Proxy, agent: Link, conversation: Conversation) -> None:
        self._proxy = proxy
        self._agent = agent
        self._conversation = conversation
        self._server: Link | None = None
        self._exchange = Exchange(agent, conversation, proxy.injector, proxy.clock, proxy.limit)

    async def run(self) -> None:
        """Pass on until either side ends."""
        try:
            while (head := await self._next_head()) is not None:
                if not await self._request(head):
                    break
        except Cut:
            return
        finally:
            if self._server is not None:
                self._server.abort()
        await self._agent.close()

    async def _next_head(self) -> Head | None:
        """The next request; None where either side ends the connection first."""
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(_outcome(self._agent.head()))
            waits = {asked}
            if self._server is not None:
                # It has nothing to say now: what comes is the end.
                waits.add(tasks.create_task(_outcome(self._server.reader.read(1))))
            await asyncio.wait(waits, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
            for task in waits:
                task.cancel()
        if asked.cancelled():
            return None
        raw = asked.result()
        if isinstance(raw, Exception):
            raise raw
        return Head.parse(raw) if raw else None

    async def _request(self, head: Head) -> bool:
        if head.has("expect", "100-continue"):
            await self._agent.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = head.with_headers([("Expect", None)])
        if status := self._proxy.injector.status():
            return await self._refuse(head, status)
        server = self._server or await self._connect()
        if server is None:
            return False
        self._conversation.host = head.get("host")
        passed_on = self._proxy.target.passed_on(head)
        if not head.is_opening:
            return await self._passed(head, passed_on, server)
        return await self._open(head, passed_on, server)

    async def _passed(self, head: Head, passed_on: Head, server: Link) -> bool:
        try:
            return await self._exchange.run(head, passed_on, server)
        except (OSError, asyncio.IncompleteReadError, BadHead) as error:
            self._conversation.note(self._proxy.clock(), str(error) or why_gone(error))
            return False

    async def _connect(self) -> Link | None:
        try:
            self._server = await self._proxy.connect()
        except OSError as error:
            why = f"the server cannot be reached: {why_gone(error)}"
            self._conversation.note(self._proxy.clock(), why, Side.SERVER)
            await self._agent.send(_response(502, f"otx opamp tap: {why}"))
            await self._agent.close()
        return self._server

    async def _refuse(self, head: Head, status: int) -> bool:
        """Answer a request instead of the server, because a fault says so."""
        if not head.is_opening:
            await self._exchange.swallow(head)
        wait_s = self._proxy.injector.faults.retry_after_s
        now_ns = self._proxy.clock()
        what = "opening" if head.is_opening else "request"
        wait = "" if wait_s is None else f", Retry-After {wait_s}"
        self._conversation.faults(now_ns, [f"{status}: the {what} is refused{wait}"], None)
        await self._agent.send(_response(status, "otx opamp tap: --fault", wait_s))
        return False

    async def _open(self, head: Head, passed_on: Head, server: Link) -> bool:
        is_touched = self._proxy.injector.faults.touch_messages
        if is_touched:
            # Compressed messages hang together: none could be lost or changed alone.
            passed_on = passed_on.with_headers([(_EXTENSIONS, None)])
        await server.send(passed_on.raw())
        raw = await server.head()
        if not raw:
            text = "ends the connection instead of opening a WebSocket"
            self._conversation.lost(self._proxy.clock(), Side.SERVER, text)
            return False
        response = Head.parse(raw)
        if response.status != 101:
            return await self._not_opened(response, server)
        await self._agent.send(raw)
        contexts = deflate_context(response)
        self._opened(head, passed_on, is_compressed=contexts is not None)
        tunnel = Tunnel(
            self._agent, server, self._conversation, self._proxy.injector, self._proxy.clock
        )
        await tunnel.run(self._proxy.limit, contexts)
        return False

    async def _not_opened(self, response: Head, server: Link) -> bool:
        """Pass on a response that opens no WebSocket, with its body."""
        self._exchange.refused(response, b"")
        await self._agent.send(response.with_headers([("Connection", "close")]).raw())
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSAL_S):
                length = body_length(response, "GET")
                body = await read_body(server, length, self._proxy.limit, self._agent.send)
                await self._agent.send(body.raw)
        return False

    def _opened(self, head: Head, passed_on: Head, is_compressed: bool) -> None:
        phrases = [f"opens {_path(head)}"]
        if _path(passed_on) != _path(head):
            phrases.append(f"passed on to {_path(passed_on)}")
        if head.get("authorization"):
            phrases.append(f"Authorization {_scheme(head.get('authorization'))}…")
        if is_compressed:
            phrases.append("compressed")
        self._conversation.opened(
            self._proxy.clock(),
            phrases,
            path=_path(head),
            headers=[[name, _shown(name, value)] for name, value in head.headers],
        )


def _path(head: Head) -> str:
    """What a request asks for, without its query, which may hold a token."""
    return quoted(head.start[1].partition("?")[0])


def _scheme(authorization: str) -> str:
    """The scheme of credentials; "" where there is none, and all of it is secret."""
    scheme, space, _ = authorization.partition(" ")
    return f"{scheme} " if space and scheme.isalnum() else ""


async def _outcome(work: Coroutine[None, None, bytes]) -> bytes | Exception:
    """What comes of it, failures too: one that is raised in a group would hide in a group."""
    try:
        return await work
    except (OSError, BadHead) as error:
        return error


def _shown(name: str, value: str) -> str:
    # Vendors name the headers of their keys as they like: only what is known is harmless.
    is_harmless = name.lower().startswith(_HARMLESS) and not is_secret_name(name)
    return value if is_harmless else REDACTED


def _response(status: int, text: str, retry_after_s: int | None = None) -> bytes:
    known = status in {one.value for one in HTTPStatus}
    head = Head(
        ("HTTP/1.1", str(status), HTTPStatus(status).phrase if known else "Status"),
        (("Content-Type", "text/plain"), ("Connection", "close")),
    )
    body = text.encode() + b"\n"
    head = head.with_headers(
        [
            ("Content-Length", str(len(body))),
            ("Retry-After", None if retry_after_s is None else str(retry_after_s)),
        ]
    )
    return head.raw() + body
