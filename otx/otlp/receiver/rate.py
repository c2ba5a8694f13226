"""How often one client may send: a bucket of tokens for each, which fills at the allowed rate."""

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

from otx.model.units import format_count
from otx.otlp.refusal import Reason, Refusal

_HOST_BITS = 64
"""Bits of an IPv6 address that a host of a network picks itself, anew as it likes (RFC 8981)."""
MAX_CLIENTS = 10_000
"""Clients that are remembered, some 2 MB; the one that was silent longest is forgotten first."""


class RateLimit:
    """Requests a second that each client may send, and as many at once after a pause."""

    def __init__(self, per_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = max(1.0, per_s)
        self._now_s = now_s
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Let a client send one more request. Call it from any thread.

        Args:
            client: Its address; IPv6 ones of a network of 64 bits are one client.

        Raises:
            Refusal: `Reason.RATE_LIMITED`, with the whole seconds after which it may.
        """
        client = _network_of(client) if ":" in client else client
        with self._lock:
            now = self._now_s()
            level, filled_s = self._buckets.pop(client, (self._burst, now))
            level = min(self._burst, level + (now - filled_s) * self._per_s)
            is_full = level >= 1
            self._buckets[client] = (level - 1 if is_full else level, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        if not is_full:
            raise Refusal(
                Reason.RATE_LIMITED,
                f"{client} sends more than --rate-limit ({self._said()})",
                retry_after_s=math.ceil((1 - level) / self._per_s),
            )

    def _said(self) -> str:
        if self._per_s >= 1:
            return f"{format_count(round(self._per_s))} requests a second"
        return f"a request every {1 / self._per_s:.4g} s"


@lru_cache(MAX_CLIENTS)
def _network_of(client: str) -> str:
    """The network of an IPv6 address; an IPv4 address that is written as one is itself."""
    try:
        address = ipaddress.IPv6Address(client)
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_link_local or address.is_loopback:
        return client  # all hosts of a link have the same network
    network = int(address) >> _HOST_BITS << _HOST_BITS
    return f"{ipaddress.IPv6Address(network)}/{128 - _HOST_BITS}"
