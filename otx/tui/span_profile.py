"""Which samples there are of a span, as far as can be told: its process is known, no more yet.

Four states, told apart because each asks for something else of whoever looks.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.telemetry import Span
from otx.model.units import NS_PER_S, format_count
from otx.tui.snapshot import Status

ProfileState: TypeAlias = Literal[
    "linked", "none for this span", "still arriving", "not sampled here"
]
PID_KEY = "process.pid"
"""Resource attribute (OpenTelemetry semantic conventions, "Process")."""
_SAMPLES_ARRIVE_WITHIN_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class SpanProfile:
    """The state, the process whose samples to show (0 for none), and why it is so."""

    state: ProfileState
    pid: int
    reason: str

    @property
    def text(self) -> str:
        """State and reason in one line."""
        return f"{self.state}: {self.reason}"


def span_profile(span: Span, status: Status, now_unix_nano: int) -> SpanProfile:
    """What samples there are of a span's process."""
    pid = span.resource.get(PID_KEY)
    if not status.sampled_since_unix_nano:
        return SpanProfile("not sampled here", 0, "no program is sampled, otx tui --pid PID does")
    if not isinstance(pid, int) or isinstance(pid, bool):
        return SpanProfile("not sampled here", 0, f"its resource has no {PID_KEY}")
    found = next((one for one in status.processes if one.pid == pid), None)
    if found is None:
        return SpanProfile("not sampled here", 0, f"process {pid} is none of those sampled")
    if span.end_unix_nano < status.sampled_since_unix_nano:
        return SpanProfile("none for this span", pid, "it ended before sampling began")
    if found.samples:
        threads = f"{found.threads} thread" + ("s" if found.threads != 1 else "")
        seen = f"{format_count(found.samples)} samples on {threads}"
        return SpanProfile("linked", pid, f"process {pid}, {seen}")
    if now_unix_nano - span.end_unix_nano < _SAMPLES_ARRIVE_WITHIN_NS:
        return SpanProfile("still arriving", pid, f"process {pid} is sampled, nothing seen yet")
    return SpanProfile("none for this span", pid, f"process {pid} was never seen on a processor")
