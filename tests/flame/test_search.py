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
    index_places,
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


@given(COUNTS)
def test_places_are_those_that_are_counted_the_largest_first(counts: dict[Stack, int]) -> None:
    tree = build_tree(counts)
    places = index_places(tree, 100)
    index = index_functions(tree)
    assert places.keys() == {frame for frame, found in index.items() if found.places > 1}
    for frame, found in places.items():
        assert len(found) == index[frame].places
        totals = [place.total for place in found]
        assert totals == sorted(totals, reverse=True)
        assert index_places(tree, 1)[frame] == found[:1]


@given(COUNTS)
def test_every_function_is_found_in_all_its_places(counts: dict[Stack, int]) -> None:
    index = index_functions(build_tree(counts))
    assert index.keys() == {frame for stack in counts for frame in stack}
    for frame, found in index.items():
        assert found.value == sum(n for stack, n in counts.items() if frame in stack)
        places = {stack[: i + 1] for stack in counts for i, f in enumerate(stack) if f == frame}
        assert found.places == len(places)


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
