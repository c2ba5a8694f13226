"""What is to be sampled and by what means: the same for a command, the screens and the demo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from otx.environment import Environment
from otx.errors import MachineError
from otx.output import Remarks
from otx.profile.backends import BACKEND_WORDS, Wanted, decide, explain
from otx.profile.cost import DEFAULT_BOUND
from otx.profile.errors import UnsampledError
from otx.profile.options import SamplingOptions
from otx.profile.session import ProfileSession
from otx.profile.targets import Target, is_kernel_thread, may_be_read
from otx.system.capabilities import TRACES, held_capabilities

_RIGHT = f"run otx as root (sudo), or with {TRACES}"

USUAL = SamplingOptions(max_overhead=DEFAULT_BOUND)
"""How is sampled where nobody says how."""


@dataclass(frozen=True)
class SamplingRequest:
    """Something to sample, how, and by what: the same for a command, the screens and the demo.

    Attributes:
        target: What to sample.
        options: How.
        backend: What samples; auto: the best that works here.
    """

    target: Target
    options: SamplingOptions = USUAL
    backend: Wanted = "auto"


def open_session(
    environment: Environment,
    request: SamplingRequest,
    remarks: Remarks,
    awaited: Sequence[int] = (),
) -> ProfileSession:
    """Attach what samples here, and say what it does not see.

    Args:
        environment: Where tables are kept, and whether details are wanted.
        request: What to sample, and how.
        remarks: Told now and later what is lost.
        awaited: Processes to sample too that are about to become another program.

    Raises:
        MachineError: This machine won't.
        UsageError: There is no such process, or the backend has no such event.
    """
    decision = decide(request.backend)
    target, options = request.target, request.options
    try:
        session = ProfileSession(
            replace(target, pids=(*target.pids, *awaited)),
            replace(options, unwind="fp") if decision.backend == "bcc" else options,
            backend=decision.backend,
            cache_dir=environment.cache_dir,
            await_exec=awaited,
            on_warning=remarks.warning,
            debug=remarks.note if environment.debug else None,
        )
    except (MachineError, UnsampledError) as error:
        raise explain(decision, error) from None
    _remark_on_targets(request, remarks)
    if not_seen := session.stats().not_seen:
        why = f": {decision.why}" if decision.why else ""
        remarks.warning(
            f"sampling with {BACKEND_WORDS[decision.backend]}{why}",
            hint=f"not seen so: {'; '.join(not_seen)}",
        )
    return session


def _remark_on_targets(request: SamplingRequest, remarks: Remarks) -> None:
    """Say of whom there will be less than is usual."""
    if request.target.choice and TRACES not in held_capabilities():
        remarks.warning(_unread("other users' processes"), hint=_RIGHT)
    for pid in request.target.pids:
        if is_kernel_thread(pid):
            lacks = "nothing of it is seen without" if not request.options.kernel else "it has only"
            remarks.warning(f"process {pid} is a kernel thread: {lacks} kernel frames")
        elif not may_be_read(pid):
            remarks.warning(_unread(f"process {pid}"), hint=_RIGHT)


def _unread(whose: str) -> str:
    return (
        f"the memory of {whose} may not be read: Python functions, and those of"
        " files that only they can see, have no names"
    )
