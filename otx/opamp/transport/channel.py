"""What both transports look like to the agent, and the ways in which they fail."""

import os
import re
import socket
import time
from enum import Enum
from http import HTTPStatus
from typing import Protocol

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.backoff import parse_retry_after


class Why(Enum):
    """Why there is no connection, or none any more."""

    BROKEN = "broken"
    """Network, time-out, a closed connection, a server at fault (5xx)."""
    UNAUTHORIZED = "unauthorized"
    """401 or 403: the credentials are wrong."""
    UNTRUSTED = "untrusted"
    """The server's certificate is not trusted; nothing was sent."""
    THROTTLED = "throttled"
    """429 or 503."""
    TOO_LARGE = "too large"
    """413: this message must not be sent again."""
    REFUSED = "refused"
    """Another status: the message is at fault, or the URL is."""


class ChannelError(Exception):
    """A connection that could not be made, or ended.

    Attributes:
        wait_ns: What the server asked for by Retry-After; None where it named no time.
    """

    def __init__(self, why: Why, reason: str, wait_ns: int | None = None) -> None:
        super().__init__(reason)
        self.why = why
        self.reason = reason
        self.wait_ns = wait_ns


class Channel(Protocol):
    """One connection to one server."""

    half_duplex: bool
    """Whether a message waits for the answer to the one before."""

    async def send(self, message: AgentToServer) -> None:
        """Send a message.

        Raises:
            ChannelError: The connection is gone.
        """

    async def receive(self) -> ServerToAgent:
        """The next message of the server.

        Raises:
            ChannelError: The connection is gone.
            Malformed: This message is unusable; the connection stands.
        """

    async def close(self) -> None:
        """End the connection in good order, in bounded time."""


def why_of_status(status: int) -> Why:
    """What an HTTP status says to a client (specification, throttling and authentication)."""
    if status in (401, 403):
        return Why.UNAUTHORIZED
    if status in (429, 503):
        return Why.THROTTLED
    if status == 413:
        return Why.TOO_LARGE
    return Why.BROKEN if status >= 500 else Why.REFUSED


def status_error(status: int, retry_after: str | None) -> ChannelError:
    """The failure that an HTTP status is."""
    words = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    said = f"the server answers {status} {words}".strip()
    return ChannelError(why_of_status(status), said, parse_retry_after(retry_after, time.time_ns()))


def why_not(error: Exception) -> str:
    """A network error in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"its host is unknown: {(error.strerror or '').lower()}"
    # What asyncio says names addresses, all of them where a host has several.
    number = re.search(r"\[Errno (\d+)\]", str(error))
    if isinstance(error, OSError) and number is not None:
        return os.strerror(int(number[1])).lower()
    return str(error) or type(error).__name__
