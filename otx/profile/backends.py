"""What may sample: BPF programs that are kept built, BCC, or perf events alone; which does here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from otx.errors import MachineError
from otx.profile.bcc.sampler import why_not_bcc
from otx.profile.choice import Choice
from otx.profile.records import Record, TargetFlags
from otx.profile.unwind.loader import Publisher
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
    """

    not_seen: tuple[str, ...]

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

    def interrupt_cost_ns(self) -> int | None:
        """What a sample costs beside it; None where that could not be seen."""

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
    backend: BackendName, *, kernel: bool, debug: Callable[[str], None] | None
) -> Sampler:
    """Open what samples, without a target yet.

    Raises:
        MachineError: This machine won't.
    """
    if backend == "bcc":
        from otx.profile.bcc.sampler import BccSampler

        return BccSampler()
    if backend == "perf":
        from otx.profile.perf.sampler import PerfSampler

        return PerfSampler(kernel=kernel)
    from otx.profile.sampler import CpuSampler

    require_bpf()
    return CpuSampler(debug)


def explain(decision: Decision, error: MachineError) -> MachineError:
    """An error of a backend that is not the best one, with what is in the way of the best."""
    if not decision.why:
        return error
    return MachineError(
        f"cannot sample with BPF: {decision.why};"
        f" nor with {BACKEND_WORDS[decision.backend]}: {error.message}",
        hint=error.hint,
    )
