"""Parts of a function that a compiler laid elsewhere, in files whose symbols do not say whose.

GCC moves out of a function what a profile calls rare (-freorder-blocks-and-partition). A symbol
table calls that `name.cold`; in a stripped file nothing does. Of one function it matters: frames
of CPython's evaluation loop are where Python frames belong, and 3.14 as Debian builds it makes most
of its calls from the moved part. It is told by jumps, of which one function has many into the
middle of the other: what is called, also at a function's end, is called at its beginning.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from otx.profile.elf import ElfFile

DIVIDED = b"_PyEval_EvalFrameDefault"
"""The function whose parts are looked for."""

_MAX_SIZE = 1 << 20
_ENOUGH = 2
"""Jumps by which a part is known: bytes within instructions can look like one."""

_NEAR_JUMP = re.compile(rb"(?=(\x0f[\x80-\x8f]|\xe9)(.{4}))", re.DOTALL)
"""Jcc and JMP with a displacement of 32 bits (Intel SDM 2A, Jcc and JMP)."""


def find_cold_parts(elf: ElfFile, function_start: Callable[[int], int | None]) -> Mapping[int, str]:
    """The parts of the evaluation loop, by where each begins.

    Args:
        function_start: Where that begins which an address lies in, by the unwind table's index.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    found = elf.function_code(DIVIDED, _MAX_SIZE)
    text = elf.section_extent(b".text")  # and not .plt, whose entries are parts of one function
    if found is None or text is None:
        return {}
    address, code = found
    jumps = Counter(
        start
        for target in _jumps(address, code)
        if target in text
        and not address <= target < address + len(code)
        and (start := function_start(target)) not in (None, address, target)
    )
    name = f"{DIVIDED.decode()}.cold"
    return {start: name for start, count in jumps.items() if count >= _ENOUGH and start is not None}


def _jumps(address: int, code: bytes) -> list[int]:
    """Where the near jumps of some code lead, and what looks like them."""
    return [
        address + it.end(2) + int.from_bytes(it[2], "little", signed=True)
        for it in _NEAR_JUMP.finditer(code)
    ]
