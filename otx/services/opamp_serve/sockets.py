"""OpAMP over WebSocket: binary messages in, one answer for each, pushes in between.

A connection that does not read is closed after `SEND_S`, one that sends faster than `BURST` allows
is read more slowly: the peer's own send buffer then holds it back.
"""

import asyncio
from collections.abc import Coroutine

from otx.opamp.framing import Malformed, TooLarge, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.server.answers import bad_request
from otx.opamp.server.identity import Link
from otx.services.opamp_serve.app import (
    Event,
    Receive,
    Scope,
    Send,
    authorization,
    endpoint,
    peer,
    refuse,
)
from otx.services.opamp_serve.station import Station, retry_after_s
from otx.services.opamp_serve.tokens import Token

FIRST_S = 60.0
"""How long a connection may be open without a report."""
SEND_S = 30.0
"""How long a peer may leave its side full before the connection is closed."""
RATE_PER_S = 20.0
BURST = 100.0
"""Messages a connection may send at once; after that `RATE_PER_S`."""
MOST_MALFORMED = 20
"""Malformed messages after which a connection is closed."""

TOO_BIG, WRONG_TYPE, POLICY, GOING_AWAY = 1009, 1003, 1008, 1001  # RFC 6455, 7.4.1
TRY_AGAIN = 1013
"""Of IANA's registry of close codes; the agent is offered what it misses when it returns."""


class Sockets:
    """Handles WebSocket connections of agents."""

    def __init__(self, station: Station, tasks: asyncio.TaskGroup) -> None:
        """Handle connections; tasks of pushes belong to `tasks`."""
        self._station = station
        self._tasks = tasks

    async def __call__(self, scope: Scope, receive: Receive, send: Send, owner: Token) -> None:
        """Serve one connection until it ends."""
        await receive()
        if self._station.is_full or self._station.keeper.is_behind:
            self._station.counts["turned_away"] += 1
            after = (b"retry-after", str(retry_after_s()).encode())
            await refuse(scope, send, 503, "the server is full", [after])
            return
        await send({"type": "websocket.accept"})
        connection = _Connection(self._station, self._tasks, send)
        connection.link.come_from(peer(scope), endpoint(scope), authorization(scope), owner.digest)
        try:
            await connection.run(receive)
        finally:
            connection.close()


class _Connection:
    """One WebSocket."""

    def __init__(self, station: Station, tasks: asyncio.TaskGroup, send: Send) -> None:
        self._station = station
        self._tasks = tasks
        self._send = send
        self._waiting: set[bytes] = set()
        self._pushing = False
        self._malformed = 0
        self._allowance = BURST
        self._last_s = asyncio.get_running_loop().time()
        self._is_closed = False
        self._last_uid = b""
        self.link: Link = station.open_link(self.wake, self.replaced)

    async def run(self, receive: Receive) -> None:
        """Answer messages until the connection ends."""
        event = await self._first(receive)
        while event["type"] == "websocket.receive":
            if event.get("bytes") is None:
                self._note("a text message")
                await self._end(WRONG_TYPE, "OpAMP messages are binary")
                return
            await self._pace()
            await self._take(event["bytes"])
            if self._is_closed:
                return
            event = await receive()
        if event.get("code") == TOO_BIG:  # ended by the transport, before the whole had come
            self._note("a message that is too large")

    def close(self) -> None:
        """The connection is gone."""
        self._is_closed = True
        self._station.close_link(self.link)

    def replaced(self) -> None:
        """The agent came back over another connection: this one is of no use."""
        self._spawn(self._end(GOING_AWAY, "the agent uses another connection"))

    def wake(self, uid: bytes) -> None:
        """Something is to be sent to an agent; returns at once."""
        self._waiting.add(uid)
        if not self._pushing and not self._is_closed:
            self._pushing = True
            self._spawn(self._push())

    def _note(self, what: str) -> None:
        """Write into the audit log what is no message, and whose it is."""
        station = self._station
        station.watchman.garbled(self.link.peer, self._last_uid, what, station.clock())

    async def _first(self, receive: Receive) -> Event:
        """The first message, which is due at once (specification, WebSocket transport)."""
        try:
            async with asyncio.timeout(FIRST_S):
                return await receive()
        except TimeoutError:
            await self._end(POLICY, "no report came")
            return {"type": "websocket.disconnect"}

    async def _take(self, data: bytes) -> None:
        station = self._station
        try:
            message = decode_frame(AgentToServer, data, station.limits)
        except TooLarge:
            self._note("a message that is too large")
            await self._end(TOO_BIG, "message too large")
            return
        except Malformed as error:
            station.counts["malformed"] += 1
            self._note(error.reason)
            station.watchman.malformed(self.link, error.reason, station.clock())
            self._malformed += 1
            await self._deliver(bad_request(self._last_uid, error.reason))
            if self._malformed >= MOST_MALFORMED:
                await self._end(POLICY, "too many malformed messages")
            return
        self._last_uid = message.instance_uid
        await self._deliver(await station.answer(self.link, message))

    async def _push(self) -> None:
        """Send what is due, one message after the other, each made when it can be sent."""
        try:
            while self._waiting and not self._is_closed:
                await self._station.decided()
                uid = self._waiting.pop()
                made = self._station.fleet.push_message(self.link, uid, self._station.clock())
                if made is None:
                    continue
                self._waiting.add(uid)  # a command may follow an offer
                if not await self._station.keeper.settle():
                    await self._end(TRY_AGAIN, "the server cannot write")
                    return
                await self._deliver(made.take())
                self._station.counts["pushes"] += 1
        finally:
            self._pushing = False

    async def _deliver(self, message: ServerToAgent) -> None:
        fitted = self._station.fitted(message)
        self._station.watchman.sends(self.link, fitted, self._station.clock())
        data = frame(fitted)
        await self._within({"type": "websocket.send", "bytes": data})

    async def _end(self, code: int, reason: str) -> None:
        self._is_closed = True
        await self._within({"type": "websocket.close", "code": code, "reason": reason})

    async def _within(self, event: Event) -> None:
        """Send an event; a peer that does not read is given up."""
        try:
            async with asyncio.timeout(SEND_S):
                await self._send(event)
        except TimeoutError:
            self._station.counts["slow_peers"] += 1
            self._is_closed = True
            self._station.abort(self.link.peer)
        except (OSError, RuntimeError):
            self._is_closed = True  # it ended while we were sending

    async def _pace(self) -> None:
        """Wait where a peer sends faster than it may."""
        now_s = asyncio.get_running_loop().time()
        earned = (now_s - self._last_s) * RATE_PER_S
        self._allowance = min(BURST, self._allowance + earned) - 1
        self._last_s = now_s
        if self._allowance < 0:
            self._station.counts["slowed"] += 1
            await asyncio.sleep(-self._allowance / RATE_PER_S)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.create_task(self._station.guarded(work))
