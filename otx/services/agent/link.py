"""The connection to a server: made, kept, lost and made again, for as long as the agent runs."""

import asyncio
import contextlib
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from otx.opamp.client.core import Client, Effects
from otx.opamp.client.effects import (
    ConfigOffered,
    CustomArrived,
    Leave,
    NewIdentity,
    Remark,
    RestartOrder,
    Send,
    SettingsOffer,
    TelemetryOffer,
)
from otx.opamp.client.settings import Role, Trial, Verdict
from otx.opamp.client.turns import Turns
from otx.opamp.config_machine import Offer
from otx.opamp.effect import Once
from otx.opamp.framing import Limits, Malformed
from otx.opamp.monitor import Watch
from otx.opamp.opamp_pb2 import ServerToAgent
from otx.opamp.transport.backoff import Backoff
from otx.opamp.transport.channel import Channel, ChannelError, Why
from otx.opamp.transport.endpoint import Endpoint
from otx.services.agent.watched import WatchedChannel

SEND_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_NS = 20 * 1_000_000_000
"""A connection on which the first report is not answered for so long is none."""
LEAVE_S = 3.0
"""How long a goodbye waits for the answer to the request before it."""
MALFORMED_AT_MOST = 8
"""Unusable messages of one connection, after which it is given up."""
WAITING = 4
"""Messages that wait to be looked at; then the server has to wait."""


class Handler(Protocol):
    """What the agent does with what a server asks for."""

    def config_offered(self, envelope: Once[Offer]) -> None:
        """A configuration is assigned."""

    def settings_offered(self, offer: SettingsOffer) -> bool:
        """Other settings for this connection; True: they are kept, try them now."""

    def settings_decided(self, verdict: Verdict, reason: str) -> None:
        """The settings that were tried work, or do not."""

    def endpoints(self, role: Role) -> Sequence[Endpoint]:
        """Where to connect to, best first, with settings of this role."""

    def restart_ordered(self) -> None:
        """The supervised process is to be restarted."""

    def identified(self, uid: bytes) -> None:
        """The server gave the agent another uid."""

    def telemetry_offered(self, offer: TelemetryOffer) -> None:
        """Where the agent's own telemetry goes."""

    def remark(self, text: str) -> None:
        """Something the user should be able to read."""

    def connection_changed(self) -> None:
        """The connection came or went."""


@dataclass(frozen=True, slots=True)
class State:
    """How the connection is.

    Attributes:
        since_unix_ns: When it came up; 0 while it is down.
        problem: Why it is down; "" while it is up.
        next_unix_ns: When it is tried again; 0 while it is up or being tried.
    """

    server: str = ""
    since_unix_ns: int = 0
    problem: str = "not connected yet"
    next_unix_ns: int = 0


OpenChannel = Callable[[Endpoint, Limits], Awaitable[Channel]]


async def open_channel(endpoint: Endpoint, limits: Limits) -> Channel:
    """The channel that an endpoint's URL asks for.

    Raises:
        ChannelError: There is no connection, and why.
    """
    if endpoint.is_websocket:
        from otx.opamp.transport.websocket import open_websocket  # 9 MB

        return await open_websocket(endpoint, limits)
    from otx.opamp.transport.polling import PollingChannel

    return PollingChannel(endpoint, limits)


