"""What a receiver counts, and what it says of it."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from otx.model.signal import Signal
from otx.model.units import format_count, format_duration, format_size
from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.otlp.wire import WIRE
from otx.services.forward.figures import ForwardReport
from otx.services.transform_report import TransformReport

_MAX_KINDS = 100
"""Different warnings that are told apart; the rest is counted together."""
_REST = "other warnings"
_BEHIND_S = 2.0
"""From here on a backlog is told; the converter itself lets requests gather for a second."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is acknowledged and waits for the converter.

    Attributes:
        bytes: How much.
        age_s: For how long the oldest of it has waited.
    """

    bytes: int = 0
    age_s: float = 0.0

    def __str__(self) -> str:
        return f"{format_duration(round(self.age_s * 1e9))} ({format_size(self.bytes)}) behind"

    @property
    def is_late(self) -> bool:
        """Whether the converter is behind, and not just waiting for more."""
        return self.age_s >= _BEHIND_S


@dataclass(frozen=True, slots=True)
class ReceiveReport:
    """What came in so far.

    Attributes:
        requests: Acknowledged requests by signal.
        records: Spans, log records, data points and samples in them.
        refused: Requests that were turned away, by reason.
        warnings: Oddities by text, and how often.
        backlog: What waits for the converter now.
        longest: The backlog that had waited longest.
        converter_restarts: Times the converter had died.
        odd_spans: Spans that became rows meanwhile, by the rule that they break.
        transform: What the rules of `--transform` did.
        forward: What became of it at the destinations of `--forward`.
    """

    requests: Counter[Signal] = field(default_factory=Counter)
    records: Counter[Signal] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    backlog: Backlog = Backlog()
    longest: Backlog = Backlog()
    converter_restarts: int = 0
    odd_spans: Counter[str] = field(default_factory=Counter)
    transform: TransformReport = field(default_factory=TransformReport)
    forward: ForwardReport = field(default_factory=ForwardReport)

    def since(self, before: "ReceiveReport") -> str:
        """What came in after an earlier report, on one line; "" for nothing."""
        parts = []
        for signal in Signal:
            records = self.records[signal] - before.records[signal]
            requests = self.requests[signal] - before.requests[signal]
            if requests:
                counted = WIRE[signal].counted(records)
                parts.append(f"{signal} {counted} in {_requests(requests)}")
        parts += self.transform.since(before.transform)
        parts += self.forward.since(before.forward)
        if refused := (self.refused - before.refused).total():
            parts.append(f"refused {_requests(refused)}")
        if self.backlog.is_late:
            parts.append(f"converting {self.backlog}")
        return "; ".join(parts)

    def lines(self) -> list[str]:
        """The whole report for people."""
        in_all = replace(
            self,
            refused=Counter(),
            backlog=Backlog(),
            transform=TransformReport(),
            forward=ForwardReport(),
        )
        lines = [f"received {in_all.since(ReceiveReport()) or 'nothing'}"]
        if refused := self.refused.total():
            lines[0] += f"; refused {_requests(refused)}"
        lines += [
            f"  refused {_requests(count)}: {reason.name.lower().replace('_', ' ')}"
            for reason, count in self.refused.most_common()
        ]
        lines += self.transform.lines()
        lines += self.forward.lines()
        lines += [f"  {format_count(count)} × {text}" for text, count in self.warnings.items()]
        if self.longest.is_late:
            lines.append(f"  converting was up to {self.longest}")
        if self.converter_restarts:
            lines.append(f"  the converter was started again ({self.converter_restarts})")
        lines += [f"  {format_count(count)} spans {rule}" for rule, count in self.odd_spans.items()]
        if self.odd_spans:
            lines.append("  they are in `otx query 'FROM span_oddities'`")
        return lines


class Tally:
    """Counts from any thread. The first of a kind is told at once, the others at the end."""

    def __init__(
        self,
        warn: Callable[[str], None],
        transform: Callable[[], TransformReport] = TransformReport,
    ) -> None:
        """Begin to count.

        Args:
            warn: Warns the user.
            transform: What rules did so far.
        """
        self._warn = warn
        self._transform = transform
        self._forward: Callable[[], ForwardReport] = ForwardReport
        self._lock = threading.Lock()
        self._report = ReceiveReport()

    def watch(self, forward: Callable[[], ForwardReport]) -> None:
        """From now on report what is forwarded as well."""
        self._forward = forward

    def acknowledged(self, request: Request) -> int:
        """Count a request that is kept; the number of records kept so far."""
        with self._lock:
            self._report.requests[request.signal] += 1
            self._report.records[request.signal] += request.records
            total = self._report.records.total()
        for caution in request.cautions:
            self.noticed(caution.kind, caution.text)
        return total

    def refused(self, refusal: Refusal) -> None:
        """Count a request that was turned away."""
        with self._lock:
            self._report.refused[refusal.reason] += 1
            is_first = self._report.refused[refusal.reason] == 1
        if is_first:
            self._warn(f"refused a request: {short_text(refusal.message)}")

    def noticed(self, warning: str, first: str = "") -> None:
        """Count an oddity; of its kind, `first` is what is told of the first."""
        text = short_text(warning)
        with self._lock:
            warnings = self._report.warnings
            if text not in warnings and len(warnings) >= _MAX_KINDS:
                text = _REST
            warnings[text] += 1
            is_first = warnings[text] == 1
        if is_first:
            self._warn(short_text(first) or text)

    def waiting(self, backlog: Backlog) -> None:
        """Take note of what waits for the converter."""
        with self._lock:
            longest = max(self._report.longest, backlog, key=lambda one: one.age_s)
            self._report = replace(self._report, backlog=backlog, longest=longest)

    def report(
        self, converter_restarts: int = 0, odd_spans: Counter[str] | None = None
    ) -> ReceiveReport:
        """What was counted so far, here and elsewhere."""
        with self._lock:
            report = self._report
            return ReceiveReport(
                Counter(report.requests),
                Counter(report.records),
                Counter(report.refused),
                Counter(report.warnings),
                report.backlog,
                report.longest,
                converter_restarts,
                odd_spans or Counter(),
                self._transform(),
                self._forward(),
            )


def _requests(count: int) -> str:
    return f"{format_count(count)} request{'' if count == 1 else 's'}"


def short_text(text: str) -> str:
    """Text from outside, made safe for a terminal and short."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= 300 else shown[:300] + "…"
