"""A WebSocket that passes through: bytes as they come, or message by message where faults are.

Without faults the frames of both sides are passed on untouched, with their fragments, compression,
masks, pings and close codes. With faults each message is held until it is whole.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from otx.opamp.protocol import Side
from otx.services.opamp_tap.faults import End, Injector, Order
from otx.services.opamp_tap.frames import (
    Control,
    Data,
    FrameReader,
    Inflater,
    Opcode,
    Passing,
    Seen,
    make_frame,
)
from otx.services.opamp_tap.link import PIECE, Link, why_gone
from otx.services.opamp_tap.observer import Conversation

HELD_S = 1.0
"""How long a message is held back that the next one is to overtake."""
CLOSING_S = 5.0
"""How long the other direction may go on after one ended."""
NS_PER_S = 1_000_000_000
Held = list[tuple[bytes, int]]
"""The message that the next one is to overtake, and how often it is sent; never more than one."""


class Tunnel:
    """One WebSocket between an agent and a server."""

    def __init__(
        self,
        agent: Link,
        server: Link,
        conversation: Conversation,
        injector: Injector,
        clock: Callable[[], int],
    ) -> None:
        self._links = {Side.CLIENT: agent, Side.SERVER: server}
        self._conversation = conversation
        self._injector = injector
        self._clock = clock
        self._is_silent = False
        self._is_over = False

    async def run(self, limit: int, contexts: tuple[bool, bool] | None) -> None:
        """Pass on both ways until both ends are closed.

        Args:
            limit: Bytes of a message that are held.
            contexts: Of client and server, as `heads.deflate_context` gives them.
        """
        keeps = contexts or (False, False)
        readers = [
            FrameReader(
                limit,
                is_client,
                Inflater(keep, limit) if contexts else None,
                keeps_raw=self._injector.faults.touch_messages,
            )
            for is_client, keep in zip((True, False), keeps, strict=True)
        ]
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(self._pump(Side.CLIENT, readers[0]))
            second = tasks.create_task(self._pump(Side.SERVER, readers[1]))
            await asyncio.wait((first, second), return_when=asyncio.FIRST_COMPLETED)
            if not self._is_silent:
                await asyncio.wait((first, second), timeout=CLOSING_S)
                self._cut()

    async def _pump(self, side: Side, frames: FrameReader) -> None:
        try:
            await self._pass(side, frames)
        except (OSError, asyncio.IncompleteReadError) as error:
            self._lost(side, error)

    async def _pass(self, side: Side, frames: FrameReader) -> None:
        source, target = self._links[side], self._links[side.other]
        is_whole = not self._injector.faults.touch_messages
        held: Held = []
        while not self._is_over:
            data = await _read(source, HELD_S if held else None)
            if data == b"":
                break
            if self._is_silent:
                continue
            if is_whole and data is not None:
                target.writer.write(data)
            for seen in frames.feed(data or b""):
                self._observe(side, seen)
                if not is_whole:
                    await self._deliver(side, seen, held)
            if data is None:
                await self._release(side, held)
            await self._drain(side.other)
        if not is_whole and not self._is_over and not self._is_silent:
            target.writer.write(frames.rest())
        self._ends(side, target)

    async def _drain(self, side: Side) -> None:
        """Wait until a side has room; one that is gone ends both."""
        try:
            await self._links[side].writer.drain()
        except OSError as error:
            self._lost(side, error)

    def _lost(self, side: Side, error: Exception) -> None:
        if not self._is_over:
            self._conversation.lost(self._clock(), side, why_gone(error))
        if not self._is_silent:
            self._cut(with_reset=isinstance(error, ConnectionResetError))

    def _ends(self, side: Side, target: Link) -> None:
        if self._is_over:
            return
        text = "ends the connection without a Close frame"
        if self._is_silent:
            text = "gives the half-open connection up"
        self._conversation.lost(self._clock(), side, text)
        if not self._is_silent:
            target.end_writing()

    def _observe(self, side: Side, seen: Seen) -> None:
        now_ns = self._clock()
        if isinstance(seen, Control):
            self._control(side, seen, now_ns)
        elif isinstance(seen, Data) and not self._injector.faults.touch_messages:
            self._conversation.message(now_ns, side, seen.payload, seen.opcode == Opcode.TEXT)

    def _control(self, side: Side, seen: Control, now_ns: int) -> None:
        if seen.odd:
            self._conversation.note(now_ns, f"sends {seen.odd}", side)
        elif seen.opcode == Opcode.CLOSE:
            reason = seen.payload[2:].decode(errors="replace")
            self._conversation.closes(now_ns, side, seen.close_code, reason)
        else:
            self._conversation.pinged(now_ns, side, is_pong=seen.opcode == Opcode.PONG)

    async def _deliver(self, side: Side, seen: Seen, held: Held) -> None:
        """Send on what came, with what was asked to go wrong."""
        if self._is_silent or self._is_over:
            return
        target = self._links[side.other]
        if isinstance(seen, Passing | Control):
            target.writer.write(seen.raw)
            return
        if seen.payload is None:
            # It went by in pieces, or cannot be inflated: nothing can be done to it.
            target.writer.write(seen.raw)
            self._conversation.message(self._clock(), side, None, is_text=False)
            return
        order = self._injector.message(side, seen.payload, True, seen.opcode)
        is_text = seen.opcode == Opcode.TEXT
        now_ns = self._clock()
        fate = order.fate(seen.payload, is_text)
        self._conversation.message(now_ns, side, seen.payload, is_text, fate)
        self._conversation.faults(now_ns, order.told, side)
        frame = seen.raw
        if order.is_spoilt:
            frame = make_frame(order.opcode, order.data, is_masked=side is Side.CLIENT)
        await self._carry_out(side, order, held, frame)

    async def _carry_out(self, side: Side, order: Order, held: Held, frame: bytes) -> None:
        if order.end is not None:
            await self._end(order.end)
            return
        if order.delay_ns:
            await asyncio.sleep(order.delay_ns / NS_PER_S)
        if order.is_held and not held:
            held.append((frame, order.copies))
            return
        await self._send(side.other, frame, order.copies)
        await self._release(side, held)

    async def _release(self, side: Side, held: Held) -> None:
        while held:
            await self._send(side.other, *held.pop())

    async def _send(self, side: Side, frame: bytes, copies: int) -> None:
        for _ in range(copies):
            self._links[side].writer.write(frame)
            await self._drain(side)

    async def _end(self, end: End | int) -> None:
        if end is End.SILENT:
            self._is_silent = True
            return
        self._is_over = True
        if isinstance(end, int):
            payload = end.to_bytes(2, "big") + b"told to by --fault"
            for side, link in self._links.items():
                with suppress(OSError):
                    frame = make_frame(Opcode.CLOSE, payload, is_masked=side is Side.SERVER)
                    await link.send(frame)
                    link.end_writing()
            return
        self._cut(with_reset=True)

    def _cut(self, with_reset: bool = False) -> None:
        self._is_over = True
        for link in self._links.values():
            if with_reset:
                link.reset()
            else:
                link.abort()


async def _read(link: Link, timeout_s: float | None) -> bytes | None:
    """What comes next; b"" at the end, None where nothing came in time."""
    if timeout_s is None:
        # A TimeoutError from here is the kernel's: the peer acknowledges nothing.
        return await link.reader.read(PIECE)
    try:
        async with asyncio.timeout(timeout_s):
            return await link.reader.read(PIECE)
    except TimeoutError:
        return None
