"""Tries one request of each signal on each transport, and finds out why one does not work.

The requests are empty: every receiver has to accept them (OTLP specification, "Full Success"), and
nothing is left behind where they arrive.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.exporter.endpoint import Endpoint, Protocol
from otx.otlp.exporter.proxy import proxy_for
from otx.otlp.exporter.sniff import PortLook, connects, host_and_port, look
from otx.services.send import connect
from otx.services.send_diagnosis import Diagnosis, diagnose

_LOOK_S = 2.0
_GRPC_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")
"""In the order in which gRPC reads them, whatever the scheme."""
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Tried:
    """One request that was tried.

    Attributes:
        message: What the destination said, "" for nothing.
        diagnosis: Why it was not accepted; empty where it was.
    """

    signal: Signal
    endpoint: Endpoint
    took_ns: int
    message: str
    diagnosis: Diagnosis

    @property
    def is_accepted(self) -> bool:
        """Whether it worked."""
        return not self.diagnosis.cause

    def row(self) -> dict[str, object]:
        """For scripts."""
        return {
            "signal": str(self.signal),
            "protocol": self.endpoint.protocol,
            "target": self.endpoint.target,
            "origin": self.endpoint.origin,
            "accepted": self.is_accepted,
            "latency_ms": round(self.took_ns / 1e6, 3),
            "cause": self.diagnosis.cause,
            "message": self.diagnosis.text or self.message,
            "hint": self.diagnosis.hint,
        }


COLUMNS = (
    *("signal", "protocol", "target", "origin", "accepted"),
    *("latency_ms", "cause", "message", "hint"),
)
"""Of the rows."""


def probe(
    endpoint_of: Callable[[Signal, Protocol], Endpoint],
    protocols: tuple[Protocol, ...],
    compression: str,
    timeout_s: float,
    variables: Mapping[str, str],
) -> Iterator[Tried]:
    """Try each signal on each transport, one after the other.

    Args:
        endpoint_of: Where a signal goes over a protocol.
        protocols: The transports.
        compression: Of the requests; gRPC goes without what it does not have.
        timeout_s: For each request.
        variables: Where proxies are named.

    Raises:
        UsageError: A certificate cannot be read.
        MachineError: gRPC is not installed.
    """
    looks: dict[tuple[str, int], PortLook] = {}
    for protocol in protocols:
        packed = "none" if protocol == "grpc" and compression == "zstd" else compression
        for signal in Signal:
            endpoint = endpoint_of(signal, protocol)
            started_ns = time.monotonic_ns()
            with connect(endpoint, packed) as client:
                reply = client.send(signal, b"", timeout_s)
            took_ns = time.monotonic_ns() - started_ns
            found = Diagnosis()
            if reply.outcome is not Outcome.ACCEPTED:
                found = _why(endpoint, reply, looks, variables, min(timeout_s, _LOOK_S))
            yield Tried(signal, endpoint, took_ns, reply.message, found)


def _why(
    endpoint: Endpoint,
    reply: Reply,
    looks: dict[tuple[str, int], PortLook],
    variables: Mapping[str, str],
    timeout_s: float,
) -> Diagnosis:
    proxy, variable = _proxy(endpoint, variables)
    at = host_and_port(endpoint)
    dead = _dead_proxy(proxy, variable) if proxy else ""
    # Who answered in its own words is there and speaks the protocol.
    if reply.outcome is not Outcome.UNREACHABLE or at is None or proxy:
        return diagnose(endpoint, reply, None, dead)
    if at not in looks:
        looks[at] = look(*at, timeout_s, endpoint.certificate)
    return diagnose(endpoint, reply, looks[at], dead)


def _proxy(endpoint: Endpoint, variables: Mapping[str, str]) -> tuple[str, str]:
    """The proxy between, and the variable that names it."""
    if endpoint.protocol != "grpc":
        return proxy_for(endpoint.target, variables)
    if not proxy_for(f"http://{endpoint.target}", {**variables, "http_proxy": "any"})[0]:
        return "", ""  # exempt
    for name in _GRPC_PROXIES:
        if value := variables.get(name, ""):
            return (value if "://" in value else f"http://{value}"), name
    return "", ""


def _dead_proxy(proxy: str, variable: str) -> str:
    parts = urlsplit(proxy)
    error = connects(parts.hostname or "", parts.port or _HTTP_PORT, _LOOK_S)
    return f"the proxy {proxy} ({variable}) cannot be reached: {error}" if error else ""
