"""What passes through a tap, made into events: decoded, told, timed, and watched for broken rules.

No sockets here and no clock of its own: a proxy reports what passes, a record is reported again.
"""

import base64
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from otx.model.units import NS_PER_S
from otx.opamp.framing import Limits, Malformed, TooLarge, decode, decode_frame, frame
from otx.opamp.instance_uid import uid_text
from otx.opamp.monitor import Broken, Watch
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.opamp.story import Storyteller
from otx.services.opamp_tap.events import LONGEST_UID, Event, Kind
from otx.services.opamp_tap.summary import Summary

QUIET_NS = 15 * NS_PER_S
"""Silence of a side that owes something after which its connection may be half-open."""
LIMITS = Limits()
MOST_OWED = 1_000
MOST_UIDS = 1_000

Told = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Fate:
    """What faults made of a message.

    Attributes:
        arrivals: How often its receiver gets it as it was sent.
        sent: What its receiver gets instead; None where that is nothing, or too much to keep.
        is_text: Whether that is a text message.
    """

    arrivals: int = 1
    sent: bytes | None = None
    is_text: bool = False

    def kept(self) -> dict[str, Any]:
        """What a record keeps of it: nothing where nothing was done."""
        if self.arrivals == 1:
            return {}
        sent = None if self.sent is None else base64.b64encode(self.sent).decode()
        return {"arrivals": self.arrivals, "sent": sent, "sent_text": self.is_text}


WHOLE = Fate()


class Observer:
    """All that passes through one tap."""

    def __init__(self, told: Told, limits: Limits = LIMITS) -> None:
        self._told = told
        self.limits = limits
        self.summary = Summary()
        self.story = Storyteller()
        self.watch = Watch()
        self.http = self.watch.connection(Transport.HTTP)
        self._numbers = itertools.count(1)
        self.open: dict[int, Conversation] = {}

    def conversation(self, number: int | None = None) -> "Conversation":
        """A new connection, of a number or of the next one."""
        one = Conversation(self, next(self._numbers) if number is None else number)
        self.open[one.number] = one
        return one

    def tell(self, event: Event) -> None:
        """Count an event and hand it on."""
        self.summary.count(event)
        self._told(event)

    def note(self, at_ns: int, text: str) -> None:
        """Something that belongs to no connection."""
        self.tell(Event(Kind.NOTE, at_ns, 0, [text]))

    def tick(self, now_ns: int) -> None:
        """Time passed; call it every second or so."""
        for one in list(self.open.values()):
            one.tick(now_ns)
        if broken := self.http.tick(now_ns):
            self.tell(_overdue(broken, now_ns, 0))


