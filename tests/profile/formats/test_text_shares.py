"""Shares become values that make the total."""

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.formats.text_shares import Names, Told, told_by


def test_a_function_has_what_the_stacks_that_end_in_it_leave() -> None:
    told = told_by(1000, [("f", 600), ("g", 100)], [(("main", "f"), 450)])
    assert told == Told([(("main", "f"), 450)], [(("f",), 150), (("g",), 100)], 300)


def test_functions_of_one_name_are_one() -> None:
    assert told_by(10, [("f", 600), ("f", 400)], []).functions == [(("f",), 10)]


def test_what_rounding_made_too_much_is_taken_off_again() -> None:
    # Six times a sixth of 6 000, told as 16.7 %.
    told = told_by(6_000, [(name, 167) for name in "abcdef"], [(("main", "a"), 167)])
    assert told.stacks == [(("main", "a"), 998)]
    assert [value for _, value in told.functions] == [998, 998, 1002, 1002, 1002]
    assert told.rest == 0


def test_values_below_0_stay_and_are_no_rounding() -> None:
    told = told_by(2, [("a", 1500), ("b", -500)], [(("a",), 1500), (("b",), -500)])
    assert told == Told([(("a",), 3), (("b",), -1)], [(("b",), 0)], 0)
    assert told_by(2_000, [("a", 1500)], []).rest < -900


COUNTS = st.dictionaries(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3).map(tuple),
    st.integers(1, 10**12),
    min_size=1,
    max_size=12,
)


@given(COUNTS, st.integers(1, 6), st.integers(1, 5))
def test_totals_agree_and_no_value_is_off_by_more_than_rounding(
    counts: dict[Names, int], functions: int, stacks: int
) -> None:
    total = sum(counts.values())
    own: dict[str, int] = {}
    for names, value in counts.items():
        own[names[-1]] = own.get(names[-1], 0) + value
    told = told_by(
        total,
        [(name, round(1000 * own[name] / total)) for name in sorted(own)[:functions]],
        [(names, round(1000 * counts[names] / total)) for names in sorted(counts)[:stacks]],
    )
    parts = [*told.stacks, *told.functions]
    assert sum(value for _, value in parts) + told.rest == total
    assert min(told.rest, *(value for _, value in parts)) >= 0
    for name in sorted(own)[:functions]:
        ends = [value for names, value in parts if names[-1] == name]
        assert abs(sum(ends) - own[name]) <= (len(ends) + 1) * (total / 1000 + 2)
