"""Spans with more children than anybody can look at."""

from collections import Counter
from collections.abc import Iterator

from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Scene

MANY = 100
RULE = FindingRule(
    "fan-out",
    "oddity",
    "{parent} has {count} children, {alike_count} of them {operation}.",
    f"a span has at least {MANY} children",
    "otx",
)


def find_fan_out(scene: Scene) -> Iterator[Finding]:
    """Spans with very many children."""
    for parent, children in enumerate(scene.trace.children):
        if len(children) < MANY:
            continue
        names = Counter(map(scene.name, children))
        operation, count = min(names.items(), key=lambda item: (-item[1], item[0]))
        yield said(
            RULE,
            scene.path_ns(children),
            (parent, *children),
            parent=scene.name(parent),
            count=len(children),
            operation=operation,
            alike_count=count,
        )
