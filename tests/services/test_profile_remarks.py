"""What is said of a profile once it is whole."""

import pytest

from otx.model.profile import SAMPLES, Profile, StackSample
from otx.model.stack import Frame, ProfileStats, Stack
from otx.services.profile_remarks import remark_on_broken, remarks_on_unnamed

MAIN = Frame("main", "native", module="node")
UNNAMED = Frame("[anon]", "jit", module="[anon]")
NAMED = Frame("total", "jit", "/srv/cart.js", 3, "cart.js")


def profile_of(*stacks: tuple[Stack, int]) -> Profile:
    return Profile((SAMPLES,), [StackSample(stack, (count,)) for stack, count in stacks])


@pytest.mark.parametrize(
    ("stacks", "share"),
    [
        ([((MAIN, UNNAMED, UNNAMED), 30), ((MAIN,), 70)], "30%"),
        ([((MAIN, UNNAMED, NAMED), 1)], "100%"),
    ],
)
def test_code_without_names_is_told_with_what_gives_them(
    stacks: list[tuple[Stack, int]], share: str
) -> None:
    ((text, hint),) = remarks_on_unnamed(profile_of(*stacks))
    assert text.startswith(f"{share} of this")
    assert "--perf-basic-prof" in hint


def test_a_kernel_that_hides_its_names_is_told() -> None:
    hidden = Frame("[kernel]", "kernel", module="kernel")
    ((text, hint),) = remarks_on_unnamed(profile_of(((MAIN, hidden, hidden), 1), ((MAIN,), 3)))
    assert text.startswith("25% of this is in the kernel")
    assert "CAP_SYSLOG" in hint


@pytest.mark.parametrize(
    "stacks",
    [[], [((MAIN, UNNAMED), 0)], [((MAIN, UNNAMED), 5), ((MAIN,), 95)], [((MAIN, NAMED), 9)]],
)
def test_nothing_is_said_where_little_or_nothing_lacks_them(
    stacks: list[tuple[Stack, int]],
) -> None:
    assert list(remarks_on_unnamed(profile_of(*stacks))) == []


def test_stacks_that_lack_callers_are_told_with_where_walks_ended() -> None:
    where = ("libc.so (60)", "[anon] (10)", "a.so (5)", "b.so (5)")
    said = remark_on_broken(ProfileStats(100, unwound_fully=15, truncated=5, broken_in=where))
    assert said is not None
    assert said[0] == (
        "80% of the stacks lack callers: walks ended in libc.so (60), [anon] (10), a.so (5)"
    )


@pytest.mark.parametrize(("before", "hint"), [(59, "code without"), (60, "tables are kept")])
def test_walks_that_came_before_their_table_are_told_from_code_that_has_none(
    before: int, hint: str
) -> None:
    stats = ProfileStats(240, unwound_fully=120, broken_in=("big.so (120)",), before_tables=before)
    said = remark_on_broken(stats)
    assert said is not None and said[1].startswith(hint)


@pytest.mark.parametrize(
    "stats",
    [
        ProfileStats(),
        ProfileStats(9, broken_in=("libc.so (9)",)),
        ProfileStats(1000, unwound_fully=901, broken_in=("libc.so (99)",)),
        ProfileStats(100, truncated=95, broken_in=("libc.so (5)",)),
        ProfileStats(100),  # by frame pointers
    ],
)
def test_few_stacks_that_lack_callers_are_not(stats: ProfileStats) -> None:
    assert remark_on_broken(stats) is None
