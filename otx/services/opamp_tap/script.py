"""A record as the script of one side: what to say, and what the other side should say to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from otx.opamp.framing import Malformed, decode, unframe
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.services.opamp_tap.events import Kind
from otx.services.opamp_tap.record import Recorded, fate_of


class Deed(Enum):
    """What happens in a step."""

    SAY = "say"
    CLOSE = "close"
    LOSE = "lose"
    REFUSE = "refuse"
    """The server answered with another status."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one connection.

    Attributes:
        line: Of the record, to name it.
        message: What is said, where it can be read.
        data: What is said, where it cannot: as its receiver got it.
        copies: How often it is said; 0: its receiver never got it.
        status: Of a `REFUSE`; the code of a `CLOSE`.
    """

    line: int
    connection: int
    side: Side
    deed: Deed
    is_http: bool = False
    message: AgentToServer | ServerToAgent | None = None
    data: bytes = b""
    is_text: bool = False
    copies: int = 1
    status: int = 0


def script(record: Iterable[Recorded]) -> list[Step]:
    """The steps of a record, in order; what belongs to neither side is left out."""
    return [step for line in record if (step := _step(line)) is not None]


def _step(line: Recorded) -> Step | None:
    is_http = line.transport is Transport.HTTP
    if line.side is None:
        return None
    if line.kind is Kind.MESSAGE and line.data is not None:
        return _said(line, line.side, line.data, is_http)
    if line.kind is Kind.CLOSE:
        code = line.details.get("code")
        deed = Deed.LOSE if code is None else Deed.CLOSE
        return Step(line.line, line.connection, line.side, deed, status=int(code or 0))
    if line.kind is Kind.REFUSED:
        status = int(line.details["status"])
        return Step(line.line, line.connection, line.side, Deed.REFUSE, is_http, status=status)
    return None


def _said(line: Recorded, side: Side, data: bytes, is_http: bool) -> Step:
    fate = fate_of(line)
    # What the server got is played to it; what an agent was to get is what the server said.
    is_spoilt = side is Side.CLIENT and fate.sent is not None
    sent = fate.sent if is_spoilt and fate.sent is not None else data
    copies = fate.arrivals if side is Side.CLIENT and not is_spoilt else 1
    is_text = fate.is_text if is_spoilt else line.is_text
    message = None if is_text or is_spoilt else read_message(side, sent, is_http)
    return Step(line.line, line.connection, side, Deed.SAY, is_http, message, sent, is_text, copies)


def read_message(side: Side, data: bytes, is_http: bool) -> AgentToServer | ServerToAgent | None:
    """A message as its receiver decodes it; None where it cannot."""
    try:
        body = data if is_http else unframe(data)
        if side is Side.CLIENT:
            return decode(AgentToServer, body)
        return decode(ServerToAgent, body)
    except Malformed:
        return None
