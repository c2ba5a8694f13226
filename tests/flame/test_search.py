"""A search covers each path once, and walking its hits comes round."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.flame.layout import layout
from otx.flame.search import (
    compile_pattern,
    find_pattern,
    index_functions,
    next_hit,
    walk_hits,
)
from otx.flame.tree import build_tree
from otx.model.stack import Frame, Stack

FRAMES = st.sampled_from([Frame(name, "native") for name in "abc"])
COUNTS = st.dictionaries(
    st.lists(FRAMES, min_size=1, max_size=5).map(tuple), st.integers(1, 99), max_size=20
)


@given(COUNTS)
def test_the_share_is_that_of_the_stacks_with_a_match(counts: dict[Stack, int]) -> None:
    found = find_pattern(build_tree(counts), re.compile("[ab]"))
    with_match = [n for stack, n in counts.items() if any(f.name in "ab" for f in stack)]
    assert found.value == sum(with_match)
    assert found.frames == {f for stack in counts for f in stack if f.name in "ab"}


def totals_at(counts: dict[Stack, int], place: Stack) -> int:
    return sum(n for stack, n in counts.items() if stack[: len(place)] == place)


@given(COUNTS)
def test_every_function_is_found_in_all_its_places(counts: dict[Stack, int]) -> None:
    index = index_functions(build_tree(counts))
    assert index.keys() == {frame for stack in counts for frame in stack}
    for frame, found in index.items():
        assert found.value == sum(n for stack, n in counts.items() if frame in stack)
        places = {stack[: i + 1] for stack in counts for i, f in enumerate(stack) if f == frame}
        assert found.places == len(places)
        totals = sorted((totals_at(counts, place) for place in places), reverse=True)
        assert [total for total, _ in found.largest_places(3)] == totals[:3]


@given(COUNTS, st.booleans())
def test_walking_visits_every_hit_and_comes_round(counts: dict[Stack, int], onward: bool) -> None:
    picture = layout(build_tree(counts), 80)
    hits = walk_hits(picture, frozenset({Frame("a", "native")}))
    current = picture.rows[0][0]
    seen = []
    for _ in hits:
        step = next_hit(hits, current, onward)
        assert step is not None
        current = step
        seen.append(current)
    assert seen == (list(hits) if onward else list(reversed(hits)))
    if hits:
        assert next_hit(hits, current, onward) is seen[0]


def test_no_hits_no_step() -> None:
    picture = layout(build_tree({}), 10)
    assert next_hit([], picture.rows[0][0]) is None


def test_a_pattern_ignores_case_unless_it_has_an_upper_case_letter() -> None:
    assert compile_pattern("json").search("JSON.dumps")
    assert not compile_pattern("Json").search("json.dumps")


def test_a_bad_pattern_is_named_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"unterminated.* at character 3"):
        compile_pattern("ab(c")
