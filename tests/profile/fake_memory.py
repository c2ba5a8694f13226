"""Memory of no process: pages of words that a test makes, to see what readers do with them."""

import struct

from hypothesis import strategies as st

from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

BASE = 0x7F00_0000_0000
SIZE = 1 << 13


class FakeMemory(ProcessMemory):
    """Bytes from an address on, and nothing anywhere else."""

    def __init__(self, data: bytes, base: int = BASE) -> None:
        super().__init__(0)
        self.data = data
        self.base = base
        self.reads = 0

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address."""
        self.reads += 1
        at = address - self.base
        if size < 0 or at < 0 or at + size > len(self.data):
            raise UnreadableError(f"nothing at {address:#x}")
        return self.data[at : at + size]


def wild_memories() -> st.SearchStrategy[FakeMemory]:
    """Memories that a reader gets lost in: pointers into themselves, nulls, any numbers."""
    inside = st.integers(0, SIZE // 8 - 1).map(lambda index: BASE + 8 * index)
    word = st.one_of(inside, inside, st.just(0), st.integers(0, 300), st.integers(0, (1 << 64) - 1))
    words = st.lists(word, min_size=32, max_size=96)
    return words.map(_repeated)


def _repeated(words: list[int]) -> FakeMemory:
    raw = struct.pack(f"<{len(words)}Q", *words)
    return FakeMemory((raw * (SIZE // len(raw) + 1))[:SIZE])
