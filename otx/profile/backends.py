"""What may sample: BPF programs that are kept built, BCC, or perf events alone; which does here."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias

from otx.errors import MachineError
from otx.model.stack import AllocationStats, WaitStats
from otx.profile.bcc.sampler import why_not_bcc
from otx.profile.choice import Choice
from otx.profile.errors import UnsampledError
from otx.profile.events import open_sampler as open_event
from otx.profile.libbpf import USUAL_SIZES
from otx.profile.objects import ObjectFiles
from otx.profile.options import SamplingOptions
from otx.profile.records import Record, TargetFlags
from otx.profile.unwind.published import room_for_many
from otx.profile.unwind.publisher import Publisher
from otx.system.bpf_support import Probe, probe_all, require_bpf

BackendName: TypeAlias = Literal["bpf", "bcc", "perf"]
Wanted: TypeAlias = Literal["auto", "bpf", "bcc", "perf"]


BACKEND_WORDS: dict[BackendName, str] = {"bpf": "BPF", "bcc": "BCC", "perf": "perf events"}
_MENDED_BY_BCC = ("libbpf", "kernel BTF")
"""What BCC does not need, by the names of probes."""


class Sampler(Protocol):
    """What samples, and tells of samples and processes by records.

    Attributes:
        not_seen: What the others see and this does not, in words.
        has_period: Whether each sample stands for the time from one tick to the next.
    """

    not_seen: tuple[str, ...]
    has_period: ClassVar[bool]

    def end(self) -> None:
        """Stop sampling; what is still to be told of threads goes to the records."""

    def adapt(self, samples: int) -> None:
        """Say that so many samples were read."""

    def waits(self) -> WaitStats | None:
        """What is taken of waits; None where they are not sampled."""

    def allocations(self) -> AllocationStats | None:
        """What is taken of memory that is asked for; None where that is not sampled."""

    def price(self) -> str | None:
        """What sampling costs beyond its samples; None where that is nothing."""

    def follow(self, pid: int, files: ObjectFiles) -> None:
        """A process is sampled from now on, or is another program."""

    def remarks(self, files: ObjectFiles) -> Iterable[str]:
        """Look again at what was missing; what is to be said by now, each thing once."""

    def unfollow(self, pid: int) -> None:
        """A process has ended."""

    def set_context_place(self, pid: int, place: bytes | None) -> None:
        """Read the spans of a process's threads, where it can be done; None: no more."""

    def programs_ns(self) -> int | None:
        """What programs took that come with no tick, all in; None where it is not known."""

    def close(self) -> None:
        """Stop, and give everything back."""

    def tables(self, clock_ns: Callable[[], int]) -> Publisher:
        """Where unwind tables go."""

    def start(self, frequency_hz: int) -> None:
        """Begin to sample what is watched."""

    def set_ticking(self, ticking: bool) -> None:
        """Pause or go on."""

    def set_frequency(self, frequency_hz: int) -> None:
        """Sample so often from now on."""

    def watch(self, pid: int, flags: TargetFlags) -> None:
        """Sample a process from now on."""

    def choose(self, choice: Choice, flags: TargetFlags, *, kernel_threads: bool) -> None:
        """Sample processes for what they are from now on."""

    def forget(self, pid: int) -> None:
        """Sample a process no more."""

    def set_interpreter(self, pid: int, layout: bytes) -> None:
        """Walk the Python frames of a process."""

    def wait(self, timeout_s: float) -> None:
        """Wait until there is something to read, or a time has passed."""

    def records(self, limit: int) -> Iterator[Record]:
        """What is there, oldest first, at most so many records."""

    def lost(self) -> int:
        """Records for which there was no room."""

    def children_missed(self) -> int:
        """Children that are not sampled because there are too many processes."""

    def run_time_ns(self) -> int:
        """What a sampling program took for its samples."""

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        """Have the calling thread interrupted as a target is, so often."""

    def helper_cpu_s(self) -> float:
        """The processor time of a process that helps; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which backend samples.

    Attributes:
        backend: The one.
        why: What is in the way of a better one; "" where it is the best or was asked for.
    """

    backend: BackendName
    why: str = ""


def decide(
    wanted: Wanted,
    probes: Callable[[], list[Probe]] = probe_all,
    why_not: Callable[[], str] = why_not_bcc,
) -> Decision:
    """The best backend that works here, or the one that is wanted.

    Args:
        why_not: What is in the way of BCC, which is asked where it could help.
    """
    if wanted != "auto":
        return Decision(wanted)
    missing = next((probe for probe in probes() if not probe.ok), None)
    if missing is None:
        return Decision("bpf")
    if missing.name in _MENDED_BY_BCC and not why_not():
        return Decision("bcc", missing.detail)
    return Decision("perf", missing.detail)


def open_sampler(
    backend: BackendName,
    options: SamplingOptions,
    *,
    many: bool = False,
    debug: Callable[[str], None] | None,
) -> Sampler:
    """Open what samples, without a target yet.

    Args:
        options: Of these, the event, its least duration and whether there are kernel frames.
        many: Whether there may be hundreds of different programs.

    Raises:
        MachineError: This machine won't.
        UnsampledError: The backend has no such event.
    """
    if backend != "bpf" and options.event != "cpu":
        raise UnsampledError(
            f"--event {options.event} is for BPF alone", hint="--backend bpf, as root (sudo)"
        )
    if backend == "bcc":
        from otx.profile.bcc.sampler import BccSampler

        return BccSampler()
    if backend == "perf":
        from otx.profile.perf.sampler import PerfSampler

        return PerfSampler(kernel=options.kernel)
    require_bpf()
    return open_event(options.event, debug, options.min_block_ns, _sizes(many))


def _sizes(many: bool) -> Mapping[str, int]:
    if not many:
        return USUAL_SIZES
    return room_for_many(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def explain(
    decision: Decision, error: MachineError | UnsampledError
) -> MachineError | UnsampledError:
    """An error of a backend that is not the best one, with what is in the way of the best."""
    if not decision.why:
        return error
    return MachineError(
        f"cannot sample with BPF: {decision.why};"
        f" nor with {BACKEND_WORDS[decision.backend]}: {error.message}",
        hint=error.hint,
    )
