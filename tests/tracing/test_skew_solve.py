"""Shifts from differences: what is true is never excluded, what contradicts is named."""

from hypothesis import given
from hypothesis import strategies as st

from otx.tracing.skew_pairs import ClockPair
from otx.tracing.skew_solve import Constraint, solve

CLOCKS = "abcde"


def constraint(earlier: str, later: str, most_ns: int, *, certain: bool = False) -> Constraint:
    return Constraint(earlier, later, most_ns, certain, ClockPair(earlier, later))


@st.composite
def true_constraints(draw: st.DrawFn) -> tuple[dict[str, int], list[Constraint]]:
    """Clocks, and constraints that hold of them."""
    truth = {clock: draw(st.integers(-1000, 1000)) for clock in CLOCKS}
    pairs = draw(st.lists(st.tuples(st.sampled_from(CLOCKS), st.sampled_from(CLOCKS)), max_size=15))
    return truth, [
        constraint(one, other, truth[other] - truth[one] + draw(st.integers(0, 300)))
        for one, other in pairs
        if one != other
    ]


@given(true_constraints())
def test_the_truth_is_within_and_what_is_chosen_keeps_all(
    given: tuple[dict[str, int], list[Constraint]],
) -> None:
    truth, constraints = given
    solution = solve(constraints, CLOCKS)
    assert not solution.contradictions
    shifts = solution.shifts
    for clock, shift in shifts.items():
        assert abs(truth[clock] - truth[shift.reference] - shift.ns) <= shift.margin_ns
    for one in constraints:
        a, b = shifts.get(one.earlier), shifts.get(one.later)
        if a is not None and b is not None and a.reference == b.reference:
            assert b.ns - a.ns <= one.most_ns


@given(true_constraints(), st.permutations(range(15)))
def test_the_order_of_constraints_does_not_matter(
    given: tuple[dict[str, int], list[Constraint]], order: list[int]
) -> None:
    _, constraints = given
    shuffled = [constraints[place] for place in order if place < len(constraints)]
    assert solve(constraints, CLOCKS).shifts == solve(shuffled, CLOCKS).shifts


def test_a_clock_that_may_be_right_stays_and_others_go_with_their_caller() -> None:
    found = solve(
        [
            *(constraint("a", "b", 5), constraint("b", "a", 5)),
            *(constraint("b", "c", 110), constraint("c", "b", -90)),
            *(constraint("c", "d", 1), constraint("d", "c", 1)),
        ],
        CLOCKS,
    )
    assert {clock: shift.ns for clock, shift in found.shifts.items()} == {
        "a": 0, "b": 0, "c": 100, "d": 100,
    }  # fmt: skip
    assert found.shifts["d"].margin_ns == 16


def test_what_is_bounded_from_one_side_has_no_shift() -> None:
    assert solve([constraint("a", "b", 5)], CLOCKS).shifts == {}


def test_of_a_contradiction_the_inferred_ones_are_given_up() -> None:
    certain = constraint("b", "a", -10, certain=True)
    found = solve([certain, constraint("a", "b", 5)], CLOCKS)
    assert {one.most_ns for one in found.contradictions[0]} == {-10, 5}
    assert found.shifts == {}
    found = solve([certain, constraint("a", "b", 20), constraint("a", "b", 5)], CLOCKS)
    assert found.shifts["b"].ns == 15


def test_a_contradiction_of_certain_ones_gives_all_of_them_up() -> None:
    circle = [
        constraint("a", "b", -1, certain=True),
        constraint("b", "c", -1, certain=True),
        constraint("c", "a", 1, certain=True),
    ]
    beside = [constraint("a", "d", 7), constraint("d", "a", 3)]
    found = solve([*circle, *beside], CLOCKS)
    assert sorted(found.contradictions[0]) == sorted(circle)
    assert found.shifts.keys() == {"a", "d"}
