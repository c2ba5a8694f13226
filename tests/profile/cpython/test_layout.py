"""Offsets in CPython's structures, as they reach the BPF program."""

import struct

from otx.profile.cpython.debug_offsets import SELF_TOLD
from otx.profile.cpython.layout import FROZEN_LAYOUTS, EntryKind
from otx.profile.cpython.objects import OBJECT_LAYOUTS


def test_a_layout_reaches_bpf_as_struct_interpreter() -> None:
    fields = struct.unpack("<Q16I", FROZEN_LAYOUTS[3, 11].for_bpf(0x1000))
    assert fields == (0x1000 + 40, 0, 16, 8, 152, 56, 8, 32, 48, 56, 68, 1, 0, 69, 64, 128, 112)


def test_what_is_read_of_a_frame_fits_the_room_in_bpf() -> None:
    assert all(layout.frame_size < 128 for layout in FROZEN_LAYOUTS.values())


def test_until_3_10_c_enters_every_function() -> None:
    every = {version for version, it in FROZEN_LAYOUTS.items() if it.entries is EntryKind.EVERY}
    assert every == {(3, 8), (3, 9), (3, 10)}


def test_objects_are_known_of_every_version_whose_frames_are() -> None:
    assert set(OBJECT_LAYOUTS) == set(FROZEN_LAYOUTS) | SELF_TOLD
