"""The summary for people, byte for byte."""

from otx.model.profile import ValueType
from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats.profile import sampled_profile
from otx.profile.formats.text import write_text

SHOP = Frame("shop", "process")
MAIN = Frame("<module>", "python", "/srv/shop.py", 0, "shop.py")
HOT = Frame("Cart.total", "python", "/srv/cart.py", 0, "cart.py")
READ = Frame("vfs_read", "kernel", module="kernel")

WANTED = """\
10 samples in 1.00 s at 99 Hz

hottest functions
     own   total  function
   60.0%   60.0%  Cart.total (cart.py)
   30.0%  100.0%  <module> (shop.py)
   10.0%   10.0%  vfs_read_[k]

heaviest stacks
   60.0%  shop > <module> (shop.py) > Cart.total (cart.py)
   30.0%  shop > <module> (shop.py)
   10.0%  shop > <module> (shop.py) > vfs_read_[k]

stats
  samples          10
  lost             1
  truncated        2
  unwound_fully    9 (90.0%)
  broken_in        lib0.so (1)
  before_tables    0
  unwind_tables    7
  tables_missing   7
  without_table    lib0.so, lib1.so, lib2.so, lib3.so, lib4.so and 2 more
  not_found        0
  own_cpu_seconds  0.123
  target_overhead  0.120% of the target's processor time
  sample_cost_ns   12100 (calibrated)
  backend          perf
  not_seen         Python functions, the rest
"""


def test_the_summary_is_functions_stacks_and_stats() -> None:
    counts = {(SHOP, MAIN, HOT): 6, (SHOP, MAIN): 3, (SHOP, MAIN, READ): 1}
    stats = ProfileStats(
        *(10, 1, 2, 9, 0, 0.1234, 0.0012, 7, 7, 12_100, "perf"),
        not_seen=("Python functions", "the rest"),
        broken_in=("lib0.so (1)",),
        without_table=tuple(f"lib{number}.so" for number in range(7)),
    )
    assert write_text(sampled_profile(counts, stats, 99, 1_000_000_000)) == WANTED


def test_nothing_sampled_is_said_in_words() -> None:
    text = write_text(sampled_profile({}, ProfileStats(), 99, 1_000_000_000))
    assert "the target was not on a processor" in text
    assert "target_overhead  unknown" in text


def test_of_few_looks_nothing_is_said_of_the_target() -> None:
    text = write_text(sampled_profile({}, ProfileStats(), 1, 5_000_000_000))
    assert "too few looks" in text


def test_names_cannot_drive_the_terminal() -> None:
    counts: dict[Stack, int] = {(Frame("\x1b[2J", "process"), Frame("\x1b]0;x\x07", "native")): 1}
    assert "\x1b" not in write_text(sampled_profile(counts, ProfileStats(), 99, 1_000_000_000))


def test_nor_can_a_value_or_stats_that_a_file_names() -> None:
    stats = ProfileStats(backend="\x1b[2J", not_seen=("\x1b[31m",))
    seen: list[dict[Stack, int]] = [{}, {(SHOP,): 1}]
    for counts in seen:
        profile = sampled_profile(counts, stats, 99, 10**9, kind=ValueType("\x1b[H", "count"))
        assert "\x1b" not in write_text(profile)


def test_a_name_like_a_piece_of_a_line_has_no_break_spaces_in_a_stack_alone() -> None:
    name = "vector<int, allocator<int> >::size ×3"
    text = write_text(sampled_profile({(SHOP, Frame(name, "native")): 1}, ProfileStats(), 99, 1))
    assert f"  100.0%  100.0%  {name}\n" in text
    assert "  100.0%  shop > vector<int, allocator<int> >::size\u00a0×3\n" in text
    name = "vector<int, allocator<int> > f()"
    text = write_text(sampled_profile({(SHOP, Frame(name, "native")): 1}, ProfileStats(), 99, 1))
    assert "  100.0%  shop > vector<int, allocator<int>\u00a0> f()\n" in text


def test_a_function_that_calls_itself_stands_once_in_a_line() -> None:
    counts: dict[Stack, int] = {(SHOP, MAIN, HOT, HOT, HOT, READ): 1}
    text = write_text(sampled_profile(counts, ProfileStats(), 99, 1_000_000_000))
    assert "shop > <module> (shop.py) > Cart.total (cart.py) ×3 > vfs_read_[k]\n" in text
