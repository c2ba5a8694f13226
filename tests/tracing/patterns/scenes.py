"""Scenes of spans, and what is said of them."""

from collections.abc import Callable, Iterable, Mapping

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import critical_path
from otx.tracing.failures import failures
from otx.tracing.finding import Finding, sentence
from otx.tracing.patterns.scene import Scene, scene_of
from otx.tracing.timing import Shift, Timing, raw_timing
from otx.tracing.waits import waits_of

SHIFTS = {"one": Shift(0, 0, "one"), "two": Shift(0, 0, "one")}
"""The hosts `one` and `two` have clocks that agree."""


def scene(spans: Iterable[Span], shifts: Mapping[str, Shift] = SHIFTS) -> Scene:
    timing = raw_timing(assemble(list(spans)))
    waits = waits_of(Timing(timing.trace, timing.starts, timing.ends, shifts))
    return scene_of(waits, critical_path(waits), failures(timing.trace.spans))


def told(find: Callable[[Scene], Iterable[Finding]], *spans: Span) -> list[str]:
    """What a pattern says of spans."""
    return [sentence(finding) for finding in find(scene(spans))]
