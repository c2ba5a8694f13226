"""The program that samples with BCC, as far as it needs none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.bcc.helper import LOOK, MAX_FRAMES, children, headers, repack
from otx.profile.records import SampleFlags, SampleRecord, decode_record

WORDS = st.integers(0, (1 << 64) - 1)
STACK = st.lists(WORDS, max_size=MAX_FRAMES)


@given(st.integers(0, 1 << 22), WORDS, STACK, STACK, st.lists(WORDS, min_size=16, max_size=16))
def test_a_look_is_the_record_of_a_sample(
    pid: int, ns: int, kernel: list[int], user: list[int], top: list[int]
) -> None:
    stacks = [*kernel, *[7] * (MAX_FRAMES - len(kernel)), *user, *[7] * (MAX_FRAMES - len(user))]
    sizes = 8 * len(kernel), 8 * len(user)
    record = decode_record(
        repack(LOOK.pack(pid, pid + 1, ns, 0, *sizes, 0, b"shop", *top, *stacks))
    )
    assert isinstance(record, SampleRecord)
    assert (record.pid, record.tid, record.monotonic_ns) == (pid, pid + 1, ns)
    assert (record.kernel, record.user) == (tuple(kernel), tuple(user))
    assert (record.thread_comm, record.user_stack) == ("shop", tuple(top))
    assert bool(record.flags & SampleFlags.USER_CUT) == (len(user) == MAX_FRAMES)


def test_a_stack_that_could_not_be_read_is_none() -> None:
    raw = LOOK.pack(1, 1, 5, 0, -14, -14, 0, b"x", *[0] * (16 + 2 * MAX_FRAMES))
    record = decode_record(repack(raw))
    assert isinstance(record, SampleRecord) and (record.kernel, record.user) == ((), ())


@pytest.mark.parametrize("given_as", ["own", "modules"])
def test_debian_s_two_directories_of_headers_are_one_and_flags(
    tmp_path: Path, given_as: str
) -> None:
    own, common, modules = tmp_path / "own", tmp_path / "common", tmp_path / "modules"
    for folder in (own, common, modules):
        folder.mkdir()
    (own / "Makefile").write_text(f"include {common}/Makefile\n")
    (modules / "build").symlink_to(own)
    source, flags = headers(str(tmp_path / given_as))
    assert source == str(common)
    assert [Path(flag[2:]).resolve() for flag in flags][2] == own / "include"


@pytest.mark.parametrize("makefile", [None, "all:\n", "include /nowhere/at/all/Makefile\n"])
def test_other_headers_are_left_as_they_are(tmp_path: Path, makefile: str | None) -> None:
    if makefile is not None:
        (tmp_path / "Makefile").write_text(makefile)
    assert headers(str(tmp_path)) == (str(tmp_path), [])


def test_children_of_a_thread_and_of_none() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in children(os.getpid(), os.getpid())
    finally:
        child.communicate(b"\n", timeout=20)
    assert children(1 << 30, 1 << 30) == []
