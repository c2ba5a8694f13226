"""Work that was done one after the other although nothing recorded says that it had to be."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.rows import in_order, overlap_ns
from otx.tracing.patterns.scene import WORTH_SHARE, Scene

RULE = FindingRule(
    "serial",
    "time",
    "{parent} waited for {count} children {order} ({names}); side by side they would "
    "take at most {saved_ns} less, if none needs what another found.",
    "children on the critical path that only time orders, no link; at least "
    f"{WORTH_SHARE:.0%} of the path would be saved",
    "otx: fork and join; CRISP (USENIX ATC 2022)",
)


def find_serial(scene: Scene) -> Iterator[Finding]:
    """Children on the path that could run side by side; rows of one call are N+1's."""
    linked = _with_links_below(scene.trace)
    for parent, children in _on_path_by_parent(scene).items():
        free = [child for child in children if child not in linked]
        operations = list(dict.fromkeys(scene.name(child) for child in free))
        if len(operations) < 2 or _is_retry(scene, free):
            continue
        most_ns = _overlap_ns(scene, free)
        lengths = [scene.waits.ends[child] - scene.waits.starts[child] for child in free]
        saved_ns = sum(lengths) - max(lengths)
        if most_ns is not None and most_ns < min(lengths) and scene.is_worth(saved_ns):
            more = f" and {len(operations) - 3} more" if len(operations) > 3 else ""
            yield said(
                RULE,
                saved_ns,
                (parent, *free),
                parent=scene.name(parent),
                count=len(free),
                order=in_order(most_ns),
                overlap_ns=most_ns,
                names=", ".join(operations[:3]) + more,
                saved_ns=saved_ns,
            )


def _on_path_by_parent(scene: Scene) -> dict[int, list[int]]:
    """The children that spans waited for, by time; none of one parent overlap."""
    found: dict[int, list[int]] = {}
    for step in scene.path.steps:
        if step.number != scene.path.root:
            found.setdefault(scene.trace.parents[step.number], []).append(step.number)
    return found


def _overlap_ns(scene: Scene, children: Sequence[int]) -> int | None:
    """By how much two children in a row overlap at most; None where their clocks do not tell."""
    most = 0
    for earlier, later in pairwise(children):
        overlap = overlap_ns(scene.timing, earlier, later)
        if overlap is None:
            return None
        most = max(most, overlap)
    return most


def _is_retry(scene: Scene, children: Sequence[int]) -> bool:
    """Whether what follows may be there because what came before failed."""
    return any(child in scene.failed for child in children[:-1])


def _with_links_below(trace: Trace) -> set[int]:
    """Spans that link to a span of this trace, or have one below that does."""
    linking = [number for number, span in enumerate(trace.spans) if span.links]
    ids = {span.span_id for span in trace.spans} if linking else set()
    found: set[int] = set()
    for number in linking:
        if any(link.span_id in ids for link in trace.spans[number].links):
            here = number
            while here != NO_PARENT and here not in found:
                found.add(here)
                here = trace.parents[here]
    return found
