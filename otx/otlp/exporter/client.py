"""One request to one destination, and what came back; the protocols behind one seam."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

from otx.model.cells import printable
from otx.model.signal import Signal
from otx.otlp.encode import rejected_in
from otx.otlp.wire import WIRE

MAX_RESPONSE_BYTES = 4 << 20
"""Larger answers are an error that is not retried (OTLP specification, "response size")."""

MOST_REQUEST_BYTES = 64 << 20
"""What a client refuses to go beyond, before compression (OTLP specification, "request size")."""
NO_ADDRESS = "has no address"
"""What a message says of a host whose name does not resolve."""
MOST_TIMEOUT_S = ((1 << 31) - 1) // 1000
"""Some 24 days: the kernel counts the milliseconds of a wait in 31 bits."""
MOST_SAID = 500
"""Characters of a message that are kept."""


class Outcome(Enum):
    """What became of a request."""

    ACCEPTED = "accepted"
    """Also where some records were rejected: that is never sent again."""
    RETRY = "retry"
    """The destination asks to come again."""
    UNREACHABLE = "unreachable"
    """It did not answer at all; sending again may deliver twice, which OTLP accepts."""
    REFUSED = "refused"
    """Sending again would not help."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one request.

    Attributes:
        rejected: Records that were not accepted (partial success), as the destination says.
        message: What the destination said, "" for nothing.
        retry_after_s: When to come again, where it said so.
    """

    outcome: Outcome
    rejected: int = 0
    message: str = ""
    retry_after_s: float | None = None

    def rejected_of(self, records: int) -> int:
        """How many of a request's records were rejected, which no answer can make more or less."""
        return min(max(self.rejected, 0), records)


class Client(Protocol):
    """A connection to a destination. Used by one thread."""

    def prepare(self, signal: Signal, body: bytes) -> bytes:
        """Protobuf bytes of an Export…ServiceRequest as they will travel; done once a request."""

    def post(self, signal: Signal, content: bytes, timeout_s: float) -> Reply:
        """Send what was prepared; never raises for what comes back."""

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        """Prepare and post."""

    def close(self) -> None:
        """End the connection."""

    def __enter__(self) -> Self:
        """Use as a context."""

    def __exit__(self, *exception: object) -> None:
        """Close."""


def accepted(signal: Signal, body: bytes) -> Reply:
    """The reply for a protobuf response that says success, in whole or in part."""
    if not body:
        return Reply(Outcome.ACCEPTED)
    rejected, message = rejected_in(signal, WIRE[signal].response_class.FromString(body))
    return Reply(Outcome.ACCEPTED, rejected, one_line(message))


def one_line(text: str) -> str:
    """What another side said: one line that cannot drive a terminal, cut to `MOST_SAID`."""
    return printable(" ".join(text.split())[:MOST_SAID])
