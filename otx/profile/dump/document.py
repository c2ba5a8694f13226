"""A dump as one JSON document; frames as in `otx profile --format json`, root first."""

from typing import Any

from otx.model.frame_names import frame_document
from otx.model.stack import Frame
from otx.profile.dump.stacks import ProcessDump, PythonCall, ThreadStack


def dump_document(dump: ProcessDump) -> dict[str, Any]:
    """The document: what is not known is null."""
    return {
        "pid": dump.pid,
        "comm": dump.comm,
        "command": dump.command,
        "runtime": dump.runtime or None,
        "backend": dump.backend,
        "time_unix_nano": dump.time_unix_nano,
        "took_ms": round(dump.took_ns / 1e6, 3),
        "threads": [_thread(thread) for thread in dump.threads],
    }


def _thread(thread: ThreadStack) -> dict[str, Any]:
    wait, context = thread.wait, thread.context
    return {
        "tid": thread.tid,
        "name": thread.name,
        "state": thread.state,
        "cpu_seconds": round(thread.cpu_s, 6),
        "wait_channel": wait.channel or None,
        "syscall": wait.call or None,
        "waits_on": wait.on or None,
        "lock": wait.lock or None,
        "lock_holder": wait.holder or None,
        "holds_gil": thread.holds_gil,
        "torn": thread.is_torn,
        "unwound_fully": thread.is_whole,
        "trace_id": context.trace_id if context else None,
        "span_id": context.span_id if context else None,
        "stack": [_frame(frame) for frame in thread.stack],
    }


def _frame(frame: Frame) -> dict[str, Any]:
    document: dict[str, Any] = dict(frame_document(frame))
    if isinstance(frame, PythonCall):
        if frame.role != "function":
            document["role"] = frame.role
        if frame.task:
            document["task"] = frame.task
        if frame.variables is not None:
            document["locals"] = {local.name: local.value for local in frame.variables}
    return document
