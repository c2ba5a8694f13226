"""The listener that a checked service calls back, and the calls that have come."""

import ipaddress
import json
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from otx.propagation.conformance.case import Pairs
from otx.services.context_check.server import Reply, Request

_TOKEN_BYTES = 16
_PREFIX = "/callback/"
_MAX_CALLS = 100
"""Of one request; a service that never stops calling is not listened to further."""


class Callbacks:
    """Takes calls, each to the request that it was asked for by.

    Calls that come late, after the next request was made, have an address that is no longer known.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._token = ""
        self._calls: dict[str, Pairs] = {}

    def expect(self, base: str, count: int) -> list[str]:
        """Addresses for so many calls of the next request."""
        with self._changed:
            self._token = secrets.token_hex(_TOKEN_BYTES)
            self._calls = {}
            return [f"{base}{_PREFIX}{self._token}.{number}" for number in range(count)]

    def answer(self, request: Request) -> Reply:
        """Take a call."""
        token, _, number = request.path.removeprefix(_PREFIX).partition(".")
        with self._changed:
            if not request.path.startswith(_PREFIX) or token != self._token:
                return Reply(404, '{"error": "nobody waits for this call"}')
            if len(self._calls) < _MAX_CALLS:
                # The first call counts: a client that tries again sends the same once more.
                self._calls.setdefault(number, request.headers)
            self._changed.notify_all()
        return Reply(200, "{}")

    def wait(self, count: int, limit_s: float) -> list[Pairs]:
        """The headers of the calls, in the order in which they were asked for.

        Args:
            count: How many to wait for.
            limit_s: How long.
        """
        ends_s = time.monotonic() + limit_s
        with self._changed:
            while len(self._calls) < count and (left_s := ends_s - time.monotonic()) > 0:
                self._changed.wait(left_s)
            return [self._calls[number] for number in sorted(self._calls)]


def instructions(urls: Sequence[str]) -> bytes:
    """The body that asks a service to call these addresses, one after the other."""
    return json.dumps([{"url": url, "arguments": []} for url in urls]).encode()


class WayBack(NamedTuple):
    """How a host reaches this machine: by which of its addresses, and whether it is the same."""

    host: str
    is_same_machine: bool


def way_back(host: str, port: int) -> WayBack:
    """The address of this machine from which a host is reached, which it can call back.

    Raises:
        OSError: The host is not known, or there is no way to it.
    """
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    # A datagram socket is connected without a packet being sent.
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(place)
        own, other = str(probe.getsockname()[0]), str(probe.getpeername()[0])
    # An address of this machine is reached from itself.
    return WayBack(own, own == other or ipaddress.ip_address(own).is_loopback)
