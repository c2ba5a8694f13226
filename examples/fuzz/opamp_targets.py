"""OpAMP as a tap sees it: frames, messages, the story of them, and the rules they break."""

from otx.opamp.protocol import Side
from otx.output import Painter
from otx.services.opamp_tap.events import Event
from otx.services.opamp_tap.frames import Data, FrameReader, Inflater, Opcode
from otx.services.opamp_tap.heads import BadHead, Head, body_length, deflate_context
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.script import read_message

LIMIT = 1 << 16
NOON_NS = 1_790_000_000_000_000_000
STEP_NS = 20_000_000_000


def opamp_messages(data: bytes) -> None:
    """Messages of either side in turn, each behind its length; the first byte picks who begins."""
    events: list[Event] = []
    observer = Observer(events.append)
    conversation = observer.conversation()
    conversation.host = "tap:1"
    side, at_ns, rest = list(Side)[data[0] % 2], NOON_NS, data[1:]
    while rest:
        one, rest = rest[1 : 2 + rest[0]], rest[2 + rest[0] :]
        conversation.message(at_ns, side, b"\x00" + one, is_text=False)
        uid = conversation.request(at_ns, one, "")
        conversation.response(at_ns, one, uid, at_ns)
        read_message(side, one, is_http=True)
        observer.tick(at_ns)
        side, at_ns = side.other, at_ns + STEP_NS
    _told(observer, events)


def opamp_frames(data: bytes) -> None:
    """One direction of a WebSocket; the first byte says which, and in what pieces it comes."""
    events: list[Event] = []
    observer = Observer(events.append)
    conversation = observer.conversation()
    is_client = bool(data[0] & 1)
    inflater = Inflater(bool(data[0] & 2), LIMIT) if data[0] & 4 else None
    reader = FrameReader(LIMIT, is_client, inflater)
    size, rest, passed = 1 + (data[0] >> 3), data[1:], 0
    for at in range(0, len(rest), size):
        for seen in reader.feed(rest[at : at + size]):
            passed += len(seen.raw)
            if isinstance(seen, Data):
                side = Side.CLIENT if is_client else Side.SERVER
                is_text = seen.opcode == Opcode.TEXT
                conversation.message(NOON_NS, side, seen.payload, is_text)
    if passed + len(reader.rest()) != len(rest):
        raise AssertionError("bytes were lost, or made up")
    _told(observer, events)


def http_head(data: bytes) -> None:
    """The head of a request, or of a response to one."""
    try:
        head = Head.parse(data)
        body_length(head)
        body_length(head, "POST")
    except BadHead:
        return
    deflate_context(head)
    if Head.parse(head.raw()).raw() != head.raw():
        raise AssertionError("a head is another one once it was passed on")


def _told(observer: Observer, events: list[Event]) -> None:
    painter = Painter(wants_colour=True, width=80)
    for event in events:
        for line in event.lines(painter):
            if not all(part.isprintable() for part in line.replace("\x1b", "").split("\n")):
                raise AssertionError(f"drives the terminal: {line!r}")
        event.document()
    list(observer.summary.lines(painter))
    observer.summary.document()
