"""The events of `otx profile`: what each measures, and the BPF side that samples it."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, get_args

from otx.model.profile import ALLOC_SPACE, OFF_CPU, PAGE_FAULTS, SAMPLES, WALL, ValueType
from otx.profile.alloc_sampler import AllocationSampler
from otx.profile.fault_sampler import FaultSampler
from otx.profile.libbpf import USUAL_SIZES
from otx.profile.sampler import CpuSampler
from otx.profile.wait_sampler import WaitSampler

Event: TypeAlias = Literal["cpu", "offcpu", "wall", "alloc", "faults"]
EVENTS: tuple[Event, ...] = get_args(Event)

VALUE_TYPES: Mapping[Event, ValueType] = {
    "cpu": SAMPLES,
    "offcpu": OFF_CPU,
    "wall": WALL,
    "alloc": ALLOC_SPACE,
    "faults": PAGE_FAULTS,
}
"""What a sample's value is of."""

WAITS: frozenset[Event] = frozenset(("offcpu", "wall"))
"""Events that take the time threads are off processors."""


def open_sampler(
    event: Event,
    debug: Callable[[str], None] | None = None,
    shortest_wait_ns: int = 0,
    sizes: Mapping[str, int] = USUAL_SIZES,
) -> CpuSampler:
    """The BPF side of an event, loaded and not started.

    Args:
        event: What to sample.
        debug: Takes what libbpf and the verifier say, line by line.
        shortest_wait_ns: Waits that are shorter are left out.
        sizes: Of maps that are to have other ones than usual, by name.

    Raises:
        MachineError: This machine won't.
    """
    if event in WAITS:
        return WaitSampler(debug, sizes, shortest_ns=shortest_wait_ns, ticks=event == "wall")
    if event == "alloc":
        return AllocationSampler(debug, sizes)
    if event == "faults":
        return FaultSampler(debug, sizes)
    return CpuSampler(debug, sizes)
