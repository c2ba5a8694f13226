"""A dump as text for people: the innermost call first, threads that are alike once.

Two lines say what the process is; then each place where threads are begins with an empty line and
what they do there, with what they wait for and who holds it.
"""

from collections.abc import Iterable, Iterator, Sequence

from otx.model.cells import printable
from otx.model.frame_names import frame_label
from otx.model.stack import Frame
from otx.profile.dump.stacks import ProcessDump, PythonCall, ThreadStack, Wait

_FRAME_INDENT = " " * 4
_LOCAL_INDENT = " " * 10
_MAX_LISTED = 12
"""Threads of one stack that are listed by line; the ids of the others stand in one."""


def write_text(dump: ProcessDump, *, threads: bool) -> str:
    """The text.

    Args:
        threads: Whether each thread stands alone, also where others are at the same place.
    """
    lines = [*_head(dump)]
    for group in _groups(dump.threads, alone=threads):
        lines += ["", *_group_lines(group)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _head(dump: ProcessDump) -> Iterator[str]:
    yield f"pid {dump.pid} {dump.comm}: {dump.command or '(no command line)'}"
    count = len(dump.threads)
    parts = [f"{count} thread{'s' * (count != 1)}", f"read in {dump.took_ns / 1e6:.1f} ms"]
    if dump.runtime:
        parts.insert(0, dump.runtime)
    yield ", ".join(parts)


def _groups(threads: Iterable[ThreadStack], *, alone: bool) -> list[list[ThreadStack]]:
    """Threads that are at the same place for the same reason, in the order of the first of each."""
    groups: dict[object, list[ThreadStack]] = {}
    for thread in threads:
        groups.setdefault(thread.tid if alone else _place(thread), []).append(thread)
    return list(groups.values())


def _place(thread: ThreadStack) -> object:
    wait = thread.wait
    return (
        thread.stack,
        thread.state,
        thread.holds_gil,
        thread.is_torn,
        thread.context,
        wait.call,
        wait.lock,
        wait.holder,
    )


def _group_lines(group: Sequence[ThreadStack]) -> Iterator[str]:
    first = group[0]
    if len(group) == 1:
        yield f"{_one(first)}, {_what(first)}"
    else:
        yield f"{len(group)} threads, {_what(first)}"
        for thread in group[:_MAX_LISTED]:
            yield f"  {_one(thread)}"
        if len(group) > _MAX_LISTED:
            yield f"  and {' '.join(str(thread.tid) for thread in group[_MAX_LISTED:])}"
    for frame in reversed(first.stack):
        yield from _frame_lines(frame)
    if not first.is_whole:
        yield f"{_FRAME_INDENT}(the native stack is not whole)"
    if not first.stack:
        yield f"{_FRAME_INDENT}(no frames)"


def _one(thread: ThreadStack) -> str:
    return f"{thread.tid} {thread.name}  cpu {thread.cpu_s:.3f}s"


def _what(thread: ThreadStack) -> str:
    """What a thread does, in words."""
    words = [thread.state + _waiting(thread.wait)]
    if thread.holds_gil:
        words.append("holds the GIL")
    if thread.is_torn:
        words.append("ran while it was read: frames may not belong together")
    if thread.context is not None:
        words.append(f"trace {thread.context.trace_id} span {thread.context.span_id}")
    return ", ".join(words)


def _waiting(wait: Wait) -> str:
    text = f" in {wait.call or wait.channel}" if wait.call or wait.channel else ""
    about = wait.lock or wait.on
    if wait.holder:
        about += f" held by {wait.holder}"
    return f"{text}: {about}" if about else text


def _frame_lines(frame: Frame) -> Iterator[str]:
    yield f"{_FRAME_INDENT}{frame_label(frame)}{_remark(frame)}"
    if isinstance(frame, PythonCall):
        for local in frame.variables or ():
            yield f"{_LOCAL_INDENT}{local.name} = {local.value}"


def _remark(frame: Frame) -> str:
    """What stands behind a frame: a native one's file, or what kind of function it is."""
    if isinstance(frame, PythonCall):
        task = f"  task {frame.task}" if frame.task else ""
        return task or (f"  {frame.role}" if frame.role != "function" else "")
    if frame.kind == "native" and not frame.name.startswith("["):
        return f"  {frame.module}"
    return ""
