"""The critical path covers the root's time once, whatever the tree is like."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.critical_path import critical_path
from otx.tracing.tree import build_tree


def span(name: str, parent: str, start: int, end: int) -> Span:
    return Span("t", name, parent, name, "INTERNAL", "s", start, end)


def steps(*spans: Span) -> list[tuple[str, int]]:
    return [(step.span.name, step.own_ns) for step in critical_path(build_tree(spans)).steps]


ROOT = span("root", "", 0, 100)


def test_of_calls_in_a_row_all_are_on_it() -> None:
    found = steps(ROOT, span("a", "root", 10, 30), span("b", "root", 40, 90))
    assert found == [("root", 30), ("a", 20), ("b", 50)]


def test_of_calls_side_by_side_the_one_that_ended_last_is() -> None:
    found = steps(ROOT, span("a", "root", 10, 80), span("b", "root", 20, 90))
    assert found == [("root", 30), ("b", 70)]


def test_a_call_that_outlives_its_caller_counts_as_far_as_that_reaches() -> None:
    found = steps(ROOT, span("late", "root", 60, 500), span("inner", "late", 50, 70))
    assert found == [("root", 60), ("late", 30), ("inner", 10)]


def test_what_began_before_its_caller_or_ran_backwards_breaks_nothing() -> None:
    assert steps(ROOT, span("early", "root", -50, 10)) == [("root", 90), ("early", 10)]
    assert steps(ROOT, span("backwards", "root", 80, 20)) == [("root", 100)]
    assert steps(span("root", "", 100, 0)) == [("root", 0)]


def test_without_a_root_the_longest_orphan_stands_for_it() -> None:
    found = steps(span("a", "gone", 0, 10), span("b", "gone", 5, 90), span("c", "b", 80, 90))
    assert found == [("b", 75), ("c", 10)]
    assert critical_path(build_tree([])).steps == ()


TIMES = st.tuples(st.integers(0, 60), st.integers(0, 200), st.integers(0, 200))


@given(st.lists(TIMES, min_size=1, max_size=40))
def test_own_times_add_up_to_the_root(rows: list[tuple[int, int, int]]) -> None:
    spans = [ROOT]
    for number, (parent, start, end) in enumerate(rows):
        above = spans[parent % len(spans)].span_id
        spans.append(span(f"s{number}", above, start, end))
    path = critical_path(build_tree(spans))
    assert sum(step.own_ns for step in path.steps) == path.duration_ns == 100
    assert all(step.own_ns >= 0 for step in path.steps)
    ids = [step.span.span_id for step in path.steps]
    assert len(set(ids)) == len(ids)
    on_path = set(ids) | {""}
    assert all(step.span.parent_span_id in on_path for step in path.steps)


def test_a_trace_deeper_than_the_stack_is_walked() -> None:
    deep = [span("s0", "", 0, 10_000)]
    deep += [span(f"s{n}", f"s{n - 1}", 0, 10_000 - n) for n in range(1, 5_000)]
    assert len(critical_path(build_tree(deep)).steps) == 5_000
