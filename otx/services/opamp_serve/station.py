"""Where connections and the core meet: a report goes in, its changes are kept, its answer goes out.

One thread runs all of it, so that the core needs no locks. What an agent is sent without a report
is made at the moment when its connection can take it: a slow reader has one message waiting, never
a queue, and gets what holds then.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine

from otx.opamp.framing import HEADER, Limits
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.server.answers import unavailable
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Entry
from otx.opamp.server.refusals import Refusals
from otx.services.opamp_serve.keeper import Keeper
from otx.services.opamp_serve.memory import Housekeeping
from otx.services.opamp_serve.watchman import Watchman

RETRY_AFTER_S = 30
"""The least an agent is told to stay away (specification, throttling); as much again at random."""
NS_PER_S = 1_000_000_000


class Station:
    """The fleet with its connections.

    Attributes:
        counts: What happened, by word: reports, pushes, malformed, discarded, turned_away, …
        most_links: WebSockets at a time.
        lags_s: How late the last ticks were: what an answer had to wait for the processor.
        refusals: Who was not let in.
        links: What closes a WebSocket, by its link's number.
        is_ending: Whether this server closes the connections itself: whose they were is kept, who
            is expected back when it starts again.
        deciding: Held while an operator's change goes to the disk: until then nobody may see it.
        abort: Drops the connection of a peer that does not read, and what waits to be sent to it.
    """

    def __init__(
        self,
        fleet: Fleet,
        keeper: Keeper,
        limits: Limits,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Begin with no connection."""
        self.fleet = fleet
        self.keeper = keeper
        self.limits = limits
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.watchman = Watchman(keeper.audit, self.counts)
        self.refusals = Refusals()
        self.lags_s: deque[float] = deque(maxlen=60)
        self.most_links = 1_000
        self.started_ns = clock()
        self.is_ending = False
        self.links: dict[int, Callable[[], None]] = {}
        self.abort: Callable[[str], None] = lambda peer: None
        self.warn: Callable[[str], None] = lambda line: None
        self.housekeeping = Housekeeping(time.monotonic())
        self.deciding = asyncio.Lock()
        self._numbers = 0
        self._wakers: dict[int, Callable[[bytes], None]] = {}

    @property
    def is_full(self) -> bool:
        """Whether no more connections are taken."""
        return len(self.links) >= self.most_links

    def open_link(self, wake: Callable[[bytes], None], close: Callable[[], None]) -> Link:
        """A new WebSocket; `wake` is called with a uid that something is to be sent to."""
        self._numbers += 1
        link = Link(self._numbers, "ws")
        self._wakers[link.number] = wake
        self.links[link.number] = close
        return link

    def close_link(self, link: Link) -> None:
        """A WebSocket is gone."""
        self._wakers.pop(link.number, None)
        self.links.pop(link.number, None)
        self.watchman.left(link)
        if not self.is_ending:
            self.fleet.lost(link, self.clock())

    async def answer(self, link: Link, message: AgentToServer) -> ServerToAgent:
        """The answer to a report; what the report changed is on the disk by then."""
        with self.watchman.exchange(link, message, self.clock) as sends:
            return sends(await self._answer(link, message))

    async def _answer(self, link: Link, message: AgentToServer) -> ServerToAgent:
        self.counts["reports"] += 1
        if self.keeper.is_behind:
            return self.turn_away(message.instance_uid)
        await self.decided()
        before = self.keeper.length
        reply = self.fleet.receive(link, message, self.clock())
        for number in reply.closes:
            if close := self.links.get(number):
                close()
        is_kept = self.keeper.length == before or await self.keeper.settle()
        if not is_kept:
            return self.turn_away(message.instance_uid)
        self.wake_due()
        if link.number and reply.uid is not None and self.fleet.has_push(reply.uid):
            self._wake(reply.uid)
        return reply.answer.take()

    async def decided(self) -> None:
        """Wait until no change of an operator is on its way to the disk."""
        while self.deciding.locked():
            async with self.deciding:
                pass

    def turn_away(self, uid: bytes) -> ServerToAgent:
        """Tell an agent to come again later."""
        self.counts["turned_away"] += 1
        why = "the server cannot write" if self.keeper.error else "the server is overloaded"
        return unavailable(uid, why, retry_after_s() * NS_PER_S)

    def turned_away(self, peer: str, uid: str, why: str) -> None:
        """Somebody was not let in."""
        self.counts["refused"] += 1
        now_ns = self.clock()
        if self.refusals.note(now_ns, peer, uid, why):
            whom = f"{uid} from {peer}" if uid else peer
            self.keeper.audit(Entry(now_ns, "server", "refused", whom, why))

    def fitted(self, message: ServerToAgent) -> ServerToAgent:
        """A message within the limit: an offer that makes it too large is left out and counted.

        The specification forbids sending such a message; the report is still owed an answer.
        """
        if message.ByteSize() <= self.limits.message_bytes - len(HEADER):
            return message
        self.counts["discarded"] += 1
        if self.counts["discarded"] == 1:
            self.warn(f"an offer is over the limit of {self.limits.message_bytes} bytes: not sent")
        for name in ("remote_config", "connection_settings", "packages_available"):
            message.ClearField(name)
        return message

    def wake_due(self) -> None:
        """Have what is due sent to agents that are there."""
        due, self.fleet.due = self.fleet.due, set()
        for uid in due:
            self._wake(uid)

    def tick(self) -> None:
        """What happens without a report: once a second."""
        if not self.deciding.locked():
            self.fleet.tick(self.clock())
            self.wake_due()
        self.watchman.tick(self.clock())
        self.keeper.beats(self.fleet.take_heard())
        closed = self._numbers - len(self.links)
        self.housekeeping.tick(self._numbers, closed, time.monotonic())

    async def run_ticks(self, period_s: float = 1.0) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + period_s
            await asyncio.sleep(period_s)
            self.lags_s.append(loop.time() - due_s)
            try:
                self.tick()
            except Exception as error:
                self.faulted(error)  # the server goes on; the next tick may do better

    async def guarded(self, work: Coroutine[None, None, None]) -> None:
        """Do something whose fault must not end the server."""
        try:
            await work
        except Exception as error:
            self.faulted(error)

    def faulted(self, error: Exception) -> None:
        """Count what must not happen, and say it."""
        self.counts["faults"] += 1
        self.warn(f"a fault of otx: {type(error).__name__}: {error}")

    def _wake(self, uid: bytes) -> None:
        agent = self.fleet.agents.get(uid)
        link = agent.link if agent is not None else None
        if link is not None and link in self._wakers:
            self._wakers[link](uid)


def retry_after_s() -> int:
    """How long to stay away, different for each agent, so that they do not return all at once."""
    return RETRY_AFTER_S + random.randrange(RETRY_AFTER_S)
