"""What of an opened trace is lit: its critical path, or what happened before or after a span."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from otx.model.cells import printable
from otx.model.units import counted, format_duration
from otx.tracing.causality import Side
from otx.tracing.critical_path import CriticalPath
from otx.tui.snapshot import OpenTrace


@dataclass(frozen=True, slots=True)
class Lit:
    """What is lit of a trace.

    Attributes:
        what: The critical path, or one side of a span; "" for nothing.
        span_id: The span whose side it is.
        name: How that span is called.
    """

    what: Literal["", "critical"] | Side = ""
    span_id: str = ""
    name: str = ""

    def spans(self, trace: OpenTrace) -> list[str]:
        """The ids of the lit spans, in the order in which one walks them."""
        if self.what == "critical":
            return [step.span.span_id for step in trace.critical.steps]
        return trace.causality.spans(self.what, self.span_id) if self.what else []

    def words(self, trace: OpenTrace, count: int) -> str:
        """What is lit, in words."""
        if self.what == "critical":
            return path_words(trace.critical)
        if not self.what:
            return ""
        return f"{counted(count, 'span')} happened {self.what} {self.name}"


def path_words(path: CriticalPath) -> str:
    """`critical path: frontend → checkout (1.81 s)`: services, each once in a row."""
    services = (printable(step.span.service or step.span.name) for step in path.steps)
    names = " → ".join(name for name, _ in groupby(services))
    return f"critical path: {names or 'no span has arrived'} ({format_duration(path.duration_ns)})"
