"""Unwind tables made by hand, as a linker lays them out."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from otx.profile.elf import EhFrame

ADDRESS = 0x400000
"""Where the made table lies."""

COMMON = b"\x0c\x07\x08\x90\x01"
"""def_cfa rsp+8, return address at CFA-8: how every function of x86-64 begins."""


@dataclass(frozen=True, slots=True)
class Fde:
    """A function and its call frame instructions."""

    start: int
    size: int
    program: bytes


def cie(augmentation: bytes = b"zR", common: bytes = COMMON) -> bytes:
    """A common entry: code factor 1, data factor -8, pcrel sdata4."""
    body = b"\0\0\0\0\1" + augmentation + b"\0\1\x78\x10\1\x1b" + common
    return struct.pack("<I", len(body)) + body


def eh_frame(functions: Sequence[Fde], head: bytes | None = None) -> EhFrame:
    """The table of functions, with its index."""
    data = cie() if head is None else head
    entries = []
    for function in functions:
        at = len(data)
        entries.append(ADDRESS + at)
        start = function.start - (ADDRESS + at + 8)
        body = struct.pack("<IiIB", at + 4, start, function.size, 0) + function.program
        data += struct.pack("<I", len(body)) + body
    return EhFrame(ADDRESS, data, [function.start for function in functions], entries)
