"""What is said of one trace, put together from all that can be worked out of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.calls import operation_of
from otx.tracing.critical_path import CriticalPath, critical_path
from otx.tracing.error_story import ErrorStory, error_story
from otx.tracing.explain.compared import compared
from otx.tracing.explain.completeness import clocks, completeness
from otx.tracing.finding import Finding
from otx.tracing.path_time import Part, Share, shares
from otx.tracing.patterns.catalog import find_patterns
from otx.tracing.patterns.scene import scene_of
from otx.tracing.peers import Peers
from otx.tracing.skew import Skew, clock_skew
from otx.tracing.slack import slack_ns
from otx.tracing.waits import Waits, waits_of
from otx.tracing.what_if import WaitModel, best_savings


@dataclass(frozen=True, eq=False)
class Explanation:
    """One trace explained.

    Attributes:
        skew: What is known of its clocks; all times below are those of clocks that agree.
        path: The critical path of its longest root.
        parts: The sections of the path with what they were.
        shares: The path by operation, most first.
        story: Where its errors began.
        lacks: What is missing.
        clocks: How far its times can be trusted.
        patterns: What often makes traces slow or odd, heaviest first.
        savings: What would make it faster, most first.
        compared: How it stands beside others of its kind; empty where nothing is known of them.
    """

    trace: Trace
    skew: Skew
    waits: Waits
    path: CriticalPath
    parts: Sequence[Part]
    shares: Sequence[Share]
    story: ErrorStory
    lacks: Sequence[Finding]
    clocks: Sequence[Finding]
    patterns: Sequence[Finding]
    savings: Sequence[Finding]
    compared: Sequence[Finding]

    @cached_property
    def slack(self) -> Sequence[int | None]:
        """By number how much longer each span could be unnoticed; None for what is not awaited."""
        return slack_ns(self.waits, self.path.root)

    @property
    def has_failed(self) -> bool:
        """Whether the root of the path failed."""
        return self.path.root in self.story.failed

    @property
    def root_name(self) -> str:
        """What the trace is about: the operation of the root of the path."""
        return operation_of(self.trace.spans[self.path.root]) if self.path.root >= 0 else "?"

    def findings(self) -> list[Finding]:
        """All statements, in the order of the sections that they stand in."""
        told = [hop.because for hop in self.story.hops]
        return [
            *self.lacks,
            *self.clocks,
            *told,
            *self.savings,
            *self.patterns,
            *self.compared,
        ]


def explain(
    trace: Trace, now_unix_nano: int, services: Collection[str] = (), peers: Peers | None = None
) -> Explanation:
    """One trace explained.

    Args:
        trace: The trace.
        now_unix_nano: When it was read.
        services: Those that are known to record spans, beside those of the trace.
        peers: Others of its kind.
    """
    skew = clock_skew(trace)
    waits = waits_of(skew.timing)
    path = critical_path(waits)
    story = error_story(skew.timing, path, services)
    scene = scene_of(waits, path, story.failed)
    savings = []
    if path.root != NO_PARENT:
        savings = best_savings(WaitModel(waits, path.root), scene.parts, most=3)
    return Explanation(
        trace,
        skew,
        waits,
        path,
        scene.parts,
        shares(scene.parts, waits),
        story,
        list(completeness(trace, now_unix_nano, services)),
        list(clocks(skew)),
        find_patterns(scene),
        savings,
        list(compared(trace, peers)) if peers is not None else [],
    )
