"""What the Flame screen says of a profile in its frames and its status line."""

from collections.abc import Mapping

from otx.flame.draw import samples_text
from otx.model.cells import printable
from otx.model.profile import (
    ALLOC_SPACE,
    OFF_CPU,
    PAGE_FAULTS,
    SAMPLES,
    WALL,
    ValueType,
    value_text,
)
from otx.model.units import counted, format_clock, format_count
from otx.tui.snapshot import FlameView

_MAX_NAMED_PIDS = 4
_SUBJECTS: Mapping[tuple[ValueType, str], str] = {
    (SAMPLES, ""): "CPU",
    (OFF_CPU, ""): "Off CPU",
    (WALL, ""): "Wall time",
    (WALL, "cpu"): "Wall time, on CPU",
    (WALL, "offcpu"): "Wall time, off CPU",
    (ALLOC_SPACE, ""): "Memory asked for",
    (PAGE_FAULTS, ""): "Page faults",
}
"""What a picture is of, by what its values are and which part of them is shown."""


def title_of(view: FlameView) -> str:
    """What the picture is of."""
    interest = view.interest
    who = _SUBJECTS.get((view.kind, interest.part), view.kind.name) + " · "
    if interest.pid:
        who += f"pid {interest.pid} · "
    if interest.focus is not None:
        who += f"only with {printable(interest.focus.name)} · "
    if interest.sandwich is not None:
        way = "callers of" if interest.callers else "called by"
        return f"{who}{way} {printable(interest.sandwich.name)}, all its places"
    if interest.callers:
        return f"{who}callers of every function"
    roots = sorted(view.tree.children.values(), key=lambda node: -node.total)
    names = ", ".join(dict.fromkeys(printable(node.frame.name) for node in roots[:4]))
    more = f" and {len(roots) - 4} more" if len(roots) > 4 else ""
    return f"{who}{names or 'nothing yet'}{more}"


def extent_of(view: FlameView) -> str:
    """When it was sampled, and how much was."""
    interest = view.interest
    extent = "since the start" if interest.since_start else "last 60 s"
    if interest.reset_unix_nano:
        extent = f"since {format_clock(interest.reset_unix_nano)[:8]}"
    if view.ended_unix_nano:
        extent += f" · ended {format_clock(view.ended_unix_nano)[:8]}"
    return f"{extent} · {amount_text(view.tree.total, view.kind)}"


def amount_text(value: int, kind: ValueType) -> str:
    """How much of what is sampled: `12 samples`, `1.3 s`, `4.0 MiB`, `12 faults`."""
    if kind == SAMPLES:
        return samples_text(value)
    if kind == PAGE_FAULTS:
        return counted(value, "fault")
    return value_text(value, kind.unit)


def state_of(view: FlameView, pid: int) -> str:
    """Whether anything is sampled, and what."""
    if view.ended_unix_nano:
        return "○ all sampled processes have ended" if not view.pids else "○ sampling has ended"
    if not view.pids:
        return "○ waiting for a process"
    return f"● live  {pids_text(view, pid)}  {view.frequency_hz} Hz"


def status_words(view: FlameView) -> list[str]:
    """How sampling goes; what was lost before what was not."""
    stats = view.stats
    overhead = (
        f"{100 * stats.target_overhead:.1f} %" if stats.target_overhead is not None else "unknown"
    )
    words = [
        f"● sampling at {view.frequency_hz} Hz" if not view.ended_unix_nano else "○ ended",
        f"lost {format_count(stats.lost)}",
        f"overhead {overhead}",
        f"otx {100 * view.own_share:.1f} %",
    ]
    if stats.truncated:
        words.append(f"cut {format_count(stats.truncated)}")
    if stats.not_found:
        words.append(f"no Python state {format_count(stats.not_found)}")
    if stats.tables_missing:
        words.append(f"no unwind table {format_count(stats.tables_missing)}")
    words.append(f"samples {format_count(stats.samples)}")
    if stats.not_seen:
        words.append(f"{stats.backend} does not see {', '.join(stats.not_seen)}")
    return words


def pids_text(view: FlameView, pid: int) -> str:
    """The processes that are sampled, the first of them by id; or the one that is shown."""
    if pid:
        return f"pid {pid} only, of {len(view.pids)}"
    shown = " ".join(map(str, view.pids[:_MAX_NAMED_PIDS]))
    more = len(view.pids) - _MAX_NAMED_PIDS
    return f"pid {shown}" + (f" +{more}" if more > 0 else "")
