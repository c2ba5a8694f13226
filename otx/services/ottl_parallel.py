"""Pieces worked on by several processes, and given back in their order.

A file of one piece, or of a few, is not worth a process. What is read ahead is bounded: twice as
many portions as there are processes.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from otx.errors import OtxError
from otx.otlp.pieces import Piece
from otx.ottl.plan import Plan
from otx.services.ottl_work import Done, WorkForm, work

if TYPE_CHECKING:
    from concurrent.futures import Future

PORTION_BYTES = 4 << 20
"""About how much one process is given at a time."""
ALONE_BYTES = 16 << 20
"""Up to this much is done without further processes."""

_plan: Plan | None = None


def work_all(
    plan: Plan, pieces: Iterable[Piece], form: WorkForm, processes: int | None = None
) -> Iterator[Done]:
    """What each piece came to, in their order.

    Args:
        plan: What is run.
        pieces: What it is run on.
        form: What is wanted of it.
        processes: How many; as many as there are processors without it.

    Raises:
        UsageError: A piece is no OTLP.
    """
    count = processes or len(os.sched_getaffinity(0))
    portions = _portions(pieces)
    done_bytes = 0
    for portion in portions:
        yield from _work_portion(plan, portion, form)
        done_bytes += sum(len(piece.data) for piece in portion)
        if count > 1 and done_bytes >= ALONE_BYTES:
            break
    else:
        return
    yield from _work_in_processes(plan, portions, form, count)


def _portions(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
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
    import multiprocessing  # 12 ms, together
    from concurrent.futures import ProcessPoolExecutor

    global _plan
    # Forked children have the compiled plan; closures could not be sent to them.
    _plan = plan
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, mp_context=context)
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
    result = future.result()
    if isinstance(result, OtxError):
        raise result
    return result


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
