"""How a target is to be sampled: the same for a session, a command, the screens and the demo."""

from dataclasses import dataclass

from otx.model.stack import FrameKind
from otx.model.units import NS_PER_S
from otx.profile.events import Event
from otx.profile.records import Unwinding


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """What is sampled of a target, how often, and what its samples tell.

    Attributes:
        event: What is sampled.
        frequency_hz: Samples a second and processor, of time on processors.
        min_block_ns: Waits that are shorter are left out and counted.
        unwind: Native stacks by unwind tables, and by frame pointers in code without one (auto); by
            frame pointers alone (fp); by tables alone (dwarf).
        kernel: Whether stacks hold kernel frames.
        python: Whether interpreters' frames are read.
        lines: Whether Python frames carry the line being executed.
        threads: Whether a sample's root is its thread's comm instead of its process's.
        max_overhead: The share of the target's processor time above which less is sampled; None
            for whatever it takes.
    """

    event: Event = "cpu"
    frequency_hz: int = 99
    min_block_ns: int = 0
    unwind: Unwinding = "auto"
    kernel: bool = True
    python: bool = True
    lines: bool = False
    threads: bool = False
    max_overhead: float | None = None

    @property
    def tick_value(self) -> int:
        """What a timer's sample stands for, in the event's unit."""
        return round(NS_PER_S / self.frequency_hz) if self.event == "wall" else 1

    @property
    def root_kind(self) -> FrameKind:
        """What the first frame of a stack names."""
        return "thread" if self.threads else "process"


DEFAULTS = SamplingOptions()
