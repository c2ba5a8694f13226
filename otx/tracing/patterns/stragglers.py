"""One slow call among many equal ones, for which all others had to wait."""

from collections.abc import Iterator
from statistics import median

from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Scene

FEWEST = 4
TIMES_SLOWER = 3
RULE = FindingRule(
    "straggler",
    "time",
    "Of {count} equal calls of {operation} one took {slowest_ns}, the others {median_ns} (median); "
    "without it {parent} would have waited {saved_ns} less.",
    f"at least {FEWEST} equal siblings side by side; the last to end is on the critical path and "
    f"at least {TIMES_SLOWER} times as long as the median",
    "tail at scale (Dean and Barroso 2013); otx",
)


def find_stragglers(scene: Scene) -> Iterator[Finding]:
    """Slow calls among equals that ran at the same time."""
    ends = scene.waits.ends
    for alike in scene.alike:
        members = [one for one in alike.members if scene.waits.is_awaited[one]]
        if len(members) < FEWEST:
            continue
        slowest = max(members, key=lambda one: (ends[one], -one))
        if slowest not in scene.on_path:
            continue
        others = [one for one in members if one != slowest]
        usual = int(median(map(scene.duration_ns, others)))
        saved_ns = ends[slowest] - max(
            scene.waits.starts[slowest] + usual, max(ends[one] for one in others)
        )
        if scene.duration_ns(slowest) >= TIMES_SLOWER * max(usual, 1) and scene.is_worth(saved_ns):
            yield said(
                RULE,
                saved_ns,
                (slowest, *others),
                count=len(members),
                operation=scene.name(slowest),
                parent=scene.name(alike.parent),
                slowest_ns=scene.duration_ns(slowest),
                median_ns=usual,
                saved_ns=saved_ns,
            )
