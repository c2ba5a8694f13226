"""Addresses to frames: user addresses by process, kernel addresses by kallsyms.

An address that lies in no executable mapping is no return address but what a walk along frame
pointers picks up in code built without them; such an address has no frame.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from otx.model.stack import Frame
from otx.profile.call_frames import CallFrames
from otx.profile.demangle import demangler
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.kallsyms import KernelSymbols, read_kernel_symbols
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectCode, ObjectFiles
from otx.profile.unwind.rules import CfaKind

if TYPE_CHECKING:
    from otx.profile.perf_map import PerfMap

_MAX_FRAMES_KEPT = 65536
_MAX_CHAINS_KEPT = 4096
_MAX_VDSO_SIZE = 1 << 20
_VDSO = "[vdso]"
_INIT = "_init"


class KernelSymbolizer:
    """Kernel addresses to frames. The symbols are read when the first one is asked for (0.04 s)."""

    def __init__(self) -> None:
        self._symbols: KernelSymbols | None = None
        self._frames: dict[int, Frame] = {}

    def load(self) -> None:
        """Read the symbols, if that was not done yet."""
        if self._symbols is None:
            self._symbols = read_kernel_symbols()

    def frame(self, address: int) -> Frame:
        """The frame of an address; `[kernel]` where symbols are hidden."""
        frame = self._frames.get(address)
        if frame is None:
            if len(self._frames) >= _MAX_FRAMES_KEPT:
                self._frames.clear()
            frame = self._frames[address] = self._make(address)
        return frame

    def _make(self, address: int) -> Frame:
        self.load()
        symbol = self._symbols.find(address) if self._symbols else None
        if symbol is None:
            return Frame("[kernel]", "kernel", module="kernel")
        return Frame(symbol.name, "kernel", module=symbol.module)


def _beginning(code: ObjectCode, address: int) -> int:
    """Where a function without a symbol begins, in the file; the address where nobody knows."""
    at = address - code.bias
    start = code.unwind.beginning(at) if code.unwind else None
    return at if start is None else start


def _is_linkage(code: ObjectCode, address: int) -> bool:
    """Whether what `_init` seems to hold is the linkage table behind it.

    The table has no symbols, and `_init` no size and no unwind entry.
    """
    at = address - code.bias
    is_sized = code.symbols.find(at, is_sure=True) is not None
    return not is_sized and code.unwind is not None and code.unwind.find(at).cfa is not CfaKind.GAP


class UserSymbolizer:
    """Turns a process's code addresses into frames, sharing what it reads of files.

    Args:
        lines: Whether functions made at run time carry the line where they begin.
    """

    def __init__(self, files: ObjectFiles, *, lines: bool = False) -> None:
        self.files = files
        self.lines = lines
        self._demangle: Callable[[str], str] = demangler()

    def frame(self, mapping: Mapping, code: ObjectCode | None, address: int) -> Frame:
        """The frame of an address in a mapping; `[lib.so+0x1f2e]` where no symbol is known.

        The number is the function's beginning in the file as addr2line and objdump count, so
        that one function has one name however many of its instructions are seen.
        """
        name = mapping.base_name
        if code is None:
            return Frame(f"[{name.strip('[]')}]", "native", module=name)
        symbol = code.name(address)
        if symbol is None or (symbol == _INIT and _is_linkage(code, address)):
            start = f"[{name.strip('[]')}+{_beginning(code, address):#x}]"
            return Frame(start, "native", module=name)
        return Frame(self._demangle(symbol), "native", module=name)

    def frames(self, mapping: Mapping, code: ObjectCode | None, address: int) -> tuple[Frame, ...]:
        """The frame of an address in a mapping, and before it those of calls inlined there."""
        calls = code.go_calls(address) if code is not None else []
        if not calls:
            return (self.frame(mapping, code, address),)
        module = mapping.base_name
        if not self.lines:
            return tuple(Frame(call.name, "native", module=module) for call in calls)
        return tuple(Frame(it.name, "native", it.file, it.line, module) for it in calls)

    def code(self, pid: int, memory: ProcessMemory, mapping: Mapping) -> ObjectCode | None:
        """The functions of a mapping; None where they cannot be read."""
        if mapping.base_name == _VDSO:
            return self._vdso(memory, mapping)
        return self.files.code(pid, mapping) if mapping.is_file else None

    def _vdso(self, memory: ProcessMemory, mapping: Mapping) -> ObjectCode | None:
        """The kernel's library: a file that is only in memory."""
        try:
            size = min(mapping.end - mapping.start, _MAX_VDSO_SIZE)
            elf = ElfFile(bytes_reader(memory.read(mapping.start, size)))
            bias = elf.load_bias(mapping.start, 0)
            if bias is None:
                return None
            return ObjectCode(bias, elf.code_symbols(), CallFrames.of(elf))
        except UnreadableError:
            return None


