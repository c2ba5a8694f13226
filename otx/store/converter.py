"""The process that turns logs into segments: one at a time in a store, beside any receiver.

It is a process of its own so that neither an acknowledgement nor a key press shares an
interpreter lock with it. Every writing process starts one; those that find the converter lock
taken wait for it, at no cost, and take over when its holder ends. Its parent holds the writing end
of its stdin: when the parent ends, however it ends, the converter reads end of file, converts what
is left and ends as well. TERM and INT do the same; a second one ends it at once. The process's
own entry is `otx.services.converter`.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from otx.output import Remarks
from otx.store.converter_memory import give_back_memory, keep_freed_memory
from otx.store.durable import FileLock
from otx.store.layout import Layout

if TYPE_CHECKING:
    from otx.store.conversion import Conversion
    from otx.store.upkeep import Retention

LOOK_INTERVAL_S = 0.1
TAKE_OVER_INTERVAL_S = 0.5
CONVERT_AFTER_S = 1.0
"""How long what waits may wait for more of its kind before it becomes a segment."""
UPKEEP_INTERVAL_S = 10.0
RETRY_INTERVAL_S = 2.0

RetainMore: TypeAlias = "Callable[[Retention, int], None]"
"""Is told how much is kept, and the time in Unix nanoseconds."""


def nothing_more(retention: "Retention", now_unix_nano: int) -> None:
    """What a store without anything else needs."""


def start_converter(
    store_dir: Path,
    *,
    retain_age_ns: int | None = None,
    retain_bytes: int | None = None,
    stderr: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a converter that lives no longer than this process.

    Closing its `stdin` asks it to drain and end, as `terminate()` does; wait for it with `wait()`.

    Args:
        retain_age_ns: Segments received longer ago go; 24 hours without it.
        retain_bytes: The oldest segments go beyond this; 10 GiB without it.
        stderr: Where its warnings go, as `subprocess.Popen` takes it.
    """
    command = [sys.executable, "-m", "otx.services.converter", str(store_dir)]
    if retain_age_ns is not None:
        command.append(f"--retain-age-ns={retain_age_ns}")
    if retain_bytes is not None:
        command.append(f"--retain-bytes={retain_bytes}")
    return subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        process_group=0,  # Ctrl-C is for the parent, which then closes our stdin
    )


class Stop(Protocol):
    """What tells a worker to come to an end (`otx.system.stop.StopSignal`)."""

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a stop is asked for; whether it was."""


def convert_until(
    stop: Stop,
    store_dir: Path,
    remarks: Remarks,
    retain_age_ns: int | None = None,
    retain_bytes: int | None = None,
    retain_more: RetainMore = nothing_more,
) -> None:
    """Become the converter of a store, wait for that if need be, and work until a stop.

    Args:
        stop: Ends it.
        store_dir: The store.
        remarks: Warns the user.
        retain_age_ns: As `start_converter` takes it.
        retain_bytes: Likewise.
        retain_more: Applies retention to what is not the converter's own, now and then.

    Raises:
        MachineError: The store cannot be written, or its manifest is damaged.
    """
    layout = Layout(store_dir)
    layout.create()
    lock = FileLock(layout.converter_lock)
    while not lock.acquire():
        if stop.wait(TAKE_OVER_INTERVAL_S):
            return
    try:
        keep_freed_memory()
        from otx.store.conversion import Conversion  # 300 ms and 60 MiB: not while waiting
        from otx.store.damage import edge_problem
        from otx.store.upkeep import DAY_NS, RETAIN_BYTES, Retention, pass_over_damaged

        retention = Retention(
            DAY_NS if retain_age_ns is None else retain_age_ns,
            RETAIN_BYTES if retain_bytes is None else retain_bytes,
        )
        conversion = Conversion(layout, warn=remarks.warning)
        pass_over_damaged(conversion, conversion.manifest.segments, edge_problem)
        _Worker(conversion, retention, remarks, retain_more).run(stop)
    finally:
        lock.release()


class _Worker:
    """Looks, converts, merges and expires, and keeps going when the disk doesn't."""

    def __init__(
        self,
        conversion: "Conversion",
        retention: "Retention",
        remarks: Remarks,
        retain_more: RetainMore,
    ) -> None:
        self._conversion = conversion
        self._retain_more = retain_more
        self._retention = retention
        self._remarks = remarks
        self._waiting_since: float | None = None
        self._upkeep_due = time.monotonic()
        self._complained = ""

    def run(self, stop: Stop) -> None:
        """Work until a stop is asked for, then convert what is left."""
        while not stop.is_set:
            try:
                idle = not self._work()
                self._complained = ""
            except OSError as error:
                self._complain(error)
                stop.wait(RETRY_INTERVAL_S)
                continue
            if idle:
                stop.wait(LOOK_INTERVAL_S)
        try:
            while self._conversion.convert():
                pass
        except OSError as error:
            self._complain(error)

    def _work(self) -> bool:
        """Do what is due; whether more may be due at once."""
        from otx.store.conversion import BATCH_BYTES

        waiting = self._conversion.waiting_bytes()
        now = time.monotonic()
        if waiting == 0:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        overdue = self._waiting_since is not None and now - self._waiting_since >= CONVERT_AFTER_S
        if waiting >= BATCH_BYTES or overdue:
            self._conversion.convert()
            self._waiting_since = None
            return True
        if now >= self._upkeep_due:
            return self._keep_up(now)
        return False

    def _keep_up(self, now: float) -> bool:
        from otx.store.upkeep import expire, index_one, merge_small, remove_retired

        clock = time.time_ns()
        if merge_small(self._conversion, clock) or index_one(self._conversion):
            return True
        expire(self._conversion, self._retention, clock)
        remove_retired(self._conversion, clock)
        self._retain_more(self._retention, clock)
        self._conversion.convert()  # drops logs whose writers are gone
        give_back_memory()
        self._upkeep_due = now + UPKEEP_INTERVAL_S
        return False

    def _complain(self, error: OSError) -> None:
        """Say once what the disk does; the log goes on taking what it has room for."""
        if str(error) != self._complained:
            self._complained = str(error)
            self._remarks.warning(
                f"cannot convert the log: {error.strerror or error}", hint="see `df -h`"
            )
