"""Looks in sampled processes for what they publish of their threads and of themselves.

Both may come at any time: with a library that is loaded late, or with the first span. So mappings
are looked at again, at first soon and then every two seconds, and less often where that takes long:
no more than two percent of otx's time goes into it. A file is read once for all processes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from otx.context.layout import PROCESS_NAME
from otx.profile.context.place import DtvForm, Place, Variable, find_place, find_variable
from otx.profile.elf import ElfFile, Reader, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey, file_key
from otx.profile.maps import AddressSpace, read_address_space
from otx.profile.maps import Mapping as MemoryMapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import opened

_FIRST_PAUSE_NS, _LONGEST_PAUSE_NS = 50_000_000, 2_000_000_000
_LOOK_SHARE = 50
"""A pause is at least as many times as long as the look before it took."""

_BUDGET_NS = 50_000_000
"""What one call may take, where there are many processes: records wait in the ring meanwhile."""

_MAX_FILES = 4096
_MUSL = re.compile(r"ld-musl-.*|libc\.so")
"""What is musl's by its base name: it is one file, and which of the two is a link differs. No other
C library is called so: glibc's is libc.so.6."""
_NAMES = tuple(form.format(PROCESS_NAME) for form in ("/memfd:{}", "[anon_shmem:{}]", "[anon:{}]"))

Resource: TypeAlias = Mapping[str, str | int]
SetPlace: TypeAlias = Callable[[int, bytes | None], None]
"""Told a process's place as BPF takes it; None: it has none any more."""


@dataclass(slots=True)
class _Known:
    """What is known of one process, from one exec to the next."""

    due_ns: int = 0
    pause_ns: int = _FIRST_PAUSE_NS
    place: Place | None = None
    resource: Resource = field(default_factory=dict)


class ContextFinder:
    """Finds contexts of processes, and tells the BPF side where those of threads are.

    Args:
        set_place: Tells BPF.
        clock_ns: A monotonic clock.
    """

    def __init__(self, set_place: SetPlace, clock_ns: Callable[[], int]) -> None:
        self._set_place = set_place
        self._clock_ns = clock_ns
        self._known: dict[int, _Known] = {}
        self._variables: dict[FileKey, Variable | None] = {}

    def look(self, pids: Iterable[int]) -> None:
        """Look at those processes that it is time for, as many as there is time for."""
        ends_ns = self._clock_ns() + _BUDGET_NS
        for pid in pids:
            known = self._known.setdefault(pid, _Known())
            began_ns = self._clock_ns()
            if began_ns < known.due_ns:
                continue
            if began_ns >= ends_ns:
                return
            self._look_at(pid, known)
            now_ns = self._clock_ns()
            known.pause_ns = min(2 * known.pause_ns, _LONGEST_PAUSE_NS)
            known.due_ns = now_ns + max(known.pause_ns, _LOOK_SHARE * (now_ns - began_ns))

    def resource(self, pid: int) -> Resource:
        """What a process says it is; empty where it says nothing."""
        known = self._known.get(pid)
        return known.resource if known else {}

    def place(self, pid: int) -> Place | None:
        """Where a process's threads have their contexts; None where they publish none."""
        known = self._known.get(pid)
        return known.place if known else None

    def forget(self, pid: int) -> None:
        """A process has ended, or has become another program."""
        self._known.pop(pid, None)

    def _look_at(self, pid: int, known: _Known) -> None:
        space = read_address_space(pid)
        if not space.mappings:
            return
        memory = ProcessMemory(pid)
        try:
            readable = self._read_process_context(known, space, memory)
            place = self._find_place(pid, space, memory) if readable else None
        finally:
            memory.close()
        if place != known.place:
            known.place = place
            self._set_place(pid, place.for_bpf() if place else None)

    def _read_process_context(
        self, known: _Known, space: AddressSpace, memory: ProcessMemory
    ) -> bool:
        """Whether threads may publish what can be read; one that says nothing may."""
        for mapping in space.mappings:
            if mapping.path.startswith(_NAMES):
                # 20 ms to import, and most processes have none
                from otx.profile.context.process_context import read_process_context

                context = read_process_context(mapping.start, memory)
                if context is not None:
                    known.resource = context.resource
                    return context.has_readable_threads
        return True

    def _find_place(self, pid: int, space: AddressSpace, memory: ProcessMemory) -> Place | None:
        seen: set[tuple[str, int]] = set()
        for mapping in space.executable:
            identity = (mapping.device, mapping.inode)
            if not mapping.is_file or identity in seen:
                continue
            seen.add(identity)
            place = self._place_in(pid, mapping, space, memory)
            if place is not None:
                return place
        return None

    def _place_in(
        self, pid: int, mapping: MemoryMapping, space: AddressSpace, memory: ProcessMemory
    ) -> Place | None:
        with opened(pid, mapping) as descriptor:
            if descriptor is None:
                return None
            key = file_key(mapping, descriptor)
            if key not in self._variables:
                if len(self._variables) >= _MAX_FILES:
                    del self._variables[next(iter(self._variables))]
                self._variables[key] = _variable(file_reader(descriptor))
            variable = self._variables[key]
            if variable is None:
                return None
            bias = _load_bias(file_reader(descriptor), mapping)
        try:
            return None if bias is None else find_place(variable, bias, memory, dtv_form(space))
        except UnreadableError:
            return None


def dtv_form(space: AddressSpace) -> DtvForm:
    """What the DTVs of a process's threads are like, by the C library that it has mapped."""
    has_musl = any(_MUSL.fullmatch(it.base_name) for it in space.executable)
    return DtvForm.MUSL if has_musl else DtvForm.GLIBC


def _variable(read: Reader) -> Variable | None:
    try:
        return find_variable(read)
    except UnreadableError:
        return None


def _load_bias(read: Reader, mapping: MemoryMapping) -> int | None:
    """What the loader added to the file's addresses; None where the file does not say."""
    try:
        return ElfFile(read).load_bias(mapping.start, mapping.offset)
    except UnreadableError:
        return None
