"""A profile being taken: names the processes to BPF, reads its records, makes them samples.

The kernel side keeps addresses, and of Python code the names; all else is named here while the
process lives, so `poll` should be called ten times a second. It returns early when something new is
to be named.
"""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from otx.errors import UsageError
from otx.model.stack import Frame, ProfileStats, Sample
from otx.profile.backends import BackendName, open_sampler
from otx.profile.context.finder import ContextFinder
from otx.profile.cost import open_cost
from otx.profile.cpython.detect import SUPPORTED, Interpreter
from otx.profile.events import WAITS
from otx.profile.naming import SampleNamer
from otx.profile.objects import ObjectFiles
from otx.profile.options import DEFAULTS, SamplingOptions
from otx.profile.process import Process
from otx.profile.programs import SeenPrograms
from otx.profile.records import (
    UNWIND_FLAGS,
    NameRecord,
    ProcessRecord,
    RecordKind,
    SampleFlags,
    SampleRecord,
    TargetFlags,
)
from otx.profile.standing import StandingThreads
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbolizer import UserSymbolizer
from otx.profile.tally import Tally
from otx.profile.targets import Target, descendants_of, is_alive, process_of
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.loader import TableLoader

__all__ = ["ProfileSession", "SamplingOptions", "Target"]

_BATCH = 8192
"""Records read in one `poll`; the rest stays in the ring for the next."""

_CHUNK = 128
"""Records after which it is looked how late it is, and whether an event comes too often."""

_READ_PERIOD_NS = 5_000_000
"""How long the naming of native frames may keep Python's waiting."""

_PATIENCE_NS = 500_000_000
"""How long one `poll` reads on. Where naming is slower than sampling (a slow disk) it would else
never return, and neither the end nor Ctrl-C be seen; what does not fit the ring is counted."""

_GOES_ON = int(SampleFlags.GOES_ON)
_LIVENESS_PERIOD_NS = 1_000_000_000
_BASIC_TABLES_NS = 1_000_000_000
"""Processor time that the start may spend on the tables of programs and basic libraries. They take
0.2 s where no cache has them: without them most stacks of the first moments would be broken."""


