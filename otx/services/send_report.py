"""What sending came to: counts, rate, and latencies in buckets."""

import math
import signal
from collections import Counter
from dataclasses import dataclass, field

from otx.model.units import counted, format_count, format_duration

_BUCKET_GROWTH = 1.02
"""Buckets 2 % apart: a percentile is at most that far off, however many requests there are."""

_NS_PER_US = 1_000
_BAR_CELLS = 40
_ENOUGH_REQUESTS = 20
_SLOW_PER_S = 10


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

    def merge(self, other: "Latencies") -> None:
        """Count another's requests too."""
        self._buckets.update(other._buckets.copy())
        self._largest_ns = max(self._largest_ns, other._largest_ns)

    def histogram(self) -> list[tuple[int, int]]:
        """Upper bounds in nanoseconds that double from one to the next, and requests below each."""
        counts: Counter[int] = Counter()
        for bucket, count in self._buckets.items():
            us = max(1.0, _BUCKET_GROWTH**bucket / _NS_PER_US)
            counts[math.ceil(math.log2(us))] += count
        if not counts:
            return []
        powers = range(min(counts), max(counts) + 1)
        return [(_NS_PER_US << power, counts[power]) for power in powers]

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
        sent_bytes: Bytes of those requests as they travel, headers and further tries not counted.
        accepted: Records that the destination took.
        rejected: Records that it rejected in requests it took (partial success).
        failed: Records in requests that it refused or never answered.
        too_large: Records that did not leave, as no request that may be sent has room for one.
        requests: Requests that got their last answer.
        retried: Times a request was sent again.
        messages: What the destination said, and how often; the first few kinds.
        asked_rate_per_s: What `--rate` asked for; None for as fast as it goes.
        stopped_by: The signal that ended the run; None where none did.
    """

    noun: str
    endpoint: str
    sent: int = 0
    sent_bytes: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    too_large: int = 0
    requests: int = 0
    retried: int = 0
    elapsed_ns: int = 0
    asked_rate_per_s: float | None = None
    stopped_by: signal.Signals | None = None
    latencies: Latencies = field(default_factory=Latencies)
    messages: Counter[str] = field(default_factory=Counter)

    def add(self, other: "SendReport") -> None:
        """Count what another worker sent."""
        self.sent += other.sent
        self.sent_bytes += other.sent_bytes
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.failed += other.failed
        self.too_large += other.too_large
        self.requests += other.requests
        self.retried += other.retried
        self.latencies.merge(other.latencies)
        self.messages.update(other.messages.copy())

    @property
    def rate_per_s(self) -> float:
        """Records a second that the destination took; what it did not take is no throughput."""
        return self.accepted / (self.elapsed_ns / 1e9) if self.elapsed_ns else 0.0

    @property
    def is_below_rate(self) -> bool:
        """Whether the asked rate was missed by more than 5 %."""
        return self.asked_rate_per_s is not None and self.rate_per_s < 0.95 * self.asked_rate_per_s

    def document(self) -> dict[str, object]:
        """The report for scripts; latencies in milliseconds."""
        return {
            "endpoint": self.endpoint,
            "sent": self.sent,
            "sent_bytes": self.sent_bytes,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "failed": self.failed,
            "too_large": self.too_large,
            "requests": self.requests,
            "retried": self.retried,
            "elapsed_s": round(self.elapsed_ns / 1e9, 6),
            "rate_per_s": round(self.rate_per_s, 3),
            "asked_rate_per_s": self.asked_rate_per_s,
            "latency_ms": {name: round(ns / 1e6, 3) for name, ns in self._latencies()},
            "latency_histogram": [
                {"up_to_ms": up_to_ns / 1e6, "requests": count}
                for up_to_ns, count in self.latencies.histogram()
            ],
            "messages": dict(self.messages),
        }

    def lines(self) -> list[str]:
        """The report for people."""
        counts = [f"sent {counted(self.sent, self.noun.removesuffix('s'))}"]
        counts.append(f"accepted {format_count(self.accepted)}")
        counts.append(f"rejected {format_count(self.rejected)}")
        if self.failed:
            counts.append(f"failed {format_count(self.failed)}")
        if self.too_large:
            counts.append(f"left out {format_count(self.too_large)} that are too large")
        counts.append(f"retried {format_count(self.retried)}")
        latency = "  ".join(f"{name} {format_duration(ns)}" for name, ns in self._latencies())
        return [
            f"{', '.join(counts)} to {self.endpoint}",
            f"{_rate_text(self.rate_per_s)} {self.noun}/s over "
            f"{format_duration(self.elapsed_ns)} in {counted(self.requests, 'request')}",
            f"latency {latency}",
            *self._bars(),
            *(f"{format_count(count)} × {text}" for text, count in self.messages.items()),
        ]

    def _bars(self) -> list[str]:
        """The histogram, where there are requests enough to make one."""
        buckets = self.latencies.histogram()
        if self.requests < _ENOUGH_REQUESTS:
            return []
        most = max(count for _, count in buckets)
        return [
            f"  up to {format_duration(up_to_ns):>7}  {format_count(count):>9}  "
            f"{'█' * math.ceil(count / most * _BAR_CELLS)}".rstrip()
            for up_to_ns, count in buckets
        ]

    def _latencies(self) -> list[tuple[str, int]]:
        shares = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
        named = [(name, self.latencies.percentile_ns(share)) for name, share in shares]
        return [*named, ("max", self.latencies.largest_ns)]


def _rate_text(rate_per_s: float) -> str:
    """A rate for people; slow ones with a digit behind the point."""
    return format_count(round(rate_per_s)) if rate_per_s >= _SLOW_PER_S else f"{rate_per_s:.1f}"


def progress_text(report: SendReport, count: int | None, duration_s: float | None) -> str:
    """One line on how far a run is.

    Args:
        report: What was sent so far.
        count: Records that are to be sent; None where only time or a signal ends the run.
        duration_s: How long it is to last; None likewise.
    """
    elapsed_s = report.elapsed_ns / 1e9
    share = left_s = None
    if count:
        done = report.accepted + report.rejected + report.failed
        share = min(1.0, done / count)
        left_s = elapsed_s / share - elapsed_s if share else None
    if duration_s:
        share = max(share or 0.0, min(1.0, elapsed_s / duration_s))
        left_s = min(duration_s - elapsed_s, math.inf if left_s is None else left_s)
    parts = [f"{format_count(report.accepted)} {report.noun}"]
    parts.append(f"{_rate_text(report.rate_per_s)}/s")
    if report.rejected or report.failed:
        parts.append(f"{format_count(report.rejected + report.failed)} not accepted")
    if share is not None:
        filled = round(share * _BAR_CELLS / 2)
        parts.insert(0, f"{'█' * filled}{'░' * (_BAR_CELLS // 2 - filled)} {share:4.0%}")
    if left_s is not None:
        parts.append(f"{format_duration(round(max(0.0, left_s) * 1e9))} left")
    return "  ".join(parts)
