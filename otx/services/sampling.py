"""What is to be sampled and by what means: the same for a command, the screens and the demo."""

from collections.abc import Sequence
from dataclasses import dataclass

from otx.environment import Environment
from otx.errors import MachineError
from otx.model.stack import FrameKind
from otx.output import Remarks
from otx.profile.backends import BACKEND_WORDS, Wanted, decide, explain
from otx.profile.choice import NO_CHOICE, Choice
from otx.profile.cost import DEFAULT_BOUND
from otx.profile.events import Event
from otx.profile.session import ProfileSession, Target, Unwinding
from otx.profile.targets import is_kernel_thread, may_be_read


@dataclass(frozen=True)
class SamplingOptions:
    """What to sample, how and how often.

    Attributes:
        pids: Processes to sample.
        choice: Processes to sample for what they are.
        min_block_ns: Waits that are shorter are left out.
        threads: Whether a sample's root is its thread's name.
        python: Whether interpreters' frames are read.
        max_overhead: The share of the target's processor time above which less is sampled.
        backend: What samples; auto: the best that works here.
    """

    pids: tuple[int, ...] = ()
    choice: Choice = NO_CHOICE
    children: bool = True
    event: Event = "cpu"
    min_block_ns: int = 0
    frequency_hz: int = 99
    unwind: Unwinding = "auto"
    kernel: bool = True
    threads: bool = False
    lines: bool = False
    python: bool = True
    max_overhead: float | None = DEFAULT_BOUND
    backend: Wanted = "auto"

    @property
    def root_kind(self) -> FrameKind:
        """What the first frame of a stack names."""
        return "thread" if self.threads else "process"


def open_session(
    environment: Environment,
    options: SamplingOptions,
    remarks: Remarks,
    awaited: Sequence[int] = (),
) -> ProfileSession:
    """Attach what samples here, and say what it does not see.

    Args:
        environment: Where tables are kept, and whether details are wanted.
        options: What to sample.
        remarks: Told now and later what is lost.
        awaited: Processes to sample too that are about to become another program.

    Raises:
        MachineError: This machine won't.
        UsageError: There is no such process, or the backend has no such event.
    """
    decision = decide(options.backend)
    try:
        session = ProfileSession(
            Target((*options.pids, *awaited), options.children, options.choice),
            event=options.event,
            min_block_ns=options.min_block_ns,
            frequency_hz=options.frequency_hz,
            unwind="fp" if decision.backend == "bcc" else options.unwind,
            cache_dir=environment.cache_dir,
            kernel=options.kernel,
            python=options.python,
            lines=options.lines,
            threads=options.threads,
            await_exec=awaited,
            max_overhead=options.max_overhead,
            on_warning=remarks.warning,
            debug=remarks.note if environment.debug else None,
            backend=decision.backend,
        )
    except MachineError as error:
        raise explain(decision, error) from None
    _remark_on_targets(options, remarks)
    if not_seen := session.stats().not_seen:
        why = f": {decision.why}" if decision.why else ""
        remarks.warning(
            f"sampling with {BACKEND_WORDS[decision.backend]}{why}",
            hint=f"not seen so: {'; '.join(not_seen)}",
        )
    return session


def _remark_on_targets(options: SamplingOptions, remarks: Remarks) -> None:
    """Say of whom there will be less than is usual."""
    for pid in options.pids:
        if is_kernel_thread(pid):
            lacks = "nothing of it is seen without" if not options.kernel else "it has only"
            remarks.warning(f"process {pid} is a kernel thread: {lacks} kernel frames")
        elif not may_be_read(pid):
            remarks.warning(
                f"the memory of process {pid} may not be read: Python functions, and those of"
                " files that only it can see, have no names",
                hint="run otx as root (sudo), or with CAP_SYS_PTRACE",
            )
