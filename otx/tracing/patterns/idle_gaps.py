"""Time on the critical path of which nothing is recorded but that a span was open."""

from collections.abc import Iterator, Sequence

from otx.tracing.assembly import NO_PARENT
from otx.tracing.critical_path import Section
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import WORTH_SHARE, Scene

RULE = FindingRule(
    "idle-gap",
    "time",
    "For {gap_ns} {operation} recorded nothing before {next}.",
    "a span with children has time of its own on the critical path, at least "
    f"{WORTH_SHARE:.0%} of it, in which none of them ran, nor a span whose parent is missing",
    "otx: gaps of the critical path",
)


def find_idle_gaps(scene: Scene) -> Iterator[Finding]:
    """Gaps between the children of spans on the path."""
    orphans = [child for missing in scene.trace.missing for child in missing.children]
    for place, part in enumerate(scene.parts):
        section = part.section
        if part.kind != "self" or not scene.is_worth(part.duration_ns):
            continue
        if not scene.trace.children[section.span]:
            continue  # a span without children is work, as far as is known
        gap_ns = _idle_ns(scene, section, orphans)
        if scene.is_worth(gap_ns):
            after = scene.parts[place + 1].section if place + 1 < len(scene.parts) else None
            child = _child_at(scene, section.span, after)
            evidence = (section.span,) if child == NO_PARENT else (section.span, child)
            yield said(
                RULE,
                gap_ns,
                evidence,
                gap_ns=gap_ns,
                operation=scene.name(section.span),
                next="its end" if child == NO_PARENT else scene.name(child),
            )


def _idle_ns(scene: Scene, section: Section, orphans: Sequence[int]) -> int:
    """What of a section no child ran in, those that were not waited for included.

    Nor a span whose parent is missing: that may lie below the section's span.
    """
    starts, ends = scene.timing.starts, scene.timing.ends
    idle = 0
    cursor = section.start_ns
    compare = scene.timing.margin_ns
    near = (one for one in orphans if compare(one, section.span) is not None)
    children = [*scene.trace.children[section.span], *near]
    for start, end in sorted((starts[child], ends[child]) for child in children):
        if start >= section.end_ns:
            break
        idle += max(start - cursor, 0)
        cursor = max(cursor, end)
    return idle + max(section.end_ns - cursor, 0)


def _child_at(scene: Scene, parent: int, section: Section | None) -> int:
    """The child of a span that a section lies below; `NO_PARENT` if it lies elsewhere."""
    here = section.span if section is not None else NO_PARENT
    while here != NO_PARENT and scene.trace.parents[here] != parent:
        here = scene.trace.parents[here]
    return here
