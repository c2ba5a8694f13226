"""Savings are computed again, never more than what was taken away, and nothing where it is free."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import critical_path
from otx.tracing.finding import sentence
from otx.tracing.path_time import path_parts
from otx.tracing.timing import raw_timing
from otx.tracing.waits import Waits, waits_of
from otx.tracing.what_if import WaitModel, best_savings
from tests.tracing.calls import MS, span
from tests.tracing.graphs import traces

FACTORS = st.fractions(0, 1, max_denominator=10)


def waits(*spans: Span) -> Waits:
    return waits_of(raw_timing(assemble(spans)))


def model_of(*spans: Span) -> WaitModel:
    found = waits(*spans)
    return WaitModel(found, found.longest_root())


def saved_ms(model: WaitModel, *names: str) -> float:
    spans = model.waits.trace.spans
    return model.saved_ns([n for n, one in enumerate(spans) if one.span_id in names]) / MS


def test_what_runs_beside_something_longer_saves_the_difference_only() -> None:
    model = model_of(span("r", "", 0, 100), span("a", "r", 10, 90), span("b", "r", 10, 70))
    assert saved_ms(model, "a") == 20
    assert saved_ms(model, "b") == 0
    assert saved_ms(model, "a", "b") == 40
    assert saved_ms(model, "r") == 10


def test_what_comes_after_moves_forward() -> None:
    model = model_of(span("r", "", 0, 100), span("a", "r", 0, 40), span("b", "r", 50, 100))
    assert saved_ms(model, "a") == 20
    assert saved_ms(model, "r") == 5
    assert saved_ms(model, "a", "b", "r") == 50


def test_what_is_not_waited_for_saves_nothing() -> None:
    model = model_of(span("r", "", 0, 100), span("a", "r", 120, 400))
    assert saved_ms(model, "a") == 0


def test_the_heaviest_operations_are_tried() -> None:
    found = waits(
        span("r", "", 0, 100),
        span("a", "r", 0, 60, operation="load"),
        span("b", "r", 60, 90, operation="load"),
    )
    first = best_savings(
        WaitModel(found, found.longest_root()), path_parts(critical_path(found), found)
    )[0]
    assert (first.weight_ns, first.spans) == (45 * MS, (0, 2))
    assert sentence(first) == (
        "If the own time of shop load were 50 % of what it is, the trace would end at most 45.0 ms"
        " sooner (45 %)."
    )


@given(traces(), FACTORS)
def test_savings_are_bounded_by_what_was_taken_away(spans: list[Span], factor: Fraction) -> None:
    found = waits(*spans)
    path = critical_path(found)
    model = WaitModel(found, path.root)
    own = {step.number: step.own_ns for step in path.steps}
    for number in range(len(found.starts)):
        saved = model.saved_ns([number], factor)
        assert 0 <= saved <= (1 - factor) * own.get(number, 0)
    everything = model.saved_ns(range(len(found.starts)), factor)
    assert everything <= (1 - factor) * path.duration_ns
    assert all(model.saved_ns([number], factor) <= everything for number in own)


@given(traces(), st.data())
def test_computed_again_with_nothing_changed_it_is_the_same(
    spans: list[Span], data: st.DataObject
) -> None:
    found = waits(*spans)
    model = WaitModel(found, data.draw(st.sampled_from(range(len(found.starts)))))
    assert model.saved_ns(range(len(found.starts)), Fraction(1)) == 0


@given(traces(), FACTORS)
def test_a_duration_is_found_as_without_short_cuts(spans: list[Span], factor: Fraction) -> None:
    found = waits(*spans)
    root = found.longest_root()
    changed = set(range(0, len(found.starts), 2))

    def length(number: int) -> int:
        """The definition: quadratic, recursive."""

        def own(ns: int) -> int:
            return -(-ns * factor.numerator // factor.denominator) if number in changed else ns

        order = sorted(
            found.children(number), key=lambda one: (found.starts[one], found.ends[one], one)
        )
        ends: dict[int, int] = {}
        for child in order:
            done = [one for one in ends if found.ends[one] <= found.starts[child]]
            before = max([found.starts[number], *(found.ends[one] for one in done)])
            lag = own(found.starts[child] - before)
            ends[child] = max([0, *(ends[one] for one in done)]) + lag + length(child)
        last = max([found.starts[number], *(found.ends[one] for one in order)])
        return max([0, *ends.values()]) + own(found.ends[number] - last)

    whole = found.ends[root] - found.starts[root]
    assert WaitModel(found, root).saved_ns(changed, factor) == whole - length(root)
