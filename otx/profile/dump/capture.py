"""Reads one thread's stack at a time: native, Python and kernel frames in one, and its wait."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from otx.model.stack import Stack
from otx.profile.context.reader import ContextReader
from otx.profile.dump.kernel import KernelReader
from otx.profile.dump.looks import ThreadLook
from otx.profile.dump.native import native_frames, walk_native
from otx.profile.dump.python import NOTHING, PythonReader, PythonStack
from otx.profile.dump.stacks import NO_WAIT, STATES, State, ThreadStack, Wait
from otx.profile.dump.waiting import futex_address, wait_of
from otx.profile.memory import ProcessMemory
from otx.profile.merge import merge_stacks
from otx.profile.symbolizer import AddressBook

if TYPE_CHECKING:
    from otx.profile.dump.running import Tick

_TICK_TIMEOUT_S = 0.02
_STATE, _USER_TIME, _SYSTEM_TIME = 0, 11, 12  # of /proc/PID/stat, behind the comm
_WAITS = "\nvoluntary_ctxt_switches:"  # of /proc/PID/status
_NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class ThreadStat:
    """What /proc says of a thread."""

    name: str
    state: State
    cpu_s: float


class ThreadReader:
    """Reads the threads of one process.

    Args:
        python: None where there is no interpreter, or its frames are not read.
        kernel: None where kernel frames are not wanted.
        contexts: None where threads do not say what they work for.
    """

    def __init__(
        self,
        pid: int,
        memory: ProcessMemory,
        book: AddressBook,
        python: PythonReader | None,
        kernel: KernelReader | None,
        contexts: ContextReader | None,
    ) -> None:
        self._pid = pid
        self._folder = Path(f"/proc/{pid}/task")
        self._memory = memory
        self._book = book
        self._python = python
        self._kernel = kernel
        self._contexts = contexts

    def read(self, look: ThreadLook, looks: Collection[ThreadLook]) -> ThreadStack:
        """Read a thread that was looked at; torn where it was running and does not stand still.

        Args:
            looks: All threads.
        """
        if look.on_cpu:
            return self._read_running(look)
        stack, python, is_whole = self._stack(look, None)
        if self._kernel is not None:
            stack += self._kernel.of_thread(look.tid, look.kernel)
        stat = self.stat(look.tid)
        return self._thread(
            look, stat, stack, python, is_whole=is_whole, wait=self._wait(look, looks)
        )

    def stat(self, tid: int) -> ThreadStat:
        """What /proc says of a thread; that it is dead where it says nothing."""
        folder = self._folder / str(tid)
        try:
            head, _, tail = (folder / "stat").read_text(errors="replace").rpartition(")")
        except OSError:
            return ThreadStat("", "dead", 0.0)
        fields = tail.split()
        ticks = int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
        cpu_s = ticks / os.sysconf("SC_CLK_TCK")
        with suppress(OSError, ValueError, IndexError):  # CONFIG_SCHED_INFO is not set: ticks do
            cpu_s = int((folder / "schedstat").read_text().split()[0]) / _NS_PER_S
        state = STATES.get(fields[_STATE], "sleeping")
        return ThreadStat(head.partition("(")[2], state, cpu_s)

    def _read_running(self, look: ThreadLook) -> ThreadStack:
        from otx.profile.dump.running import tick  # 6 ms: most processes only wait

        before = self._moved(look)
        met = tick(look.tid, _TICK_TIMEOUT_S)
        stack, python, is_whole = self._stack(look, met)
        if self._kernel is not None and met is not None:
            stack += self._kernel.of_addresses(met.kernel)
        stat = self.stat(look.tid)
        if met is not None or stat.state == "runnable":
            stat = replace(stat, state="running")  # as it was then, whatever it does by now
        is_torn = met is None or not python.is_whole or self._moved(look) != before
        return self._thread(look, stat, stack, python, is_whole=is_whole, is_torn=is_torn)

    def _moved(self, look: ThreadLook) -> tuple[str, list[int]]:
        """What is another when a thread has waited or has come to other Python functions."""
        codes = self._python.codes(look.thread_pointer) if self._python else []
        try:
            status = (self._folder / str(look.tid) / "status").read_text(errors="replace")
        except OSError:
            return "", codes
        return status.partition(_WAITS)[2].partition("\n")[0], codes

    def _stack(self, look: ThreadLook, met: "Tick | None") -> tuple[Stack, PythonStack, bool]:
        """User frames, what of them is Python, and whether the native ones are whole."""
        python = self._python.stack(look.thread_pointer) if self._python else NOTHING
        registers = met.registers if met else look.registers
        if registers is None:
            return merge_stacks((), python.runs, whole=False), python, False
        walk = walk_native(registers, self._memory, self._book, met.stack if met else b"")
        native, is_whole = native_frames(walk, self._book)
        return merge_stacks(native, python.runs, is_whole), python, is_whole

    def _thread(
        self,
        look: ThreadLook,
        stat: ThreadStat,
        stack: Stack,
        python: PythonStack,
        *,
        is_whole: bool,
        is_torn: bool = False,
        wait: Wait = NO_WAIT,
    ) -> ThreadStack:
        return ThreadStack(
            tid=look.tid,
            name=stat.name,
            state=stat.state,
            cpu_s=stat.cpu_s,
            stack=stack,
            is_whole=is_whole,
            is_torn=is_torn,
            holds_gil=python.holds_gil,
            wait=wait,
            context=self._contexts.read(look.thread_pointer) if self._contexts else None,
        )

    def _wait(self, look: ThreadLook, looks: Collection[ThreadLook]) -> Wait:
        tids = {other.tid for other in looks}
        wait = wait_of(self._pid, look.tid, look.system_call, self._memory, tids)
        lock = futex_address(look.system_call)
        if self._python is not None and lock:
            pointer = self._python.awaited_gil(look.thread_pointer, lock)
            if pointer is not None:
                holders = [it.tid for it in looks if pointer and it.thread_pointer == pointer]
                wait = replace(wait, lock="GIL", holder=holders[0] if holders else 0)
        return replace(wait, channel=self._channel(look.tid))

    def _channel(self, tid: int) -> str:
        try:
            text = (self._folder / str(tid) / "wchan").read_text()
        except OSError:
            return ""
        return "" if text == "0" else text
