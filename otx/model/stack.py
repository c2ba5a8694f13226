"""What a sampled thread was doing: frames from root to leaf, and how often it was seen so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

FrameKind: TypeAlias = Literal["python", "native", "kernel", "jit", "process", "thread", "span"]
"""Where a frame ran; `process` and `thread` stand above the root and are named by the comm.

A `span` is no frame of a program: it stands for an operation of a trace, its module the service.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One call on a stack.

    Attributes:
        name: The demangled function name, or a qualified name for an interpreter's frame.
        kind: Where the frame ran.
        file: The source file where it is known (of native frames Go's), else "".
        line: The source line, 0 where it is not known.
        module: Base name of the mapped object, the kernel, or the source file.
    """

    name: str
    kind: FrameKind
    file: str = ""
    line: int = 0
    module: str = ""


Stack: TypeAlias = tuple[Frame, ...]
"""Frames, root first."""


class KnownStack(tuple[Frame, ...]):
    """A stack that remembers its hash.

    A tuple reckons it anew at each look into a dictionary: 10 µs for 45 frames, and samples are
    counted in several.
    """

    _hash: int

    def __new__(cls, frames: Stack) -> Self:
        """The stack of some frames, equal to the tuple of them."""
        self = super().__new__(cls, frames)
        self._hash = hash(frames)
        return self

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Thread:
    """Whose stack it was. Threads of one name in one process are one: pools make thousands."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one thread. `value` is in the unit of the profile's event (CPU: samples).

    Attributes:
        comm: The process's name, or the thread's where that was asked for.
        trace_id: The trace that the thread worked for, as it said itself; "" where it did not.
        span_id: Its span.
        thread: The thread's name.
        resource: What the process says it is, by OpenTelemetry's names.
    """

    time_unix_nano: int
    pid: int
    tid: int
    comm: str
    stack: Stack
    value: int = 1
    trace_id: str = ""
    span_id: str = ""
    thread: str = ""
    resource: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitStats:
    """What is taken of waits.

    Attributes:
        period_ns: How long one has to be for a sample of its own.
        left_out: Waits that were shorter than was asked for.
        left_out_ns: How long these took together.
    """

    period_ns: int
    left_out: int
    left_out_ns: int


@dataclass(frozen=True, slots=True)
class AllocationStats:
    """What is taken of memory that is asked for.

    Attributes:
        period_bytes: How much one sample stands for, or more.
        calls: Calls of functions that allocate.
        call_ns: What each of them cost the target, as it was measured before.
    """

    period_bytes: int
    calls: int
    call_ns: int


@dataclass(frozen=True, slots=True)
class ProfileStats:
    """How a profile was made and what it missed (docs/cli.md, otx profile).

    Attributes:
        samples: Looks that were taken and delivered.
        lost: Looks that were taken and did not fit a queue.
        truncated: Stacks cut at the greatest depth.
        unwound_fully: Stacks whose root was reached.
        not_found: Samples of an interpreter's thread whose thread state was not found.
        own_cpu_seconds: CPU time otx itself used.
        target_overhead: Share of the processor time the target had that sampling took of it,
            timer interrupts included; None where their cost is not known.
        unwind_tables: Object files whose unwind table was there for walks.
        tables_missing: Object files without one, or for whose table there was no room.
        waits: What was taken of waits; None where they were not sampled.
        allocations: What was taken of memory asked for; None where that was not sampled.
        broken_in: In which objects walks ended that reached no root, and how many, most first.
        before_tables: How many of these lacked an unwind table that was built afterwards.
        without_table: Some of the object files that `tables_missing` counts, and why.
        sample_cost_ns: What a sample costs the target; None where it is not known.
        backend: What sampled (bpf, bcc, perf).
        not_seen: What that cannot see, in words.
    """

    samples: int = 0
    lost: int = 0
    truncated: int = 0
    unwound_fully: int = 0
    not_found: int = 0
    own_cpu_seconds: float = 0.0
    target_overhead: float | None = None
    unwind_tables: int = 0
    tables_missing: int = 0
    sample_cost_ns: int | None = None
    backend: str = "bpf"
    not_seen: tuple[str, ...] = ()
    waits: WaitStats | None = None
    allocations: AllocationStats | None = None
    without_table: tuple[str, ...] = ()
    broken_in: tuple[str, ...] = ()
    before_tables: int = 0
