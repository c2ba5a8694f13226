"""Which stacks are looked at."""

import re

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.narrowing import focused, heaviest
from otx.model.profile import SAMPLES, Profile, StackSample
from otx.model.stack import Frame, Stack

MAIN, SORT = Frame("main", "native"), Frame("sort", "native", module="libshop.so")
PAGE = Frame("render", "python", "/srv/page.py", 0, "page.py")


def profile(*stacks: tuple[Stack, int]) -> Profile:
    return Profile((SAMPLES,), [StackSample(stack, (value,)) for stack, value in stacks])


def total(kept: Profile) -> int:
    return kept.total


def test_focus_keeps_and_ignore_drops_whole_stacks() -> None:
    whole = profile(((MAIN, SORT), 1), ((MAIN, PAGE), 2), ((MAIN,), 4))
    assert total(focused(whole, [re.compile("sort")])) == 1
    assert total(focused(whole, [], [re.compile("sort")])) == 6
    assert total(focused(whole, [re.compile("main"), re.compile("page")])) == 2
    assert total(focused(whole, [re.compile("libshop")])) == 1
    assert focused(whole) is whole


def test_the_heaviest_stacks_keep_all_their_samples() -> None:
    whole = profile(((MAIN, SORT), 3), ((MAIN, PAGE), 2), ((MAIN, SORT), 1), ((MAIN,), 3))
    kept = heaviest(whole, 2)
    assert kept.counts() == {(MAIN, SORT): 4, (MAIN,): 3}
    assert heaviest(whole, 3) is whole


@given(
    st.lists(st.tuples(st.sampled_from([(MAIN,), (MAIN, SORT), (SORT, PAGE)]), st.integers(0, 9)))
)
def test_focus_and_ignore_of_one_pattern_share_the_profile(rows: list[tuple[Stack, int]]) -> None:
    whole, pattern = profile(*rows), [re.compile("sort")]
    assert total(focused(whole, pattern)) + total(focused(whole, (), pattern)) == total(whole)