class AddressBook:
    """Frames of one process's addresses, remembered until its mappings change."""

    def __init__(self, pid: int, memory: ProcessMemory, symbolizer: UserSymbolizer) -> None:
        self._pid = pid
        self._memory = memory
        self._symbolizer = symbolizer
        self._space = AddressSpace()
        self._codes: dict[Mapping, ObjectCode | None] = {}
        self._frames: dict[int, tuple[Frame, ...]] = {}
        self._callers: dict[tuple[int, ...], tuple[Frame, ...]] = {}
        self._hidden_callers: dict[tuple[int, bool], int | None] = {}
        self._perf_map: PerfMap | None = None

    def remap(self, space: AddressSpace) -> None:
        """Take over what the process has mapped now."""
        if space.executable == self._space.executable:
            return
        self._space = space
        self._codes = {m: self._codes[m] for m in space.executable if m in self._codes}
        self._frames.clear()
        self._callers.clear()
        self._hidden_callers.clear()

    def add(self, met: Iterable[Mapping]) -> None:
        """Know of mappings beside what the process had; what overlaps is no more."""
        mappings = self._space.mappings
        for new in met:
            if self._space.find_code(new.start) == new:
                continue
            mappings = [it for it in mappings if it.end <= new.start or new.end <= it.start]
            mappings.append(new)
        self.remap(AddressSpace(mappings))

    @property
    def space(self) -> AddressSpace:
        """What the process had mapped when last looked at."""
        return self._space

    def frame(self, address: int) -> Frame | None:
        """The frame of the function that holds a code address; None where no code is mapped."""
        found = self.frames(address)
        return found[-1] if found else None

    def frames(self, address: int) -> tuple[Frame, ...]:
        """The frames of a code address, calls inlined there first; none where no code is mapped."""
        known = self._frames.get(address)
        if known is not None:
            return known
        if len(self._frames) >= _MAX_FRAMES_KEPT:
            self._frames.clear()
        mapping = self._space.find_code(address)
        found: tuple[Frame, ...] = ()
        if mapping is not None:
            code = self._code(mapping)
            if code is None and mapping.base_name != _VDSO:
                return (self._made_at_run_time(mapping, address),)
            found = self._symbolizer.frames(mapping, code, address)
        self._frames[address] = found
        return found

    def callers(self, addresses: tuple[int, ...]) -> tuple[Frame, ...] | None:
        """The frames of return addresses, which many samples share; None: look at each.

        They are known together once each of them is, and only as long: code made at run time never.
        """
        known = self._callers.get(addresses)
        if known is None:
            each = [self._frames.get(address - 1) for address in addresses]
            if not all(each):
                return None
            known = tuple(frame for frames in each for frame in frames or ())
            if len(self._callers) >= _MAX_CHAINS_KEPT:
                self._callers.clear()
            self._callers[addresses] = known
        return known

    def _made_at_run_time(self, mapping: Mapping, address: int) -> Frame:
        """The frame of code that is in no object file; not kept, for its place is used again."""
        if self._perf_map is None:
            from otx.profile.perf_map import PerfMap  # 4 ms: few processes have any

            self._perf_map = PerfMap.of_process(self._pid)
        frame = self._perf_map.find(address)
        if frame is None:
            name = mapping.base_name
            return (
                self._symbolizer.frame(mapping, None, address)
                if mapping.is_file
                else Frame(name, "jit", module=name)
            )
        return frame if self._symbolizer.lines else replace(frame, line=0)

    def hidden_caller(self, address: int, *, by_tables: bool = False) -> int | None:
        """Where from the stack pointer, in bytes, the caller of the innermost function is.

        Args:
            address: The innermost instruction.
            by_tables: Whether frame pointers were followed only where there is no unwind table.

        Returns:
            None where the walk has the caller, or where that is not known.
        """
        key = address, by_tables
        try:
            return self._hidden_callers[key]
        except KeyError:
            pass
        if len(self._hidden_callers) >= _MAX_FRAMES_KEPT:
            self._hidden_callers.clear()
        mapping = self._space.find_code(address)
        code = self._code(mapping) if mapping is not None else None
        distance = code.hidden_caller(address, by_tables=by_tables) if code is not None else None
        self._hidden_callers[key] = distance
        return distance

    def code(self, address: int) -> tuple[Mapping, ObjectCode | None] | None:
        """The mapping that holds a code address, and its functions as far as they can be read."""
        mapping = self._space.find_code(address)
        return None if mapping is None else (mapping, self._code(mapping))

    def _code(self, mapping: Mapping) -> ObjectCode | None:
        if mapping not in self._codes:
            self._codes[mapping] = self._symbolizer.code(self._pid, self._memory, mapping)
        return self._codes[mapping]
