"""The span that each thread works for, published to profilers (OTEP 4947).

What is published follows the contextvars: a thread shows what was attached in the context that it
runs in, so tasks of asyncio and functions called by `Context.run` have their own. Without the
native part nothing is published and everything here does nothing, since a program must not fail
because nobody can look at it; `unavailable` says why.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from otx.context.layout import encode_record
from otx.context.native import Native, NotBuilt, Record, RecordToken, load

_record: ContextVar[Record] = ContextVar("otx.context.record", default=None)
_native: Native | None = None
_why_not = ""
_loaded = False
_loading = Lock()


def _renew() -> None:
    """In a forked child: the thread that held the lock is not there."""
    global _loading
    _loading = Lock()


os.register_at_fork(after_in_child=_renew)


def native() -> Native | None:
    """The native part, which follows the record of each context once this was called."""
    global _native, _why_not, _loaded
    if not _loaded:
        with _loading:  # a thread that comes meanwhile would publish nothing for its first span
            if not _loaded:
                _native, _why_not = _load()
                _loaded = True
    return _native


def _load() -> tuple[Native | None, str]:
    """The native part, or why there is none."""
    try:
        found = load()
        found.follow(_record)
    except NotBuilt as reason:
        return None, str(reason)
    return found, ""


def unavailable() -> str:
    """Why nothing is published by this process; "" where it is."""
    native()
    return _why_not


def publish(record: Record) -> RecordToken | None:
    """Make a record (`layout.encode_record`) the one of this context; None for no span."""
    found = native()
    return None if found is None else found.set(record)


def attach(trace_id: int, span_id: int, trace_flags: int = 0) -> RecordToken | None:
    """Say that this context works for a span from now on.

    Returns:
        What `detach` takes.

    Raises:
        ValueError: An id is zero or too large.
    """
    return publish(encode_record(trace_id, span_id, trace_flags))


def detach(token: RecordToken | None) -> None:
    """Say what was true before an `attach`, in the context where that was called."""
    found = native()
    if found is not None and token is not None:
        found.reset(token)


@contextmanager
def span(trace_id: int, span_id: int, trace_flags: int = 0) -> Iterator[None]:
    """Work for a span inside of a `with` block.

    Raises:
        ValueError: An id is zero or too large.
    """
    token = attach(trace_id, span_id, trace_flags)
    try:
        yield
    finally:
        detach(token)
