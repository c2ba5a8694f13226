"""The calls of two clocks taken together: what refutes what."""

from otx.tracing.assembly import assemble
from otx.tracing.skew_bounds import Bounds, bounds_by_pair
from otx.tracing.skew_pairs import Call
from tests.tracing.requests import Simulation, fixed

TRACE = assemble(Simulation(1, fixed(a=0, b=0)).request("ab").spans)
"""Its spans 1 and 2 are a client on a and its server on b."""


def bounds(*said: tuple[int, int | None]) -> Bounds:
    calls = [Call(1, 2, lower, upper) for lower, upper in said]
    [found] = bounds_by_pair(TRACE, calls)
    return found


def test_the_tightest_of_both_sides_count() -> None:
    found = bounds((-9, 5), (-3, 8), (-4, None))
    assert (found.lower_ns, found.upper_ns) == (-3, 5)
    assert found.pair == ("a", "b")
    assert not found.refuted


def test_as_many_are_passed_over_as_are_refuted() -> None:
    found = bounds((-3, 5), (-9, -5), (-9, 1), (-9, 7))
    assert [call.upper_ns for call in found.refuted] == [-5]
    assert found.upper_ns == 5


def test_where_too_much_is_refuted_nothing_is_known_from_above() -> None:
    found = bounds((3, None), (-9, 1), (-9, 7))
    assert (found.lower_ns, found.upper_ns) == (3, None)
    assert bounds((3, None)).upper_ns is None
