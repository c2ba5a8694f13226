"""What is counted of a destination, and how it is said."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from otx.model.signal import Signal
from otx.model.units import NS_PER_S, counted, format_duration, format_size
from otx.otlp.wire import WIRE

_COUNTERS = ("accepted", "rejected", "refused", "lost", "waiting")
_TOLD_BEHIND_S = 2.0
"""From here on it is told that a destination is behind."""

Records = Counter[Signal]
"""Spans, log records, data points and samples, by signal."""


@dataclass(slots=True)
class Figures:
    """How far one destination is.

    Attributes:
        url: Which one.
        accepted: Records that it took.
        rejected: Records of accepted requests that it did not take (partial success).
        refused: Records of requests that it refused for good.
        lost: Records that were given up because too much waited, or for too long.
        retried: Tries after a first one.
        unreadable_bytes: Of the log, where it is damaged.
        waiting_bytes: Of the log, not sent yet.
        waiting_s: For how long the oldest of it has waited.
        waiting: Records that wait; counted at the end alone, and empty where they are many.
        state: What it does where that is not sending: `waits 8.00 s: connection refused`.
    """

    url: str
    accepted: Records = field(default_factory=Counter)
    rejected: Records = field(default_factory=Counter)
    refused: Records = field(default_factory=Counter)
    lost: Records = field(default_factory=Counter)
    retried: int = 0
    unreadable_bytes: int = 0
    waiting_bytes: int = 0
    waiting_s: float = 0.0
    waiting: Records = field(default_factory=Counter)
    state: str = ""

    def plus(self, later: "Figures") -> "Figures":
        """What two runs did, the later one of which knows what waits."""
        return Figures(
            self.url,
            self.accepted + later.accepted,
            self.rejected + later.rejected,
            self.refused + later.refused,
            self.lost + later.lost,
            self.retried + later.retried,
            self.unreadable_bytes + later.unreadable_bytes,
            later.waiting_bytes,
            later.waiting_s,
            later.waiting,
            later.state,
        )

    def since(self, before: "Figures") -> str:
        """What was done after earlier figures, and what hinders it; "" for nothing."""
        news = {
            "": self.accepted - before.accepted,
            "rejected ": self.rejected - before.rejected,
            "refused ": self.refused - before.refused,
            "lost ": self.lost - before.lost,
        }
        parts = [f"{word}{records_text(records)}" for word, records in news.items() if records]
        if again := self.retried - before.retried:
            parts.append(f"tried again {counted(again, 'time')}")
        if self.state:
            parts.append(self.state)
        if self.waiting_bytes and (self.state or self.waiting_s >= _TOLD_BEHIND_S):
            parts.append(self._behind())
        return f"to {self.url}: {', '.join(parts)}" if parts else ""

    def lines(self) -> Iterator[str]:
        """All of it for people."""
        parts = [records_text(self.accepted) or "nothing"]
        parts += [
            f"{word} {records_text(records)}"
            for word, records in (("rejected", self.rejected), ("refused", self.refused))
            if records
        ]
        if self.retried:
            parts.append(f"tried again {counted(self.retried, 'time')}")
        yield f"forwarded to {self.url}: {', '.join(parts)}"
        if self.lost:
            yield f"  lost {records_text(self.lost)} that --forward-keep had no room or time for"
        if self.unreadable_bytes:
            yield f"  {format_size(self.unreadable_bytes)} of the log could not be read"
        if self.waiting_bytes:
            size = format_size(self.waiting_bytes)
            waiting = f"{records_text(self.waiting)} ({size})" if self.waiting else size
            yield (
                f"  {waiting} wait for {self.url}; they go on when otx receive starts again"
                + (f" ({self.state})" if self.state else "")
            )

    def _behind(self) -> str:
        age = format_duration(round(self.waiting_s * NS_PER_S))
        return f"{age} ({format_size(self.waiting_bytes)}) behind"


@dataclass(frozen=True, slots=True)
class ForwardReport:
    """What was done for all destinations so far."""

    destinations: Sequence[Figures] = ()

    def since(self, before: "ForwardReport") -> list[str]:
        """What was done after an earlier report, a part for each that did something."""
        earlier = {one.url: one for one in before.destinations}
        parts = (one.since(earlier.get(one.url, Figures(one.url))) for one in self.destinations)
        return [part for part in parts if part]

    def lines(self) -> list[str]:
        """All of it for people."""
        return [f"  {line}" for one in self.destinations for line in one.lines()]


def records_text(records: Records) -> str:
    """Records for people: `12 340 spans and 5 log records`; "" for none."""
    return " and ".join(WIRE[it].counted(records[it]) for it in Signal if records[it])


def encode_figures(all_figures: Sequence[Figures]) -> str:
    """One line of JSON."""
    return json.dumps([_to_json(figures) for figures in all_figures])


def decode_figures(line: str) -> list[Figures]:
    """What `encode_figures` wrote.

    Raises:
        ValueError: It did not write this.
    """
    try:
        return [_from_json(one) for one in json.loads(line)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no figures: {error!r}") from None


def _to_json(figures: Figures) -> dict[str, Any]:
    return {
        "url": figures.url,
        **{name: dict(getattr(figures, name)) for name in _COUNTERS},
        "retried": figures.retried,
        "unreadable_bytes": figures.unreadable_bytes,
        "waiting_bytes": figures.waiting_bytes,
        "waiting_s": figures.waiting_s,
        "state": figures.state,
    }


def _from_json(document: Mapping[str, Any]) -> Figures:
    counters = {
        name: Counter({Signal(word): int(count) for word, count in document[name].items()})
        for name in _COUNTERS
    }
    return Figures(
        url=str(document["url"]),
        **counters,
        retried=int(document["retried"]),
        unreadable_bytes=int(document["unreadable_bytes"]),
        waiting_bytes=int(document["waiting_bytes"]),
        waiting_s=float(document["waiting_s"]),
        state=str(document["state"]),
    )
