"""The folded form, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.model.profile import Profile
from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats.folded import read_folded, write_folded
from otx.profile.formats.profile import sampled_profile

SHOP = Frame("shop", "process")
HOT = Frame("Cart.total", "python", "/srv/shop/cart.py", 0, "cart.py")


def folded(counts: dict[Stack, int]) -> str:
    return write_folded(sampled_profile(counts, ProfileStats(), 99, 1_000_000_000))


def test_each_kind_of_frame_has_its_form() -> None:
    stack = (
        SHOP,
        Frame("[libc.so.6+0x271d0]", "native", module="libc.so.6"),
        HOT,
        Frame("Cart.total", "python", "/srv/shop/cart.py", 12, "cart.py"),
        Frame("std::sort", "native", module="libshop.so"),
        Frame("do_syscall_64", "kernel", module="kernel"),
    )
    assert folded({stack: 3}) == (
        "shop;[libc.so.6+0x271d0];Cart.total (cart.py);Cart.total (cart.py:12);std::sort;"
        "do_syscall_64_[k] 3\n"
    )


def test_what_would_break_a_line_is_replaced() -> None:
    assert folded({(Frame("a;b\nc", "process"),): 1}) == "a:b c 1\n"


def test_a_programs_names_cannot_drive_the_terminal() -> None:
    stack = (
        Frame("\x1b[31m", "process"),
        Frame("f\x07", "python", "/tmp/\x9b2J.py", 0, "\x9b2J.py"),
    )
    assert folded({stack: 1}) == "�[31m;f� (�2J.py) 1\n"


def test_lines_are_sorted_and_equal_ones_added() -> None:
    other = Frame("Cart.total", "python", "/opt/other/cart.py", 0, "cart.py")
    assert folded({(SHOP, HOT): 1, (SHOP, other): 2, (SHOP,): 4}) == (
        "shop 4\nshop;Cart.total (cart.py) 3\n"
    )


def test_nothing_sampled_is_nothing_written() -> None:
    assert folded({}) == ""


@given(st.lists(st.text(min_size=1), min_size=1), st.integers(1, 1000))
def test_a_line_splits_into_as_many_frames_as_the_stack_has(names: list[str], count: int) -> None:
    text = folded({tuple(Frame(name, "native") for name in names): count})
    (line,) = text.removesuffix("\n").split("\n")
    frames, _, number = line.rpartition(" ")
    assert (len(frames.split(";")), int(number)) == (len(names), count)


def read(text: str) -> tuple[Profile, list[str]]:
    warnings: list[str] = []
    return read_folded(text.encode(), "x", warnings.append), warnings


@given(st.lists(st.text(min_size=1), min_size=1), st.integers(0, 1000))
def test_what_is_written_is_read_and_written_the_same(names: list[str], count: int) -> None:
    text = folded({tuple(Frame(name, "native") for name in names): count})
    if text.split(" ")[0].strip("\r ") == "":  # a stack of nothing but blanks is no line
        return
    profile, _ = read(text)
    if len(profile.value_types) == 1:
        assert write_folded(profile) == text


def test_names_say_what_kind_of_frame_it_is() -> None:
    profile, _ = read("shop;Cart.total (cart.py:12);sort_[i];f_[j];vfs_read_[k] 3\n")
    assert profile.samples[0].stack == (
        Frame("shop", "native"),
        Frame("Cart.total", "python", "cart.py", 12, "cart.py"),
        Frame("sort", "native"),
        Frame("f", "jit"),
        Frame("vfs_read", "kernel", module="kernel"),
    )


def test_two_counts_are_before_and_after() -> None:
    profile, _ = read("a;b 1 2\na 0 4\n")
    assert [str(it) for it in profile.value_types] == ["before/count", "after/count"]
    assert [it.values for it in profile.samples] == [(1, 2), (0, 4)]
    assert profile.total == 6


def test_a_fraction_is_rounded_and_said() -> None:
    profile, warnings = read("a;b 1.6\na 2\n")
    assert profile.total == 4
    assert warnings == ["x: 1 counts have a fraction and are rounded"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a 1\nb\n", "x:2: no count at the end of 'b'"),
        ("a 1\n\nb;c x\n", "x:3: no count"),
        (f"a {10**30}\n", "x:1: the count 1000000000000000000000000000000 is too large"),
        (f"a {'9' * 5000}\n", "x:1: no count"),
    ],
)
def test_a_line_that_is_wrong_is_named(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(text)