class Link:
    """Keeps a `Client` connected.

    Attributes:
        state: How the connection is.
    """

    def __init__(
        self,
        client: Client,
        handler: Handler,
        *,
        trial: Trial,
        limits: Limits,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self.client = client
        self.state = State()
        self._handler = handler
        self._trial = trial
        self._limits = limits
        self._open = open_channel
        self._backoff = Backoff(random.random)
        self._inbox: asyncio.Queue[ServerToAgent | Exception | None] = asyncio.Queue()
        self._is_woken = False
        self._stopped = asyncio.Event()
        self._turns = Turns()
        self._last_url = ""
        self._answer_by_ns = 0
        self._leave: Leave | None = None
        self._retries_settings = False
        self._watch = Watch(agents=4)

    def wake(self) -> None:
        """Something changed: the core is asked what is due."""
        if self._is_woken or self._inbox.full():
            return  # a message is waiting, and what is due is looked at after each
        self._is_woken = True
        self._inbox.put_nowait(None)

    def stop(self) -> None:
        """Say goodbye and end `run`."""
        self._stopped.set()
        self.wake()

    async def run(self) -> None:
        """Connect, again and again, until stopped."""
        while not self._stopped.is_set():
            role = self._trial.role()
            try:
                pause_ns = await self._attempt(role)
            except Exception:
                # A fault of otx: the supervised process has no part in it, and runs on.
                self._handler.remark(f"a fault of otx:\n{traceback.format_exc()}")
                self.client.lost()
                pause_ns = self._backoff.down(time.monotonic_ns(), throttled=True)
            if self._retries_settings:
                self._retries_settings, pause_ns = False, 0
            await self._pause(pause_ns)

    async def _attempt(self, role: Role) -> int:
        """One connection from beginning to end; nanoseconds until the next."""
        endpoint = self._turns.choice(role, self._handler.endpoints(role))
        told: ChannelError | None = None
        try:
            opened = await self._open(endpoint, self._limits)
            channel = WatchedChannel(opened, self._watch, self._handler.remark)
            try:
                await self._session(channel, endpoint, role)
            finally:
                await channel.close()
        except ChannelError as error:
            told = error
        except ExceptionGroup as group:
            told = _channel_error(group)
        return self._ended(endpoint, role, told)

    def _ended(self, endpoint: Endpoint, role: Role, told: ChannelError | None) -> int:
        leave, self._leave = self._leave, None
        was_up = self.state.since_unix_ns != 0
        if told is not None and told.why is Why.REFUSED and self.client.is_connected:
            self._carry_out_quietly(self.client.dropped())
        elif told is not None and told.why is Why.TOO_LARGE and self.client.is_connected:
            self._carry_out_quietly(self.client.too_large())
        self.client.lost()
        reason = leave.reason if leave is not None else told.reason if told is not None else ""
        self._trial.failed(role, reason or "the server did not answer")
        if not was_up:
            self._turns.passed(role)
        throttled = leave is not None or (told is not None and told.why is Why.THROTTLED)
        wait_ns = leave.wait_ns if leave is not None else told.wait_ns if told is not None else None
        pause_ns = self._backoff.down(time.monotonic_ns(), told_ns=wait_ns, throttled=throttled)
        self.state = State(endpoint.shown, 0, reason or "not connected", time.time_ns() + pause_ns)
        if reason and not self._stopped.is_set():
            self._handler.remark(f"{endpoint.shown}: {reason}; again in {pause_ns / 1e9:.1f} s")
        self._handler.connection_changed()
        return pause_ns

    async def _session(self, channel: Channel, endpoint: Endpoint, role: Role) -> None:
        self._inbox = asyncio.Queue(WAITING)
        self._is_woken = False
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(self._read(channel))
            try:
                await self._talk(channel, endpoint, role)
            finally:
                reader.cancel()

    async def _read(self, channel: Channel) -> None:
        while True:
            try:
                await self._inbox.put(await channel.receive())
            except (ChannelError, Malformed) as error:
                await self._inbox.put(error)
                if isinstance(error, ChannelError):
                    return

    async def _talk(self, channel: Channel, endpoint: Endpoint, role: Role) -> None:
        is_other = bool(self._last_url) and endpoint.url != self._last_url
        self._last_url = endpoint.url
        self._answer_by_ns = time.monotonic_ns() + ANSWER_TIMEOUT_NS
        client = self.client
        effects = client.connected(
            time.monotonic_ns(), is_other_server=is_other, half_duplex=channel.half_duplex
        )
        malformed = 0
        while True:
            await self._carry_out(effects, channel)
            if self._leave is not None:
                return
            if self._stopped.is_set() or self._retries_settings:
                await self._take_leave(channel)
                return
            message = await self._next()
            if isinstance(message, ChannelError):
                raise message
            if isinstance(message, Malformed):
                malformed += 1
                self._handler.remark(f"ignored a message of the server: {message.reason}")
                if malformed >= MALFORMED_AT_MOST:
                    raise ChannelError(Why.BROKEN, "the server sends nothing usable")
                effects = client.malformed() + client.tick(time.monotonic_ns())
            elif isinstance(message, ServerToAgent):
                self._note_answer(message, endpoint, role)
                effects = client.received(message, time.monotonic_ns())
            else:
                effects = client.tick(time.monotonic_ns())

    async def _take_leave(self, channel: Channel) -> None:
        """Say goodbye; over HTTP once what is under way is answered, if that does not take long."""
        client = self.client
        effects = client.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                while client.is_connected:
                    message = await self._inbox.get()
                    if isinstance(message, ChannelError):
                        return
                    if isinstance(message, ServerToAgent):
                        effects = client.received(message, time.monotonic_ns()) + client.stop()
                    elif isinstance(message, Malformed):
                        effects = client.malformed() + client.stop()
        await self._carry_out(effects, channel)

    async def _next(self) -> ServerToAgent | Exception | None:
        """What comes next: a message, a failure, or None when something may be due."""
        deadline_ns = self.client.next_deadline()
        if self.state.since_unix_ns == 0:  # the first answer is still owed
            deadline_ns = min(deadline_ns or self._answer_by_ns, self._answer_by_ns)
        pause_s = None
        if deadline_ns is not None:
            pause_s = max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)
        try:
            async with asyncio.timeout(pause_s):
                message = await self._inbox.get()
        except TimeoutError:
            if self.state.since_unix_ns == 0 and time.monotonic_ns() >= self._answer_by_ns:
                return ChannelError(Why.BROKEN, "the server does not answer")
            return None
        if message is None:
            self._is_woken = False
        return message

    def _note_answer(self, message: ServerToAgent, endpoint: Endpoint, role: Role) -> None:
        """The first answer makes a connection count."""
        if message.HasField("error_response"):
            return
        if self.state.since_unix_ns == 0:
            self._backoff.up(time.monotonic_ns())
            self.state = State(endpoint.shown, time.time_ns(), "", 0)
            self._handler.connection_changed()
        reason = self._trial.reason
        verdict = self._trial.worked(role)
        if verdict is not None:
            self._handler.settings_decided(verdict, reason)

    async def _carry_out(self, effects: Effects, channel: Channel) -> None:
        for envelope in effects:
            effect = envelope.take()
            if isinstance(effect, Send):
                try:
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await channel.send(effect.message)
                except TimeoutError:
                    raise ChannelError(Why.BROKEN, "the server does not read") from None
            elif isinstance(effect, Leave):
                self._leave = effect
            else:
                self._hand_over(effect)

    def _hand_over(self, effect: object) -> None:
        handler = self._handler
        match effect:
            case ConfigOffered():
                handler.config_offered(effect.envelope)
            case SettingsOffer():
                if handler.settings_offered(effect):
                    self._trial.begin()
                    self._turns.begin()
                    self._retries_settings = True
            case TelemetryOffer():
                handler.telemetry_offered(effect)
            case RestartOrder():
                handler.restart_ordered()
            case NewIdentity():
                handler.identified(effect.uid)
            case Remark():
                handler.remark(effect.text)
            case CustomArrived():
                handler.remark(f"a custom message of {effect.message.capability} has no reader")

    def _carry_out_quietly(self, effects: Effects) -> None:
        for envelope in effects:
            self._hand_over(envelope.take())

    async def _pause(self, pause_ns: int) -> None:
        """Wait, unless stopped; what changes meanwhile is merged into the next report."""
        if pause_ns:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_ns / 1e9):
                    await self._stopped.wait()


def _channel_error(group: BaseExceptionGroup[BaseException]) -> ChannelError:
    """The failure of a connection that a task group wraps; anything else is a fault and goes on.

    Raises:
        BaseExceptionGroup: There is something else in it.
    """
    errors, rest = group.split(ChannelError)
    if rest is not None or errors is None:
        raise group
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if not isinstance(first, ChannelError):
        raise group
    return first
