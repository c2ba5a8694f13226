"""A BPF iterator as libbpf made it ready for this very kernel, kept on disk for the next dump.

libbpf writes the kernel's field offsets and type ids into a program. They hold for one build of
the kernel and one of the program, whose names the file bears.
"""

import hashlib
import os
import struct
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

from otx.profile.file_cache import HEAD_SIZE, FileCache
from otx.system.bpf_call import (
    MapShape,
    create_map,
    iterate,
    link_to_threads,
    load_iterator,
    set_value,
)

FORMAT_VERSION = 1
"""To be raised whenever the same program is kept in another way."""

_MAGIC = b"OTXREADY"
_NOTES, _TYPES = Path("/sys/kernel/notes"), Path("/sys/kernel/btf/vmlinux")
_HEAD = struct.Struct("<II")
_SHAPE = struct.Struct("<4I")
_INSTRUCTION = struct.Struct("<BBhi")
_MOST_MAPS = 16
_LOAD_WORD, _MAP_NUMBER = 0x18, 1  # BPF_LD | BPF_IMM | BPF_DW, BPF_PSEUDO_MAP_FD


@dataclass(frozen=True, slots=True)
class ReadyProgram:
    """A program with all that the kernel wants to know of it.

    Attributes:
        type_id: What its list is in the kernel's types.
        maps: What it uses.
        instructions: In which a map's place in `maps` stands for its descriptor.
    """

    type_id: int
    maps: tuple[MapShape, ...]
    instructions: bytes

    def packed(self) -> bytes:
        """As it stands in a file."""
        head = _HEAD.pack(self.type_id, len(self.maps))
        return head + b"".join(_SHAPE.pack(*astuple(it)) for it in self.maps) + self.instructions

    @classmethod
    def unpacked(cls, raw: bytes) -> Self | None:
        """The program in a file; None where that is of another form."""
        if len(raw) < _HEAD.size:
            return None
        type_id, count = _HEAD.unpack_from(raw)
        code_at = _HEAD.size + count * _SHAPE.size
        if count > _MOST_MAPS or code_at >= len(raw) or (len(raw) - code_at) % _INSTRUCTION.size:
            return None
        shapes = _SHAPE.iter_unpack(raw[_HEAD.size : code_at])
        return cls(type_id, tuple(MapShape(*fields) for fields in shapes), raw[code_at:])

    def with_maps(self, numbers: dict[int, int]) -> bytes:
        """The instructions with other numbers for maps: places for descriptors, or back.

        Raises:
            KeyError: A map has no number.
        """
        code = bytearray(self.instructions)
        for at in range(0, len(code), _INSTRUCTION.size):
            operation, registers, offset, number = _INSTRUCTION.unpack_from(code, at)
            if operation == _LOAD_WORD and registers >> 4 == _MAP_NUMBER:
                _INSTRUCTION.pack_into(code, at, operation, registers, offset, numbers[number])
        return bytes(code)


class RunningProgram:
    """A program in the kernel, linked to the threads of one process.

    Args:
        name: What tools call it.
        program: What is loaded.
        values: Of maps with one element, by their place.
        pid: The process.

    Raises:
        OSError: The kernel refuses.
    """

    def __init__(
        self, name: str, program: ReadyProgram, values: dict[int, bytes], pid: int
    ) -> None:
        with ExitStack() as stack:
            maps = {}
            for place, shape in enumerate(program.maps):
                maps[place] = _kept(stack, create_map(shape))
            for place, value in values.items():
                set_value(maps[place], bytes(program.maps[place].key_size), value)
            code = program.with_maps(maps)
            loaded = _kept(stack, load_iterator(name, code, program.type_id))
            self._link = _kept(stack, link_to_threads(loaded, pid))
            self._descriptors = stack.pop_all()

    def run(self) -> bytes:
        """What it wrote of every thread."""
        return iterate(self._link)

    def close(self) -> None:
        """Unload it."""
        self._descriptors.close()


class ProgramCache:
    """Ready programs in a directory (`FileCache`); without one nothing is kept.

    The kernel is given them as they are: only those are read that this user wrote.
    """

    def __init__(self, directory: Path | None) -> None:
        self._files = None
        if directory is not None:
            self._files = FileCache(directory, ".ready", _MAGIC, FORMAT_VERSION, is_trusted=True)

    @classmethod
    def below(cls, cache_dir: Path | None) -> Self:
        """In its place in the directory where otx keeps such things; None: nowhere."""
        return cls(cache_dir / "programs" if cache_dir else None)

    def load(self, source: Path) -> ReadyProgram | None:
        """What was made of an object file for this kernel; None where that is not kept."""
        name = self._name(source)
        raw = self._files.load(name) if self._files and name else None
        return None if raw is None else ReadyProgram.unpacked(raw[HEAD_SIZE:])

    def store(self, source: Path, program: ReadyProgram | None) -> None:
        """Keep it, where there is one."""
        name = self._name(source)
        if self._files and name and program is not None:
            self._files.store(name, [program.packed()])

    def _name(self, source: Path) -> str:
        """What tells builds of the kernel and of the program apart; "" where that is not known."""
        kernel = os.uname()
        try:
            facts = (
                _NOTES.read_bytes(),
                f"{_TYPES.stat().st_size} {kernel.release} {kernel.version}".encode(),
                source.read_bytes(),
            )
        except OSError:
            return ""
        return hashlib.sha256(b"\0".join(facts)).hexdigest()[:40]


def _kept(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor
