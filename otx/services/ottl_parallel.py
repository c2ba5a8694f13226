"""Pieces worked on by several processes, and given back in their order.

A file of a few pieces is not worth a process, and a large document is cut between its resources.
What is read ahead is bounded: twice as many portions as there are processes.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from otx.errors import MachineError, OtxError
from otx.otlp.division import by_resources
from otx.otlp.pieces import Piece
from otx.ottl.plan import Plan
from otx.services.ottl_open import WorkForm
from otx.services.ottl_work import Done, work

if TYPE_CHECKING:
    from concurrent.futures import Future

PORTION_BYTES = 1 << 20
"""About how much one process is given at a time: 0.06 s of work."""
ALONE_BYTES = 2 << 20
"""Up to this much is done without further processes, which take 0.03 s to start."""

_plan: Plan | None = None


def work_all(
    plan: Plan,
    pieces: Iterable[Piece],
    form: WorkForm,
    processes: int | None = None,
    *,
    is_live: bool = True,
) -> Iterator[Done]:
    """What each piece came to, in their order.

    Args:
        plan: What is run.
        pieces: What it is run on.
        form: What is wanted of it.
        processes: How many; as many as there are processors without it.
        is_live: Whether pieces may come slowly: what is there is then worked on before more is
            read. A file is read ahead instead, to see whether it is worth several processes.

    Raises:
        UsageError: A piece is no OTLP.
    """
    count = processes or len(os.sched_getaffinity(0))
    if not plan.needs_whole_requests:
        pieces = chain.from_iterable(by_resources(piece, PORTION_BYTES) for piece in pieces)
    coming = iter(pieces)
    ahead: list[Piece] = []
    seen_bytes = 0
    for piece in coming:
        seen_bytes += len(piece.data)
        if is_live:
            yield work(plan, piece, form)
        else:
            ahead.append(piece)
        if count > 1 and seen_bytes >= ALONE_BYTES:
            portions = _portions(chain(ahead, coming))
            yield from _work_in_processes(plan, portions, form, count)
            return
    for piece in ahead:
        yield work(plan, piece, form)


def _portions(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    portion: list[Piece] = []
    size = 0
    for piece in pieces:
        portion.append(piece)
        size += len(piece.data)
        if size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _work_in_processes(
    plan: Plan, portions: Iterator[list[Piece]], form: WorkForm, count: int
) -> Iterator[Done]:
    import gc
    import multiprocessing  # 12 ms, together
    from concurrent.futures import ProcessPoolExecutor

    global _plan
    # Forked children have the compiled plan; closures could not be sent to them. What they inherit
    # is no garbage: looking through it would make every page of it their own.
    _plan = plan
    gc.freeze()
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_leave_interrupts)
    waiting: deque[Future[list[Done] | OtxError]] = deque()
    try:
        for portion in portions:
            waiting.append(pool.submit(_work_there, portion, form))
            if len(waiting) >= 2 * count:
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)
        _plan = None


def _result(future: "Future[list[Done] | OtxError]") -> list[Done]:
    from concurrent.futures.process import BrokenProcessPool

    try:
        result = future.result()
    except BrokenProcessPool:
        raise MachineError(
            "one of the processes that work on the input was killed",
            hint="memory may be short: `journalctl -k` names what the kernel killed",
        ) from None
    if isinstance(result, OtxError):
        raise result
    return result


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that gave the work."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work_there(portion: list[Piece], form: WorkForm) -> list[Done] | OtxError:
    """A portion in a child; an error of the user's is given back, where pickling would lose it."""
    assert _plan is not None  # noqa: S101 - set before the children are forked
    try:
        return _work_portion(_plan, portion, form)
    except OtxError as error:
        return OtxError(error.message, error.hint, error.code)


def _work_portion(plan: Plan, portion: list[Piece], form: WorkForm) -> list[Done]:
    found = []
    for piece in portion:
        done = work(plan, piece, form)
        found.append(done)
        if done.stopped is not None:
            break
    return found
