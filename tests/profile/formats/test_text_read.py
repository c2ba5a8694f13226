"""The summary is a profile as far as it goes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otx.errors import OtxError, UsageError
from otx.flame.tree import hottest
from otx.model.cells import printable
from otx.model.frame_names import frame_label
from otx.model.profile import CPU, SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import Frame, ProfileStats, Stack
from otx.profile.formats import reading
from otx.profile.formats.opening import open_profile
from otx.profile.formats.profile import sampled_profile
from otx.profile.formats.text import write_text
from otx.profile.formats.text_read import NOT_TOLD, read_text, summary_in
from tests.profile.formats.profiles import FRAMES

SUMMARY = """\
200 samples in 2.00 s at 99 Hz

hottest functions
     own   total  function
   60.0%   80.0%  Cart.total (cart.py:12)
   25.0%   25.0%  vfs_read_[k]

heaviest stacks
   50.0%  shop > main > Cart.total (cart.py:12) ×3
   20.0%  shop > main > vfs_read_[k]

stats
  samples          200
"""
TOTAL = Frame("Cart.total", "python", "cart.py", 12, "cart.py")
READ = Frame("vfs_read", "kernel", module="kernel")
SHOP, MAIN = Frame("shop", "native"), Frame("main", "native")
COUNTS = {
    (SHOP, MAIN, TOTAL, TOTAL, TOTAL): 100,
    (SHOP, MAIN, READ): 40,
    (TOTAL,): 20,
    (READ,): 10,
    (NOT_TOLD,): 30,
}


def read(text: str) -> tuple[Profile, list[str]]:
    warnings: list[str] = []
    return read_text(text.encode(), "x", warnings.append), warnings


def counted(counts: dict[Stack, int], kind: ValueType = SAMPLES) -> Profile:
    return Profile((kind,), [StackSample(stack, (value,)) for stack, value in counts.items()])


def labels(stack: Stack) -> tuple[str, ...]:
    return tuple(map(frame_label, stack))


def test_stacks_are_whole_functions_are_alone_and_the_rest_is_said() -> None:
    profile, warnings = read(SUMMARY)
    assert profile.counts() == COUNTS
    assert (profile.value_types, profile.duration_ns) == ((SAMPLES,), 2_000_000_000)
    assert (profile.period_type, profile.frequency_hz) == (CPU, 99)
    assert warnings == [
        "x: text is a summary: 70.0% is in whole stacks, 15.0% in functions alone,"
        " 15.0% is not told"
    ]


@pytest.mark.parametrize(
    "text",
    [
        SUMMARY.replace("\n", "\r\n"),
        "\n".join(f"    {line}   " for line in SUMMARY.split("\n")),
        f"$ otx flame out.pprof\n{SUMMARY}$ echo 3\n3\n",
        SUMMARY[: SUMMARY.index("\n\nstats")],
        SUMMARY.replace("\n\n", "\n\n\n"),
        f"otx: warning: 3 lost\n\nas you see:\n\n\t{SUMMARY}",
    ],
)
def test_words_round_it_and_other_line_ends_are_no_matter(text: str) -> None:
    assert read(text)[0].counts() == COUNTS
    assert open_profile(text.encode(), "x", lambda _: None).form == "text"


@pytest.mark.parametrize(
    ("head", "kind", "total", "duration_ns"),
    [
        ("48 210 samples", SAMPLES, 48_210, 0),
        (
            "1.20 s of wall in 1 h 05 m",
            ValueType("wall", "nanoseconds"),
            1_200_000_000,
            3900 * 10**9,
        ),
        ("-18 ms of cpu in 2 m 05 s", CPU, -18_000_000, 125 * 10**9),
        ("1.5 MiB of alloc_space", ValueType("alloc_space", "bytes"), 3 << 19, 0),
        ("-812 B of my\u00a0heap in 3.00 µs", ValueType("my heap", "bytes"), -812, 3_000),
        (
            "1 234 of page_faults in 60 s at 9 Hz",
            ValueType("page_faults", "count"),
            1234,
            60 * 10**9,
        ),
        ("7 of", ValueType("", "count"), 7, 0),
    ],
)
def test_the_first_line_says_value_time_and_rate(
    head: str, kind: ValueType, total: int, duration_ns: int
) -> None:
    profile, _ = read(SUMMARY.replace(SUMMARY.split("\n")[0], head))
    assert (profile.value_types, profile.total, profile.duration_ns) == (
        (kind,),
        total,
        duration_ns,
    )


@pytest.mark.parametrize(
    "kind", [SAMPLES, CPU, ValueType("alloc", "bytes"), ValueType("x in 3 s", "count")]
)
@pytest.mark.parametrize("stats", [None, ProfileStats(samples=3)])
def test_nothing_is_a_profile_with_nothing_in_it(
    kind: ValueType, stats: ProfileStats | None
) -> None:
    written = write_text(Profile((kind,), [], duration_ns=10**9, stats=stats))
    assert summary_in(written.encode()) == "profile"
    assert read(written) == (Profile((kind,), (), duration_ns=10**9), [])
    assert write_text(read(written)[0]).startswith(written.split("\n")[0])


def test_too_few_samples_are_nothing_too() -> None:
    written = write_text(sampled_profile({}, ProfileStats(), 99, 5_000_000))
    assert read(f"$ otx profile\n{written}")[0].samples == ()


NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(
    [
        "std::vector<int, std::allocator<int> >::push_back",
        "std::vector<int, std::allocator<int> > const& f",
        "operator >",
        "> f",
        ">",
        " > ",
        " ×3",
        "f ×3",
        "×3",
        " a  b ",
        "f ×2 ",
    ]
)
SMALL = st.dictionaries(
    st.lists(NAMES.map(lambda name: Frame(name, "native")) | FRAMES, max_size=6).map(tuple),
    st.integers(1, 80),
    min_size=1,
    max_size=9,
)


@given(SMALL)
def test_what_is_written_of_a_small_profile_is_read_as_it_was(counts: dict[Stack, int]) -> None:
    """Below 1 000 samples every share stands for one value."""
    shown: dict[tuple[str, ...], int] = {}
    for stack, count in counts.items():
        key = tuple(map(printable, labels(stack)))
        shown[key] = shown.get(key, 0) + count
    profile, _ = read(write_text(counted(counts)))
    assert profile.total == sum(counts.values())
    for stack, count in profile.counts().items():
        assert len(stack) <= 1 or shown[labels(stack)] == count
    own, own_again = (
        {printable(frame_label(it.frame)): it.own for it in hottest(told, 99)}
        for told in (counts, profile.counts())
    )
    assume(len(own) == len(hottest(counts, 99)) <= 20)
    assert {name: value for name, value in own_again.items() if name != "[not told]"} == own


@given(
    st.dictionaries(
        st.lists(FRAMES, min_size=1, max_size=3).map(tuple), st.integers(1, 1 << 50), min_size=1
    ),
    st.integers(1, 3),
)
def test_no_share_of_a_large_one_is_off_by_much(counts: dict[Stack, int], functions: int) -> None:
    profile, _ = read(write_text(counted(counts, CPU), functions))
    assert abs(profile.total / sum(counts.values()) - 1) < 0.01
    assert min(it.values[0] for it in profile.samples) > 0
    own: dict[str, int] = {}
    for stack, count in profile.counts().items():
        own[frame_label(stack[-1])] = own.get(frame_label(stack[-1]), 0) + count
    for it in hottest(counts, functions):
        told = own.get(printable(frame_label(it.frame)), 0) / profile.total
        assert told > it.own / sum(counts.values()) - 0.005


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SUMMARY.split("\n", 1)[1], "x:2: no line above says how much it is of"),
        (SUMMARY.replace("200 samples", "200 mples"), "x:3: no line above says how much"),
        (SUMMARY.replace("     own   total", "     own"), "x:4: no columns own total function"),
        (SUMMARY.replace("25.0%   25.0%", "25.0%   25"), "x:6: no function: '25.0%   25 "),
        (SUMMARY.replace("heaviest", "lightest"), "x:8: no heaviest stacks below the functions"),
        (SUMMARY[: SUMMARY.index("heaviest")], "x:9: no heaviest stacks below the functions"),
        (SUMMARY[: SUMMARY.index("   50.0%")], "x:9: no stack below heaviest stacks"),
        (SUMMARY[: SUMMARY.index("   25.0%")], "x:7: no heaviest stacks below the functions"),
        (SUMMARY + SUMMARY, "x:16: a second summary begins"),
        (SUMMARY.replace("×3", "×999999999"), "its stacks have more than 30000000 frames"),
        (SUMMARY.replace("200 samples", f"{10**20} s of cpu"), "a value is too large"),
        (SUMMARY.replace("2.00 s", f"{10**20} s"), "a value is too large"),
        (SUMMARY.replace("50.0%", f"{10**25}.0%"), "the value of .* is too large"),
        ("hello\n", "is no summary of a profile"),
    ],
)
def test_what_is_not_whole_is_said_with_its_line(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(text)


def test_all_stacks_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FRAMES", 7)
    with pytest.raises(UsageError, match="more than 7 frames"):
        read(SUMMARY)


LINES = st.lists(
    st.sampled_from(SUMMARY.split("\n"))
    | st.text("0123456789.%> ×\u00a0samplesof", max_size=20)
    | st.just("callees"),
    max_size=16,
).map("\n".join)


@given(LINES)
def test_any_lines_are_an_error_or_a_profile(text: str) -> None:
    try:
        read(text)
    except OtxError as error:
        assert error.message.startswith("x")
