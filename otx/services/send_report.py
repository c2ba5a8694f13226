"""What sending came to: counts, rate, and latencies in buckets."""

import math
from collections import Counter
from dataclasses import dataclass, field

from otx.model.units import format_count, format_duration

_BUCKET_GROWTH = 1.02
"""Buckets 2 % apart: a percentile is at most that far off, however many requests there are."""


@dataclass(slots=True)
class Latencies:
    """How long requests took, at bounded memory."""

    _buckets: Counter[int] = field(default_factory=Counter)
    _largest_ns: int = 0

    def add(self, ns: int) -> None:
        """Count one request."""
        self._buckets[math.ceil(math.log(max(ns, 1), _BUCKET_GROWTH))] += 1
        self._largest_ns = max(self._largest_ns, ns)

    def percentile_ns(self, share: float) -> int:
        """What `share` (0 to 1) of the requests were no slower than; 0 where there were none."""
        wanted = math.ceil(share * self._buckets.total())
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(round(_BUCKET_GROWTH**bucket), self._largest_ns)
        return 0

    @property
    def largest_ns(self) -> int:
        """The slowest request."""
        return self._largest_ns


@dataclass(slots=True)
class SendReport:
    """The summary of `otx send`.

    Attributes:
        noun: What is counted, such as `spans`.
        sent: Records in requests that left.
        accepted: Records that the destination took.
        rejected: Records that it rejected in requests it took (partial success).
        failed: Records in requests that it refused or never answered.
        requests: Requests that got their last answer.
        retried: Times a request was sent again.
        messages: What the destination said, and how often; the first few kinds.
        asked_rate_per_s: What `--rate` asked for; None for as fast as it goes.
    """

    noun: str
    endpoint: str
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    requests: int = 0
    retried: int = 0
    elapsed_ns: int = 0
    asked_rate_per_s: float | None = None
    latencies: Latencies = field(default_factory=Latencies)
    messages: Counter[str] = field(default_factory=Counter)

    @property
    def rate_per_s(self) -> float:
        """Records sent a second."""
        return self.sent / (self.elapsed_ns / 1e9) if self.elapsed_ns else 0.0

    @property
    def is_below_rate(self) -> bool:
        """Whether the asked rate was missed by more than 5 %."""
        return self.asked_rate_per_s is not None and self.rate_per_s < 0.95 * self.asked_rate_per_s

    def document(self) -> dict[str, object]:
        """The report for scripts; latencies in milliseconds."""
        return {
            "endpoint": self.endpoint,
            "sent": self.sent,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "failed": self.failed,
            "requests": self.requests,
            "retried": self.retried,
            "elapsed_s": round(self.elapsed_ns / 1e9, 6),
            "rate_per_s": round(self.rate_per_s, 3),
            "asked_rate_per_s": self.asked_rate_per_s,
            "latency_ms": {name: round(ns / 1e6, 3) for name, ns in self._latencies()},
            "messages": dict(self.messages),
        }

    def lines(self) -> list[str]:
        """The report for people."""
        counts = [f"sent {format_count(self.sent)} {self.noun}"]
        counts.append(f"accepted {format_count(self.accepted)}")
        counts.append(f"rejected {format_count(self.rejected)}")
        if self.failed:
            counts.append(f"failed {format_count(self.failed)}")
        counts.append(f"retried {format_count(self.retried)}")
        latency = "  ".join(f"{name} {format_duration(ns)}" for name, ns in self._latencies())
        return [
            f"{', '.join(counts)} to {self.endpoint}",
            f"{self.rate_per_s:,.0f} {self.noun}/s over {format_duration(self.elapsed_ns)} in "
            f"{format_count(self.requests)} requests".replace(",", " "),
            f"latency {latency}",
            *(f"{format_count(count)} × {text}" for text, count in self.messages.items()),
        ]

    def _latencies(self) -> list[tuple[str, int]]:
        shares = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
        named = [(name, self.latencies.percentile_ns(share)) for name, share in shares]
        return [*named, ("max", self.latencies.largest_ns)]
