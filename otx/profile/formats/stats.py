"""The figures that end a text or JSON profile."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

from otx.model.cells import printable
from otx.model.stack import AllocationStats, ProfileStats, WaitStats
from otx.model.units import format_duration
from otx.otlp.json_text import shown_value

_WAITS = ("wait_period_ns", "waits_left_out", "ns_left_out")
"""The names of what `WaitStats` holds."""
_ALLOCATIONS = ("alloc_period_bytes", "alloc_calls", "alloc_call_ns")
"""The names of what `AllocationStats` holds."""
_MOST_NAMED = 5
_OF_TARGET = "the target's processor time"
_ALWAYS = {
    it.name: it.default for it in fields(ProfileStats) if it.name not in ("waits", "allocations")
}
"""What each figure is where nothing is known, which says its type."""


def stats_document(stats: ProfileStats) -> dict[str, Any]:
    """The figures by their stable names (docs/cli.md, otx profile)."""
    document: dict[str, Any] = {
        "samples": stats.samples,
        "lost": stats.lost,
        "truncated": stats.truncated,
        "unwound_fully": stats.unwound_fully,
        "broken_in": list(stats.broken_in),
        "before_tables": stats.before_tables,
        "unwind_tables": stats.unwind_tables,
        "tables_missing": stats.tables_missing,
        "without_table": list(stats.without_table),
        "not_found": stats.not_found,
        "own_cpu_seconds": round(stats.own_cpu_seconds, 3),
        "target_overhead": (
            None if stats.target_overhead is None else round(stats.target_overhead, 6)
        ),
        "sample_cost_ns": stats.sample_cost_ns,
        "backend": stats.backend,
        "not_seen": list(stats.not_seen),
    }
    if stats.waits is not None:
        document |= zip(_WAITS, astuple(stats.waits), strict=True)
    if stats.allocations is not None:
        document |= zip(_ALLOCATIONS, astuple(stats.allocations), strict=True)
    return document


def stats_lines(stats: ProfileStats) -> list[str]:
    """The figures for people, a line each."""
    lines = ["stats"]
    for name, value in stats_document(stats).items():
        text = "unknown" if value is None else f"{value}"
        if name == "target_overhead" and value is not None:
            share = "a core (BPF programs only)" if stats.sample_cost_ns is None else _OF_TARGET
            text = f"{value:.3%} of {share}"
        if name == "sample_cost_ns" and value is not None:
            text = f"{value} (calibrated)"
        if isinstance(value, list):
            text = _some(value) or "nothing"
        if name == "unwound_fully" and stats.samples:
            text = f"{value} ({stats.unwound_fully / stats.samples:.1%})"
        if name in ("wait_period_ns", "ns_left_out"):
            text = f"{value} ({format_duration(int(value or 0))})"
        if name == "alloc_calls" and stats.allocations is not None:
            cost_ns = stats.allocations.calls * stats.allocations.call_ns
            text = f"{value} (about {format_duration(cost_ns)} of the target's time)"
        lines.append(f"  {name:<16} {printable(text)}")
    return lines


def _some(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def stats_of(document: Mapping[str, Any]) -> ProfileStats:
    """The figures out of a document; one of an earlier otx, or of another event, has fewer.

    Raises:
        TypeError: A figure is of another type.
    """
    waits = allocations = None
    if _WAITS[0] in document:
        waits = WaitStats(*(_figure(document[name], 0) for name in _WAITS))
    if _ALLOCATIONS[0] in document:
        allocations = AllocationStats(*(_figure(document[name], 0) for name in _ALLOCATIONS))
    known = {
        name: _figure(document[name], default)
        for name, default in _ALWAYS.items()
        if name in document
    }
    return ProfileStats(**known, waits=waits, allocations=allocations)


def _figure(value: object, default: object) -> Any:
    """A value of the type that a figure has where nothing is known."""
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(str(_figure(word, "")) for word in value)
    if value is None and default is None:
        return None
    wanted = str if isinstance(default, str) else int | float
    if isinstance(value, bool) or isinstance(default, tuple) or not isinstance(value, wanted):
        raise TypeError(f"{shown_value(value)} is no figure of stats")
    return value
