"""Watches what goes over the server's connections, and writes down which rules agents break.

A line in the audit log for each rule and agent, the first time; the rest is counted. The server's
own messages are watched too: what it breaks itself is a fault of otx, and is said the same way.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from otx.opamp.instance_uid import uid_text
from otx.opamp.monitor import Broken, Monitor, Watch
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Entry

REMEMBERED = 20_000
"""Pairs of an agent and a rule that were written down; the oldest may be written down again."""
LINES_AN_HOUR = 500
"""More are only counted: a hostile agent can take any number of uids."""
MOST_GARBLERS = 1_000
"""Addresses and reasons of malformed messages that were written down."""
ROUND = 30
"""Calls of `tick` in which each connection has its turn once: half of a watcher's patience, and of
ten thousand connections a few hundred at a time."""
HOUR_NS = 3600 * 1_000_000_000


class Watchman:
    """One for a server.

    Args:
        audit: Where a line of the audit log goes.
        counts: `broken_rules` grows by each.
    """

    def __init__(self, audit: Callable[[Entry], None], counts: Counter[str]) -> None:
        self._audit = audit
        self._counts = counts
        self._watch = Watch()
        self._http = self._watch.connection(Transport.HTTP)
        self._links: dict[int, Monitor] = {}
        self._told: OrderedDict[tuple[bytes, int], None] = OrderedDict()
        self._garbled: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._turns: list[int] = []
        self._turn = 0
        self._share = 0
        self._hour = 0
        self._lines = 0

    @contextmanager
    def exchange(
        self, link: Link, report: AgentToServer, clock: Callable[[], int]
    ) -> Iterator[Callable[[ServerToAgent], ServerToAgent]]:
        """A report came in; what it yields passes the answer on.

        Over a WebSocket the answer is watched where it is sent (`sends`), as pushes are. A request
        that ends without an answer has none in flight any more.
        """
        monitor = self._monitor(link)
        self._note(monitor.client_sent(report, clock()))
        is_answered = bool(link.number)

        def passed_on(answer: ServerToAgent) -> ServerToAgent:
            nonlocal is_answered
            if not link.number:
                self.sends(link, answer, clock())
                is_answered = True
            return answer

        try:
            yield passed_on
        finally:
            if not is_answered:
                monitor.refused(report.instance_uid, 0, clock())

    def sends(self, link: Link, message: ServerToAgent, now_ns: int) -> None:
        """An answer or a push goes out."""
        self._note(self._monitor(link).server_sent(message, now_ns))

    def malformed(self, link: Link, reason: str, now_ns: int) -> None:
        """A message came in that does not decode."""
        self._note(self._monitor(link).malformed(Side.CLIENT, reason, now_ns))

    def garbled(self, peer: str, uid: bytes, reason: str, now_ns: int) -> None:
        """Write down where a message came from that cannot be read: once for an address and why."""
        key = (peer.rpartition(":")[0], reason)
        if key in self._garbled or not self._has_line_left(now_ns):
            return
        self._garbled[key] = None
        if len(self._garbled) > MOST_GARBLERS:
            self._garbled.popitem(last=False)
        whom = uid_text(uid) if uid else peer
        self._audit(Entry(now_ns, "agent", "malformed", whom, f"from {peer}: {reason}"))

    def left(self, link: Link) -> None:
        """A WebSocket is gone."""
        self._links.pop(link.number, None)

    def tick(self, now_ns: int) -> None:
        """Find what is overdue on a share of the connections; called once a second.

        Over HTTP a request has its answer or is over: nothing can be overdue there.
        """
        if self._turn >= len(self._turns):
            self._turns, self._turn = list(self._links), 0
            self._share = -(-len(self._turns) // ROUND)
        for number in self._turns[self._turn : self._turn + self._share]:
            if (monitor := self._links.get(number)) is not None:
                self._note(monitor.tick(now_ns))
        self._turn += self._share

    def _monitor(self, link: Link) -> Monitor:
        if not link.number:
            return self._http
        if link.number not in self._links:
            self._links[link.number] = self._watch.connection()
        return self._links[link.number]

    def _note(self, broken: list[Broken]) -> None:
        for one in broken:
            self._counts["broken_rules"] += 1
            key = (one.uid, one.rule.number)
            if key in self._told or not self._has_line_left(one.at_ns):
                continue
            self._told[key] = None
            if len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
            who = "agent" if one.side is Side.CLIENT else "server"
            line = f"{one} (rule {one.rule.number}: {one.rule.sentence})"
            self._audit(Entry(one.at_ns, who, "rule", uid_text(one.uid), line))

    def _has_line_left(self, at_ns: int) -> bool:
        hour = at_ns // HOUR_NS
        if hour != self._hour:
            self._hour, self._lines = hour, 0
        self._lines += 1
        return self._lines <= LINES_AN_HOUR