class ProfileSession:
    """Samples what a target's threads do on a processor; a context manager.

    Args:
        target: What is sampled.
        options: How.
        backend: By what.
        cache_dir: Where unwind tables and ordered symbols are kept from one session to the next;
            None: nowhere.
        await_exec: Those of the target's pids that are about to become another program and are
            not to be sampled before.
        on_warning: Told what is lost, each thing once.
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        MachineError: This machine won't: rights, kernel, libbpf.
        UsageError: There is no such process, or the kernel allows no such frequency.
    """

    def __init__(
        self,
        target: Target,
        options: SamplingOptions = DEFAULTS,
        *,
        backend: BackendName = "bpf",
        cache_dir: Path | None = None,
        await_exec: Collection[int] = (),
        on_warning: Callable[[str], None] = lambda text: None,
        debug: Callable[[str], None] | None = None,
    ) -> None:
        self._children = target.children
        self._choice = target.choice
        self._options = options
        self._backend = backend
        self._await_exec = await_exec
        self._warn_of = on_warning
        self._warned: set[str] = set()
        self._stats = Tally()
        self._processes: dict[int, Process] = {}
        self._programs = SeenPrograms()
        self._unfinished: deque[_Unfinished] = deque()
        self._finished: list[Sample] = []
        cache = TableCache.below(cache_dir)
        files = ObjectFiles(SymbolCache.below(cache_dir), cache)
        self._symbolizer = UserSymbolizer(files, lines=options.lines)
        self._next_liveness_ns = 0
        self._standing = StandingThreads(cache)
        self._sampler = open_sampler(backend, options, many=target.choice.may_be_many, debug=debug)
        self._contexts = ContextFinder(self._sampler.set_context_place, time.monotonic_ns)
        self._namer = SampleNamer(self._stats, self._contexts.resource, options)
        try:
            self._begin_sampling(target.pids, cache)
        except BaseException:
            self.close()
            raise

    def _begin_sampling(self, pids: Iterable[int], cache: TableCache | None) -> None:
        options = self._options
        if price := self._sampler.price():
            self._warn_of(price)
        self._tables = None if options.unwind == "fp" else self._open_tables(cache)
        self._find(process_of(pid) for pid in pids)
        if (self._await_exec and options.kernel) or options.event in WAITS:
            # A command may start and end others while these would be read, and a program
            # may wait thousands of times before it is known that this is too often.
            self._namer.kernel.load()
        self._cpu_before_s = time.process_time()
        self._cost = open_cost(
            self._sampler, options.frequency_hz, options.max_overhead, self._warn_of
        )
        self._sampler.start(options.frequency_hz)

    def _find(self, pids: Iterable[int]) -> None:
        """Watch what is to be sampled, and know as much of it as the first samples need."""
        for pid in pids:
            self.add_pid(pid)
        if self._choice:
            self._choose()
        self._load_tables(_BASIC_TABLES_NS, basics_only=True)
        self._contexts.look(self._processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop sampling; what `poll` has not returned yet is gone."""
        self._sampler.close()
        while self._processes:
            self._processes.popitem()[1].close()

    @property
    def frequency_hz(self) -> int:
        """Samples a second and processor, now."""
        return self._cost.frequency_hz

    @property
    def period_ns(self) -> int:
        """The processor time that a sample stands for, on average so far."""
        return self._cost.mean_period_ns

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are sampled now; none when all have ended."""
        return tuple(self._processes)

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be sampled any more: all have ended, and none is waited for."""
        return not self._processes and not self._choice

    @property
    def is_building_tables(self) -> bool:
        """Whether unwind tables are still missing that `poll` builds meanwhile."""
        return self._tables is not None and self._tables.is_busy

    @property
    def program_run_time_ns(self) -> int:
        """Time the sampling program itself took for samples so far."""
        return self._sampler.run_time_ns()

    def add_pid(self, pid: int) -> None:
        """Sample one more process, with its children where the target's are.

        Raises:
            UsageError: There is no such process.
            MachineError: There are too many.
        """
        process = process_of(pid)
        self._watch(process)
        # A child that is started while children are looked for is either found or, because its
        # parent is watched already, added by the kernel side.
        while self._children:
            # otx itself is a child of the shell it is called from.
            new = descendants_of([process]) - self._processes.keys() - {os.getpid()}
            if not new:
                return
            for child in new:
                self._watch(child)

    def set_ticking(self, ticking: bool) -> None:
        """Pause or resume sampling with everything left in place."""
        self._sampler.set_ticking(ticking)

    def end(self) -> list[Sample]:
        """Stop sampling; what was not polled yet, and the waits that go on."""
        self._sampler.end()
        samples = self.poll(0, patience_ns=math.inf)
        self._cost.finish()
        return samples

    def poll(self, timeout_s: float, *, patience_ns: float = _PATIENCE_NS) -> list[Sample]:
        """The samples taken since the last call, oldest first, with names.

        Waits at most `timeout_s` for the first of them, and may return none sooner.
        """
        if self.is_building_tables:
            self._load_tables(_READ_PERIOD_NS)
        else:
            self._sampler.wait(self._shortened(timeout_s))
        ended = self._read(patience_ns)
        began_ns = read_ns = time.monotonic_ns()
        while self._unfinished:
            self._finish_one()
            is_due = read_ns + _READ_PERIOD_NS < time.monotonic_ns() < began_ns + patience_ns
            if is_due and len(self._finished) < _BATCH:
                ended += self._read(began_ns + patience_ns - time.monotonic_ns())
                read_ns = time.monotonic_ns()
        for pid in ended:
            self._sampler.unfollow(pid)
            self._end(pid)
        self._search_interpreters()
        self._contexts.look(self._processes)
        for text in self._sampler.remarks(self._symbolizer.files):
            self._warn(text, text)
        self._look_for_the_dead()
        self._cost.look(self._stats.samples + self._sampler.lost())
        samples, self._finished = self._finished, []
        return samples

    def stats(self) -> ProfileStats:
        """What was sampled and missed so far."""
        return ProfileStats(
            samples=self._stats.samples,
            lost=self._sampler.lost(),
            truncated=self._stats.truncated,
            unwound_fully=self._stats.unwound_fully,
            not_found=self._stats.not_found,
            own_cpu_seconds=time.process_time() - self._cpu_before_s + self._sampler.helper_cpu_s(),
            unwind_tables=self._tables.loaded if self._tables else 0,
            tables_missing=self._tables.missing if self._tables else 0,
            broken_in=self._stats.broken_in(),
            before_tables=self._stats.before_tables,
            without_table=self._tables.lacking() if self._tables else (),
            target_overhead=self._cost.overhead(),
            waits=self._sampler.waits(),
            allocations=self._sampler.allocations(),
            sample_cost_ns=self._cost.sample_cost_ns(),
            backend=self._backend,
            not_seen=self._sampler.not_seen,
        )

    def _open_tables(self, cache: TableCache | None) -> TableLoader:
        published = self._sampler.tables(time.monotonic_ns)
        return TableLoader(published, cache, self._warn, time.monotonic_ns)

    def _load_tables(self, limit_ns: int, *, basics_only: bool = False) -> None:
        """Build unwind tables for so long, on this thread's clock, or until all are there."""
        ends_ns = time.thread_time_ns() + limit_ns
        while self._tables is not None and time.thread_time_ns() < ends_ns:
            if basics_only and not self._tables.lacks_basics:
                return
            if not self._tables.advance():
                return

    # -- processes ---------------------------------------------------------------------------

    def _choose(self) -> None:
        """Have processes sampled for what they are, and know those that are there already.

        Where everything is sampled they are met one by one: reading of hundreds what they have
        mapped would take longer than many a profile.
        """
        self._sampler.choose(self._choice, self._flags(), kernel_threads=self._options.kernel)
        known = self._choice.named_pids() - {os.getpid()}
        if self._children:
            for pid in known:
                with suppress(UsageError):  # it has ended meanwhile
                    self.add_pid(pid)
        for pid in (known | self._choice.grouped_pids()) - self._processes.keys() - {os.getpid()}:
            self._process(pid).search()
        if not self._processes and not self._choice.everything:
            self._warn("choice", f"there is not yet {self._choice}: waiting for one")

    def _flags(self) -> TargetFlags:
        follows = TargetFlags.FOLLOW_CHILDREN if self._children else TargetFlags(0)
        return follows | UNWIND_FLAGS[self._options.unwind]

    def _watch(self, pid: int) -> None:
        flags = self._flags()
        if pid in self._await_exec:
            flags |= TargetFlags.AWAIT_EXEC
        self._sampler.watch(pid, flags)
        self._process(pid).search()
        self._sampler.follow(pid, self._symbolizer.files)

    def _process(self, pid: int) -> Process:
        process = self._processes.get(pid)
        if process is None:
            process = self._processes[pid] = Process(
                pid,
                self._symbolizer,
                self._options.python,
                self._programs,
                time.monotonic_ns,
                self._walk_python,
                self._refuse_python,
                self._tables,
            )
        return process

    def _walk_python(self, pid: int, interpreter: Interpreter) -> None:
        self._sampler.set_interpreter(pid, interpreter.layout.for_bpf(interpreter.runtime))

    def _refuse_python(self, pid: int, name: str) -> None:
        self._warn(
            name,
            f"pid {pid} runs {name}: its Python functions are not named ({SUPPORTED} are),"
            " native frames only",
        )

    def _begin(self, record: ProcessRecord) -> None:
        if record.kind in (RecordKind.EXEC, RecordKind.CHOICE):
            if record.kind is RecordKind.EXEC:
                self._end(record.pid)
            self._process(record.pid).search()
            self._sampler.follow(record.pid, self._symbolizer.files)
            return
        parent = self._processes.get(record.parent)
        child = self._process(record.pid)
        if parent is None:
            child.search()
        else:
            child.inherit(parent)
        self._sampler.follow(record.pid, self._symbolizer.files)

    def _end(self, pid: int) -> None:
        self._contexts.forget(pid)
        process = self._processes.pop(pid, None)
        if process is not None:
            process.close()

    def _shortened(self, timeout_s: float) -> float:
        """The time to wait: no longer than until an interpreter is to be looked for again."""
        due = [at for p in self._processes.values() if (at := p.next_search_ns) is not None]
        if not due:
            return timeout_s
        return max(0.0, min(timeout_s, (min(due) - time.monotonic_ns()) / 1e9))

    def _search_interpreters(self) -> None:
        now_ns = time.monotonic_ns()
        for process in list(self._processes.values()):
            due_ns = process.next_search_ns
            if due_ns is not None and due_ns <= now_ns:
                process.search()

    def _look_for_the_dead(self) -> None:
        """Forget processes whose end was not told, because the record was lost."""
        now_ns = time.monotonic_ns()
        if now_ns < self._next_liveness_ns:
            return
        self._next_liveness_ns = now_ns + _LIVENESS_PERIOD_NS
        for pid in [pid for pid in self._processes if not is_alive(pid)]:
            self._sampler.forget(pid)
            self._sampler.unfollow(pid)
            self._end(pid)
        if missed := self._sampler.children_missed():
            text = f"too many processes: {missed} children and more are not sampled"
            self._warn("children", text)

    def _warn(self, about: str, text: str) -> None:
        """Say something once, however many processes it is true of."""
        if about not in self._warned:
            self._warned.add(about)
            self._warn_of(text)

    # -- samples -----------------------------------------------------------------------------

    def _read(self, patience_ns: float) -> list[int]:
        """Take what is in the ring, as much as there is time for; the processes that ended."""
        ended: list[int] = []
        ends_ns = time.monotonic_ns() + patience_ns
        for _ in range(_BATCH // _CHUNK):
            if self._read_chunk(ended) < _CHUNK or time.monotonic_ns() > ends_ns:
                break
        return ended

    def _read_chunk(self, ended: list[int]) -> int:
        """Take a chunk of what is in the ring, and name its Python frames; how many there were.

        For its lines a code object is read, which may be gone in a millisecond, while the symbols
        of an object file that is met for the first time take a hundred. So native frames are named
        afterwards, and the ring is looked at again in between.
        """
        count = of_event = 0  # and not of the timer, which ticks however much else there is
        for record in self._sampler.records(_CHUNK):
            count += 1
            if isinstance(record, SampleRecord):
                of_event += record.kind is not RecordKind.SAMPLE
                process = self._process(record.pid)
                if record.flags & _GOES_ON:
                    record = process.completed(record, self._standing)
                runs = process.python_runs(record.python, self._options.lines)
                self._unfinished.append(_Unfinished(process, record, runs))
            elif isinstance(record, NameRecord):
                self._process(record.pid).take_name(record, self._options.lines)
            elif record.kind is RecordKind.EXIT:
                ended.append(record.pid)
            else:
                while self._unfinished:  # before a process becomes another program
                    self._finish_one()
                self._begin(record)
        self._sampler.adapt(of_event)
        return count

    def _finish_one(self) -> None:
        """Name the native frames of the oldest sample that waits for them."""
        waiting = self._unfinished.popleft()
        self._finished += self._namer.samples(waiting.process, waiting.record, waiting.runs)


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """A sample whose native frames have no names yet."""

    process: Process
    record: SampleRecord
    runs: list[list[Frame]]
