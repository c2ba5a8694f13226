"""The folded form, byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats import Profile
from otx.profile.formats.folded import write_folded

SHOP = Frame("shop", "process")
HOT = Frame("Cart.total", "python", "/srv/shop/cart.py", 0, "cart.py")


def folded(counts: dict[Stack, int]) -> str:
    return write_folded(Profile(counts, ProfileStats(), 99, 1_000_000_000))


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
