"""From a record of one look at a thread to samples: its addresses named, its stacks made one."""

import time
from collections.abc import Callable, Iterator

from otx.model.stack import Frame, Sample, Stack
from otx.profile.causes import ends_of_wait, takes_gil
from otx.profile.context.finder import Resource
from otx.profile.merge import merge_stacks
from otx.profile.options import SamplingOptions
from otx.profile.process import Process
from otx.profile.records import RecordKind, SampleFlags, SampleRecord
from otx.profile.symbolizer import KernelSymbolizer
from otx.profile.tally import TRUNCATED, Tally, reaches_root

_USER_TABLES, _USER_ROOT = int(SampleFlags.USER_TABLES), int(SampleFlags.USER_ROOT)
_USER_CUT, _IN_FUTEX = int(SampleFlags.USER_CUT), int(SampleFlags.IN_FUTEX)
"""As plain numbers: an enumeration's own masks cost more than all else here."""

_FIRST_IN_KERNEL = "ret_from_fork"
"""Where a new thread leaves the kernel for the first time."""


class SampleNamer:
    """Makes samples of records, and counts what is missing in them.

    Args:
        tally: Where it is counted.
        resource_of: What a process says it is.
        options: What its samples are to tell.
    """

    def __init__(
        self,
        tally: Tally,
        resource_of: Callable[[int], Resource],
        options: SamplingOptions,
    ) -> None:
        self.kernel = KernelSymbolizer()
        self._tally = tally
        self._resource_of = resource_of
        self._tick_value = options.tick_value
        self._kernel_wanted = options.kernel
        self._threads = options.threads
        self._unix_offset_ns = time.time_ns() - time.monotonic_ns()

    def samples(
        self, process: Process, record: SampleRecord, runs: list[list[Frame]]
    ) -> Iterator[Sample]:
        """What a record tells: one sample, or one for each cause of a wait.

        Args:
            process: The record's.
            record: One look at one thread.
            runs: Its Python frames, named.
        """
        by_tables = bool(record.flags & _USER_TABLES)
        if record.areas:
            process.learn(record.areas)
        native = process.native_frames(record.user, record.user_stack, by_tables=by_tables)
        native.reverse()
        lacked_table = False
        if by_tables:
            whole = bool(record.flags & _USER_ROOT) or self._has_just_begun(record, native)
            if not whole and not record.flags & _USER_CUT:
                lacked_table = process.walk_led_nowhere(record.user)
        else:
            whole = not record.flags & _USER_CUT and reaches_root(native)
        stack = merge_stacks(native, runs, whole)
        is_cut = self._tally.count(record, native, whole, lacked_table=lacked_table)
        if is_cut and stack:
            stack = (TRUNCATED, *stack)
        for below, value in self._below(process, record, native):
            yield Sample(
                record.monotonic_ns + self._unix_offset_ns,
                record.pid,
                record.tid,
                record.thread_comm if self._threads else record.process_comm,
                stack + below,
                value,
                trace_id=record.trace_id,
                span_id=record.span_id,
                thread=record.thread_comm,
                resource=self._resource_of(record.pid),
            )

    def _has_just_begun(self, record: SampleRecord, native: list[Frame]) -> bool:
        """Whether a thread has run nothing yet.

        It stands in the C library's function that made it, on a stack without a caller.
        """
        if len(native) != 1 or not record.kernel:
            return False
        return self.kernel.frame(record.kernel[-1] - 1).name.startswith(_FIRST_IN_KERNEL)

    def _below(
        self, process: Process, record: SampleRecord, native: list[Frame]
    ) -> list[tuple[Stack, int]]:
        """What stands below the user frames, the kernel's and a cause, and the value of each."""
        if record.kind is RecordKind.WAIT:
            in_futex = record.flags & _IN_FUTEX
            for_gil = in_futex and (process.is_gil(record.argument) or takes_gil(native))
            kernel = self._kernel_frames(record.kernel)
            return ends_of_wait(record, kernel, bool(for_gil), self._kernel_wanted)
        shown = self._kernel_frames(record.kernel) if self._kernel_wanted else ()
        is_tick = record.kind is RecordKind.SAMPLE
        return [(shown, self._tick_value if is_tick else record.value)]

    def _kernel_frames(self, addresses: tuple[int, ...]) -> Stack:
        """Kernel frames, root first; a caller's address is looked up one byte before."""
        return tuple(
            self.kernel.frame(addresses[depth] - 1 if depth else addresses[depth])
            for depth in range(len(addresses) - 1, -1, -1)
        )
