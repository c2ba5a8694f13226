"""The readers of what targets have, on seeds of the fuzzer and on what is spoilt of them.

A twin of the guided search in test_fuzz.py that takes seconds. What a reader does
is counted in lines of code: no input of some kilobytes may keep one busy, on any machine.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import object_targets
import profile_targets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.profile.errors import UnreadableError

SEEDS = Path(__file__).parents[2] / "examples" / "fuzz" / "seeds"
TARGETS = {**object_targets.TARGETS, **profile_targets.TARGETS}
PLACES = [
    pytest.param(target, seed, id=f"{target}-{seed.name}")
    for target in sorted(TARGETS)
    for seed in sorted((SEEDS / target).iterdir())
]
MOST_LINES = 500_000


@contextmanager
def at_most(lines: int) -> Iterator[None]:
    """Ends what executes more lines of otx than that."""
    left = lines

    def line(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        nonlocal left
        left -= 1
        if left < 0:
            raise AssertionError(f"more than {lines} lines of code")
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        return line if "/otx/" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)


def give(target: str, data: bytes) -> None:
    """Let a target have some bytes, as the fuzzer does."""
    if data:
        with at_most(MOST_LINES):
            try:
                TARGETS[target](data)
            except UnreadableError:
                return


def test_every_target_has_seeds() -> None:
    assert {target for target in TARGETS if not any((SEEDS / target).iterdir())} == set()


@pytest.mark.parametrize(("target", "seed"), PLACES)
def test_seeds_are_read_or_refused(target: str, seed: Path) -> None:
    give(target, seed.read_bytes())


SPOIL = st.tuples(
    st.integers(0, 1 << 16),
    st.sampled_from((b"", b"\0", b"\x7f", b"\xff", b"\xff\xff\xff\xff", b"\xff" * 8, b"\0" * 8))
    | st.binary(min_size=1, max_size=8),
    st.booleans(),
)
"""A place, what is put there, and whether it stands in front of what was there or over it."""


@pytest.mark.parametrize("target", sorted(TARGETS))
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_spoilt_is_read_or_refused(target: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(sorted((SEEDS / target).iterdir())))
    content = bytearray(seed.read_bytes())
    for place, what, is_inserted in data.draw(st.lists(SPOIL, max_size=6)):
        at = place % (len(content) + 1)
        content[at : at if is_inserted else at + len(what)] = what
    del content[data.draw(st.integers(0, 2 * len(content))) :]
    give(target, bytes(content))
