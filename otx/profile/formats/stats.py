"""The figures that end a text or JSON profile."""

from typing import Any

from otx.model.stack import ProfileStats


def stats_document(stats: ProfileStats) -> dict[str, Any]:
    """The figures by their stable names (docs/cli.md, otx profile)."""
    return {
        "samples": stats.samples,
        "lost": stats.lost,
        "truncated": stats.truncated,
        "unwound_fully": stats.unwound_fully,
        "unwind_tables": stats.unwind_tables,
        "tables_missing": stats.tables_missing,
        "not_found": stats.not_found,
        "own_cpu_seconds": round(stats.own_cpu_seconds, 3),
        "target_overhead": (
            None if stats.target_overhead is None else round(stats.target_overhead, 6)
        ),
        "sample_cost_ns": stats.sample_cost_ns,
        "backend": stats.backend,
        "not_seen": list(stats.not_seen),
    }


def stats_lines(stats: ProfileStats) -> list[str]:
    """The figures for people, a line each."""
    lines = ["stats"]
    for name, value in stats_document(stats).items():
        text = "unknown" if value is None else f"{value}"
        if name == "target_overhead" and value is not None:
            text = f"{value:.3%} of the target's processor time"
        if name == "sample_cost_ns" and value is not None:
            text = f"{value} (calibrated)"
        if isinstance(value, list):
            text = ", ".join(value) or "nothing"
        if name == "unwound_fully" and stats.samples:
            text = f"{value} ({stats.unwound_fully / stats.samples:.1%})"
        lines.append(f"  {name:<16} {text}")
    return lines
