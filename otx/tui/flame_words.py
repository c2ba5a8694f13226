"""What the Flame screen says of a profile in its frames and its status line."""

from otx.model.cells import printable
from otx.model.units import format_count
from otx.tui.snapshot import FlameView

_MAX_NAMED_PIDS = 4


def title_of(view: FlameView) -> str:
    """What the picture is of."""
    interest = view.interest
    who = f"pid {interest.pid} · " if interest.pid else ""
    if interest.focus is not None:
        who += f"only with {printable(interest.focus.name)} · "
    if interest.sandwich is not None:
        way = "callers of" if interest.callers else "called by"
        return f"CPU · {who}{way} {printable(interest.sandwich.name)}, all its places"
    if interest.callers:
        return f"CPU · {who}callers of every function"
    roots = sorted(view.tree.children.values(), key=lambda node: -node.total)
    names = ", ".join(dict.fromkeys(printable(node.frame.name) for node in roots[:4]))
    more = f" and {len(roots) - 4} more" if len(roots) > 4 else ""
    return f"CPU · {who}{names or 'nothing yet'}{more}"


def extent_of(view: FlameView) -> str:
    """How long it was sampled, and how much was."""
    extent = "since the start" if view.interest.since_start else "last 60 s"
    return f"{extent} · {format_count(view.tree.total)} samples"


def status_words(view: FlameView) -> list[str]:
    """How sampling goes."""
    stats = view.stats
    overhead = (
        f"{100 * stats.target_overhead:.1f} %" if stats.target_overhead is not None else "unknown"
    )
    words = [
        f"● sampling by eBPF at {view.frequency_hz} Hz",
        f"samples {format_count(stats.samples)}",
        f"lost {format_count(stats.lost)}",
        f"overhead {overhead}",
    ]
    if stats.truncated:
        words.append(f"cut {format_count(stats.truncated)}")
    if stats.not_found:
        words.append(f"no Python state {format_count(stats.not_found)}")
    return words


def pids_text(view: FlameView) -> str:
    """The processes that are sampled, the first of them by id."""
    shown = " ".join(map(str, view.pids[:_MAX_NAMED_PIDS]))
    more = len(view.pids) - _MAX_NAMED_PIDS
    return f"pid {shown}" + (f" +{more}" if more > 0 else "")
