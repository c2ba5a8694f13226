"""A tap in this process, between peers of the test, and what it told."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from otx.opamp.framing import Limits
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.otlp.address import Address, bind
from otx.services.opamp_tap.events import Event, Kind
from otx.services.opamp_tap.faults import Faults, Injector
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.proxy import Proxy
from otx.services.opamp_tap.tap import TapOptions, target_of

UID = bytes(range(16))
WAIT_S = 60.0


def report(number: int = 1, uid: bytes = UID) -> AgentToServer:
    """A report with a description, so that it counts as complete."""
    message = AgentToServer(instance_uid=uid, sequence_num=number, capabilities=0x1)
    name = message.agent_description.identifying_attributes.add(key="service.name")
    name.value.string_value = "shop"
    return message


def answer(uid: bytes = UID, flags: int = 0) -> ServerToAgent:
    return ServerToAgent(instance_uid=uid, capabilities=0x1, flags=flags)


@dataclass
class Tapped:
    """A tap that runs."""

    port: int
    observer: Observer
    events: list[Event] = field(default_factory=list)

    def says(self, kind: Kind = Kind.MESSAGE, side: Side | None = None) -> list[str]:
        return [
            "; ".join(event.phrases)
            for event in self.events
            if event.kind is kind and side in (None, event.side)
        ]

    @property
    def rules(self) -> list[int]:
        return [broken.rule.number for event in self.events for broken in event.broken]

    async def until(self, holds: Callable[[], object]) -> None:
        """Let the tap go on until something holds."""
        async with asyncio.timeout(WAIT_S):
            while not holds():
                await asyncio.sleep(0.005)

    async def told(self, text: str) -> Event:
        """The event that says something, once it is there."""

        def found() -> list[Event]:
            return [one for one in self.events if any(text in said for said in one.phrases)]

        await self.until(found)
        return found()[0]


@asynccontextmanager
async def tapped(
    to: str,
    fault: str = "",
    seed: int = 0,
    limit: int = 64 << 20,
    context: ssl.SSLContext | None = None,
    most: int = 100,
    **options: object,
) -> AsyncIterator[Tapped]:
    """Tap in front of a server."""
    asked = TapOptions(Address("127.0.0.1", 0), to, **options)  # type: ignore[arg-type]
    listener = bind(asked.listen)
    events: list[Event] = []
    observer = Observer(events.append, Limits(message_bytes=limit))
    proxy = Proxy(
        listener,
        context,
        target_of(asked),
        observer,
        Injector(Faults.parse(fault), seed),
        time.time_ns,
        most,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(proxy.run())
        try:
            yield Tapped(listener.getsockname()[1], observer, events)
        finally:
            running.cancel()
            listener.close()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
