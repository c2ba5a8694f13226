"""Python frames read from outside, out of memory that is made up."""

import struct
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.cpython.layout import FROZEN_LAYOUTS, Layout
from otx.profile.cpython.walk import MAX_FRAMES, thread_states, walk_thread
from otx.profile.errors import UnreadableError

RUNTIME, INTERPRETER, STATE, CFRAME, CODES = 0x1000, 0x2000, 0x3000, 0x4000, 0x9000
OWN_THREAD = 0x7F00


class Words:
    """Memory of which some words are known, the others around them are 0."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self._words = words

    def read(self, address: int, size: int) -> bytes:
        if not any(address - 512 < known < address + 512 for known in self._words):
            raise UnreadableError(f"no memory at {address:#x}")
        raw = bytearray(size)
        for known, word in self._words.items():
            if 0 <= known - address <= size - 8:
                struct.pack_into("<Q", raw, known - address, word)
        return bytes(raw)


def process(layout: Layout, frames: list[tuple[int, int]]) -> dict[int, int]:
    """A thread with frames, leaf first: each its address and its owner byte."""
    words = {
        RUNTIME + layout.head: INTERPRETER,
        INTERPRETER + layout.interpreter_threads: STATE,
        STATE + layout.thread_id: OWN_THREAD,
        STATE + layout.thread_frame: CFRAME,
        CFRAME + layout.cframe_current: frames[0][0] if frames else 0,
    }
    for number, (address, owner) in enumerate(frames):
        following = frames[number + 1][0] if number + 1 < len(frames) else 0
        words |= {
            address + layout.frame_code: CODES + number * 0x100,
            address + layout.frame_previous: following,
            address + layout.frame_instruction: 0x77,
            CODES + number * 0x100 + 64: number,
        }
        at = address + layout.frame_owner
        words[at & ~7] = words.get(at & ~7, 0) | owner << 8 * (at & 7)
    return words


def codes(layout: Layout, words: Mapping[int, int], thread: int = OWN_THREAD) -> list[object]:
    read = Words(words).read
    states = thread_states(read, layout, RUNTIME).get(thread, [])
    found = walk_thread(read, layout, states)
    return [(frame.code, frame.is_entry) for frame in found]


def test_frames_are_leaf_first_with_their_entries() -> None:
    layout = FROZEN_LAYOUTS[3, 11]
    words = process(layout, [(0x5000, 0), (0x6000, 1), (0x7000, 1)])
    assert codes(layout, words) == [(CODES, False), (CODES + 0x100, True), (CODES + 0x200, True)]


def test_shims_are_no_frames_but_mark_the_entry() -> None:
    layout = FROZEN_LAYOUTS[3, 12]
    words = process(layout, [(0x5000, 0), (0x6000, 0), (0x7000, 3)])
    assert codes(layout, words) == [(CODES, False), (CODES + 0x100, True)]


def test_a_thread_without_a_state_has_no_frames() -> None:
    layout = FROZEN_LAYOUTS[3, 12]
    assert codes(layout, process(layout, [(0x5000, 0)]), thread=0x1234) == []
    assert codes(layout, process(layout, [])) == []


def test_frames_in_a_circle_end() -> None:
    layout = FROZEN_LAYOUTS[3, 11]
    words = process(layout, [(0x5000, 0)]) | {0x5000 + layout.frame_previous: 0x5000}
    assert len(codes(layout, words)) == MAX_FRAMES


def test_threads_in_a_circle_end() -> None:
    layout = FROZEN_LAYOUTS[3, 11]
    words = process(layout, [(0x5000, 0)]) | {STATE + layout.thread_next: STATE}
    assert codes(layout, words, thread=0x1234) == []


@given(st.data())
def test_hostile_memory_is_no_error(data: st.DataObject) -> None:
    layout = FROZEN_LAYOUTS[data.draw(st.sampled_from(sorted(FROZEN_LAYOUTS)))]
    words = process(layout, [(0x5000, 0), (0x6000, 1)])
    places = st.one_of(st.sampled_from(sorted(words.values())), st.integers(0, (1 << 64) - 1))
    for address in data.draw(st.lists(st.sampled_from(sorted(words)), max_size=6)):
        words[address] = data.draw(places)
    codes(layout, words)
