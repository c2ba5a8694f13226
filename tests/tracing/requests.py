"""Requests through several processes, with clocks that are wrong by a known amount."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from otx.model.telemetry import Span, SpanKind

MS = 1_000_000
S = 1_000 * MS
BEGIN = 1_790_000_000 * S
DELAYS_NS = (50_000, 8 * MS)
"""The shortest and longest way over the network; each way by chance, so that they differ."""

Offset = Callable[[int], int]
"""What a clock shows more than the truth, by the true time."""


@dataclass(frozen=True)
class Sent:
    """Spans with times of wrong clocks, and what the network took at least.

    Attributes:
        spans: As their senders saw them.
        slack_ns: For each pair of clocks the least sum of both ways of any call.
    """

    spans: Sequence[Span]
    slack_ns: Mapping[tuple[str, str], int]


class Simulation:
    """A tree of calls between hosts, one trace a request."""

    def __init__(self, seed: int, offsets: Mapping[str, Offset], *, timeouts: float = 0) -> None:
        self._random = random.Random(seed)
        self._offsets = offsets
        self._timeouts = timeouts
        self._slack: dict[tuple[str, str], int] = {}
        self._spans: list[Span] = []

    def request(self, hosts: Sequence[str], at: int = BEGIN, fan: int = 1) -> Sent:
        """A request from the first host, each calling the next `fan` times."""
        self._spans, self._trace = [], f"{self._random.getrandbits(128):032x}"
        self._serve(hosts, "", at, fan)
        return Sent(self._spans, dict(self._slack))

    def _serve(self, hosts: Sequence[str], parent: str, start: int, fan: int) -> int:
        """What a server does; the true time of its end."""
        host, *others = hosts
        span_id = self._id()
        now = start + self._random.randrange(1, 2 * MS)
        for _ in range(fan if others else 0):
            now = self._call(host, others, span_id, now, fan) + self._random.randrange(1, MS)
        end = now + self._random.randrange(1, 5 * MS)
        self._add(host, span_id, parent, "SERVER", start, end)
        return end

    def _call(self, host: str, others: Sequence[str], parent: str, start: int, fan: int) -> int:
        """What a client does; the true time of its end."""
        span_id = self._id()
        there, back = (self._random.randrange(*DELAYS_NS) for _ in "tb")
        end = self._serve(others, span_id, start + there, fan) + back
        if self._random.random() < self._timeouts:
            end = self._random.randrange(start + 1, end)
            self._add(host, span_id, parent, "CLIENT", start, end, has_failed=True)
            return end
        pair = (host, others[0])
        self._slack[pair] = min(self._slack.get(pair, there + back), there + back)
        self._add(host, span_id, parent, "CLIENT", start, end)
        return end

    def _add(
        self,
        host: str,
        span_id: str,
        parent: str,
        kind: SpanKind,
        start: int,
        end: int,
        *,
        has_failed: bool = False,
    ) -> None:
        offset = self._offsets[host]
        span = Span(
            trace_id=self._trace,
            span_id=span_id,
            parent_span_id=parent,
            name=f"{host} work",
            kind=kind,
            service=f"on-{host}",
            start_unix_nano=start + offset(start),
            end_unix_nano=end + offset(end),
            status="ERROR" if has_failed else "UNSET",
            resource={"service.name": f"on-{host}", "host.name": host},
        )
        self._spans.append(span)

    def _id(self) -> str:
        return f"{self._random.getrandbits(64):016x}"


def fixed(**ns: int) -> dict[str, Offset]:
    """Clocks that are wrong by always the same."""
    return {host: partial(_always, by) for host, by in ns.items()}


def _always(by: int, at: int) -> int:
    return by


def moved(spans: Sequence[Span], by_ns: int) -> list[Span]:
    """The spans with all times moved."""
    return [
        replace(
            span,
            start_unix_nano=span.start_unix_nano + by_ns,
            end_unix_nano=span.end_unix_nano + by_ns,
        )
        for span in spans
    ]