class Conversation:
    """One connection of an agent: a WebSocket, or requests of plain HTTP one after the other."""

    def __init__(self, observer: Observer, number: int) -> None:
        self.number = number
        self._observer = observer
        self._monitor = observer.watch.connection()
        self._owed: OrderedDict[bytes, deque[int]] = OrderedDict()
        self._pings: dict[Side, int] = {}
        self._is_quiet: set[Side] = set()
        self._last_uid = b""
        self._is_closed = False
        self.host = ""
        """The header Host of the agent: how it reaches the tap."""

    def note(self, at_ns: int, text: str, side: Side | None = None, **details: Any) -> None:
        """Something that is worth a line."""
        self.tell(Event(Kind.NOTE, at_ns, self.number, [text], side, details=details))

    def faults(self, at_ns: int, told: list[str], side: Side | None) -> None:
        """Something was broken on purpose."""
        for text in told:
            self.tell(Event(Kind.FAULT, at_ns, self.number, [text], side, uid=self._last_uid))

    def opened(self, at_ns: int, phrases: list[str], **details: Any) -> None:
        """A WebSocket is open."""
        self.tell(Event(Kind.OPEN, at_ns, self.number, phrases, details=details))

    def message(
        self, at_ns: int, side: Side, data: bytes | None, is_text: bool, fate: Fate = WHOLE
    ) -> None:
        """A message of a WebSocket, as its sender sent it; None: it could not be put together."""
        event = Event(Kind.MESSAGE, at_ns, self.number, [], side, data=data, is_text=is_text)
        event.kept = fate.kept()
        try:
            if data is None:
                raise TooLarge("it is over the limit, or cannot be inflated")
            if is_text:
                raise Malformed("a text message, not a binary one")
            if side is Side.CLIENT:
                report = decode_frame(AgentToServer, data, self._observer.limits)
                self._report(event, report, fate)
                event.broken = self._monitor.client_sent(report, at_ns, fate.arrivals > 0)
            else:
                answer = decode_frame(ServerToAgent, data, self._observer.limits)
                self._answer(event, answer)
                event.broken = self._monitor.server_sent(answer, at_ns, fate.arrivals > 0)
        except TooLarge as error:
            event.phrases = [f"not decoded: {error.reason}"]
        except Malformed as error:
            event.phrases = [f"malformed: {error.reason}"]
            event.broken = self._monitor.malformed(side, error.reason, at_ns)
        self._heard(side)
        self.tell(event)

    def request(
        self, at_ns: int, body: bytes | None, claimed_uid: str, fate: Fate = WHOLE
    ) -> bytes:
        """A report over plain HTTP, decompressed; None: it could not be. Gives its uid."""
        event = self._http_event(at_ns, Side.CLIENT, body, fate)
        try:
            if body is None:
                raise TooLarge("it is over the limit, or cannot be unpacked")
            report = decode(AgentToServer, body, self._observer.limits)
            self._report(event, report, fate)
            event.broken = self._observer.http.client_sent(report, at_ns, fate.arrivals > 0)
            if claimed_uid and not _is_uid(claimed_uid, report.instance_uid):
                event.phrases.append("the header OpAMP-Instance-UID names another uid")
        except Malformed as error:
            event.phrases = [f"malformed: {error.reason}"]
            self._last_uid = b""
        self.tell(event)
        return self._last_uid

    def response(
        self, at_ns: int, body: bytes | None, uid: bytes, asked_ns: int, fate: Fate = WHOLE
    ) -> None:
        """A response with status 200 to the report of an agent."""
        event = self._http_event(at_ns, Side.SERVER, body, fate)
        event.latency_ns = at_ns - asked_ns
        event.uid = uid
        try:
            if body is None:
                raise TooLarge("it is over the limit, or cannot be unpacked")
            answer = decode(ServerToAgent, body, self._observer.limits)
            event.message = answer
            event.phrases = [*self._observer.story.answer(answer, uid), *self._led_away(answer)]
            event.broken = self._observer.http.server_sent(answer, at_ns, fate.arrivals > 0)
        except Malformed as error:
            event.phrases = [f"malformed: {error.reason}"]
        self.tell(event)

    def refused(
        self, at_ns: int, status: int, phrases: list[str], uid: bytes, retry_after_s: float | None
    ) -> None:
        """A request or an opening was answered with another status."""
        event = Event(Kind.REFUSED, at_ns, self.number, phrases, Side.SERVER, uid=uid)
        event.details = {"status": status, "retry_after_s": retry_after_s}
        if uid:
            event.transport = Transport.HTTP
            event.broken = self._observer.http.refused(uid, status, at_ns, retry_after_s)
        self.tell(event)

    def unanswered(self, at_ns: int, uid: bytes) -> None:
        """A request of plain HTTP has got no response: its agent may ask again at once."""
        self._observer.http.refused(uid, 0, at_ns)

    def pinged(self, at_ns: int, side: Side, is_pong: bool) -> None:
        """A ping or a pong passed; it is told only where no pong comes."""
        self._heard(side)
        if is_pong:
            self._pings.pop(side, None)
        else:
            self._pings.setdefault(side.other, at_ns)

    def closes(self, at_ns: int, side: Side, code: int, reason: str) -> None:
        """A Close frame passed."""
        said = f"closes with {code}" + (f": {reason}" if reason else "")
        event = Event(Kind.CLOSE, at_ns, self.number, [said], side, details={"code": code})
        event.uid = self._last_uid
        event.broken = self._monitor.closed(side, code, at_ns)
        self._is_closed = True
        self.tell(event)

    def lost(self, at_ns: int, side: Side, how: str) -> None:
        """A connection ended; that is worth a line where no Close frame passed before."""
        if not self._is_closed:
            self._is_closed = True
            event = Event(Kind.CLOSE, at_ns, self.number, [how], side, uid=self._last_uid)
            self.tell(event)

    def end(self) -> None:
        """Nothing more comes of this connection."""
        self._observer.open.pop(self.number, None)

    def tick(self, now_ns: int) -> None:
        """Time passed."""
        if self._is_closed:
            return
        if broken := self._monitor.tick(now_ns):
            self.tell(_overdue(broken, now_ns, self.number))
        first = min((times[0] for times in self._owed.values() if times), default=now_ns)
        self._quiet(now_ns, Side.SERVER, first, "answers nothing")
        for side, asked_ns in list(self._pings.items()):
            self._quiet(now_ns, side, asked_ns, "sends no pong to a ping")

    def _quiet(self, now_ns: int, side: Side, since_ns: int, what: str) -> None:
        if now_ns - since_ns < QUIET_NS or side in self._is_quiet:
            return
        self._is_quiet.add(side)
        seconds = (now_ns - since_ns) // NS_PER_S
        self.note(now_ns, f"{what} for {seconds} s: half-open?", side)

    def _report(self, event: Event, report: AgentToServer, fate: Fate) -> None:
        uid = report.instance_uid
        event.uid, event.sequence, event.message = uid, report.sequence_num, report
        event.phrases = self._observer.story.report(report)
        if uid[:LONGEST_UID] not in self._observer.summary.agents:
            event.phrases.insert(0, f"uid {uid_text(uid[:LONGEST_UID])}")
        self._last_uid = uid
        if event.transport is Transport.HTTP:
            return
        times = self._owed.setdefault(uid, deque(maxlen=MOST_OWED))
        times.extend([event.at_ns] * fate.arrivals)
        if len(self._owed) > MOST_UIDS:
            self._owed.popitem(last=False)

    def _answer(self, event: Event, answer: ServerToAgent) -> None:
        # A server that could not decode a report does not know whose it is.
        uid = answer.instance_uid or self._last_uid
        event.uid, event.message = uid, answer
        event.phrases = [*self._observer.story.answer(answer, uid), *self._led_away(answer)]
        if times := self._owed.get(uid):
            event.latency_ns, event.is_exact = event.at_ns - times.popleft(), False
        else:
            event.phrases.insert(0, "push")

    def _led_away(self, answer: ServerToAgent) -> list[str]:
        """What is said where an offer takes the agent out of sight."""
        offered = answer.connection_settings.opamp.destination_endpoint
        if not offered or not self.host:
            return []
        try:
            is_here = urlsplit(offered).netloc == self.host
        except ValueError:
            is_here = False
        return [] if is_here else ["the agent is led past this tap"]

    def _heard(self, side: Side) -> None:
        self._is_quiet.discard(side)

    def _http_event(self, at_ns: int, side: Side, body: bytes | None, fate: Fate) -> Event:
        event = Event(Kind.MESSAGE, at_ns, self.number, [], side, Transport.HTTP, data=body)
        event.kept = fate.kept()
        return event

    def tell(self, event: Event) -> None:
        """Hand an event on."""
        self._observer.tell(event)


def warm_up() -> None:
    """Build what is built once: the first agent would wait for it."""
    one = Observer(lambda _: None).conversation()
    one.message(0, Side.CLIENT, frame(AgentToServer(instance_uid=bytes(16))), is_text=False)
    one.message(0, Side.SERVER, frame(ServerToAgent(instance_uid=bytes(16))), is_text=False)


def _overdue(broken: list[Broken], now_ns: int, number: int) -> Event:
    event = Event(Kind.NOTE, now_ns, number, ["overdue"], uid=broken[0].uid, broken=broken)
    event.side = broken[0].side
    return event


def _is_uid(text: str, uid: bytes) -> bool:
    return text.replace("-", "").lower() == uid.hex()
