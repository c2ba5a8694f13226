"""A trace as patterns see it: what was waited for, what failed, which calls are alike."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from otx.tracing.assembly import Trace
from otx.tracing.calls import Call, call_of, operation_of
from otx.tracing.critical_path import CriticalPath
from otx.tracing.failures import Failure
from otx.tracing.path_time import Part, path_parts
from otx.tracing.timing import Timing
from otx.tracing.waits import Waits

WORTH_SHARE = 0.05
"""The least part of the path's duration for which time is worth a statement."""


class Alike(NamedTuple):
    """Siblings that make the same call.

    Attributes:
        parent: The number of their parent; `NO_PARENT` where it is missing.
        members: Their numbers, by start.
    """

    parent: int
    call: Call
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What patterns look at.

    Attributes:
        parts: The sections of the path with what they were.
        on_path: The numbers of the spans on it.
        failed: Which spans failed.
        alike: Siblings that make the same call, two at least.
    """

    waits: Waits
    path: CriticalPath
    parts: Sequence[Part]
    on_path: Collection[int]
    failed: Mapping[int, Failure]
    alike: Sequence[Alike]

    @property
    def timing(self) -> Timing:
        """The times."""
        return self.waits.timing

    @property
    def trace(self) -> Trace:
        """The spans."""
        return self.waits.trace

    def name(self, number: int) -> str:
        """A span's operation; of a missing one that it is missing."""
        return operation_of(self.trace.spans[number]) if number >= 0 else "a missing span"

    def duration_ns(self, number: int) -> int:
        """How long a span took."""
        return self.timing.ends[number] - self.timing.starts[number]

    def path_ns(self, numbers: Collection[int]) -> int:
        """How much of the path siblings and what is below them take up."""
        on_path = [number for number in numbers if number in self.on_path]
        return sum(self.waits.ends[one] - self.waits.starts[one] for one in on_path)

    def is_worth(self, ns: int) -> bool:
        """Whether a time is long enough for a statement."""
        return ns > 0 and ns >= WORTH_SHARE * self.path.duration_ns


def scene_of(waits: Waits, path: CriticalPath, failed: Mapping[int, Failure]) -> Scene:
    """The scene of a trace.

    Args:
        waits: How far each span is waited for.
        path: The critical path.
        failed: Which spans failed.
    """
    on_path = {step.number for step in path.steps}
    return Scene(waits, path, path_parts(path, waits), on_path, failed, list(_alike(waits)))


def _alike(waits: Waits) -> Iterator[Alike]:
    trace = waits.trace
    families: list[tuple[int, Sequence[int]]] = list(enumerate(trace.children))
    families += [(-1, one.children) for one in trace.missing]
    for parent, children in families:
        if len(children) < 2:
            continue
        # What a span calls is costly to tell; most siblings have names of their own.
        by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
        for child in children:
            by_name[trace.spans[child].service, trace.spans[child].name].append(child)
        for namesakes in by_name.values():
            if len(namesakes) > 1:
                yield from _same_call(waits, parent, namesakes)


def _same_call(waits: Waits, parent: int, namesakes: Sequence[int]) -> Iterator[Alike]:
    by_call: dict[Call, list[int]] = defaultdict(list)
    for child in namesakes:
        by_call[call_of(waits.trace.spans[child])].append(child)
    starts, ends = waits.timing.starts, waits.timing.ends
    for call, members in by_call.items():
        if len(members) > 1:
            members.sort(key=lambda one: (starts[one], ends[one], one))
            yield Alike(parent, call, tuple(members))
