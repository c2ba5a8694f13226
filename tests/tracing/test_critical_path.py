"""The critical path covers the root's time once, whatever the tree is like."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span, SpanKind
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import CriticalPath, critical_path
from otx.tracing.timing import raw_timing
from otx.tracing.waits import waits_of
from tests.tracing.graphs import traces


def span(name: str, parent: str, start: int, end: int) -> Span:
    return Span("t", name, parent, name, "INTERNAL", "s", start, end)


def path_of(spans: Sequence[Span]) -> CriticalPath:
    return critical_path(waits_of(raw_timing(assemble(spans))))


def steps(*spans: Span) -> list[tuple[str, int]]:
    return [(step.span.name, step.own_ns) for step in path_of(spans).steps]


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
    assert path_of([]).steps == ()


TIMES = st.tuples(st.integers(0, 60), st.integers(0, 200), st.integers(0, 200))


@given(st.lists(TIMES, min_size=1, max_size=40))
def test_own_times_add_up_to_the_root(rows: list[tuple[int, int, int]]) -> None:
    spans = [ROOT]
    for number, (parent, start, end) in enumerate(rows):
        above = spans[parent % len(spans)].span_id
        spans.append(span(f"s{number}", above, start, end))
    path = path_of(spans)
    assert sum(step.own_ns for step in path.steps) == path.duration_ns == 100
    assert all(step.own_ns >= 0 for step in path.steps)
    ids = [step.span.span_id for step in path.steps]
    assert len(set(ids)) == len(ids)
    on_path = set(ids) | {""}
    assert all(step.span.parent_span_id in on_path for step in path.steps)


def test_a_trace_deeper_than_the_stack_is_walked() -> None:
    deep = [span("s0", "", 0, 10_000)]
    deep += [span(f"s{n}", f"s{n - 1}", 0, 10_000 - n) for n in range(1, 5_000)]
    assert len(path_of(deep).steps) == 5_000


@given(traces())
def test_sections_tile_every_root(spans: list[Span]) -> None:
    trace = assemble(spans)
    waits = waits_of(raw_timing(trace))
    for root in [*trace.roots, *(child for one in trace.missing for child in one.children)]:
        path = critical_path(waits, root)
        cursor = waits.starts[root]
        for section in path.sections:
            assert section.start_ns == cursor < section.end_ns
            cursor = section.end_ns
        assert cursor == waits.ends[root]
        assert path == critical_path(waits, root)


@given(traces(), st.randoms(use_true_random=False), st.integers(0, 10**18))
def test_the_path_does_not_depend_on_the_epoch_the_order_or_copies(
    spans: list[Span], random: Random, shift: int
) -> None:
    moved = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + shift,
            end_unix_nano=one.end_unix_nano + shift,
        )
        for one in [*spans, random.choice(spans)]
    ]
    random.shuffle(moved)
    found, again = path_of(spans), path_of(moved)
    assert [(step.span.span_id, step.own_ns) for step in found.steps] == [
        (step.span.span_id, step.own_ns) for step in again.steps
    ]
    assert [(one.span, one.start_ns + shift) for one in found.sections] == [
        (one.span, one.start_ns) for one in again.sections
    ]


def test_calls_that_touch_are_both_on_it() -> None:
    found = steps(ROOT, span("a", "root", 0, 50), span("b", "root", 50, 100))
    assert found == [("root", 0), ("a", 50), ("b", 50)]


@pytest.mark.parametrize("parent", ["PRODUCER", "INTERNAL"])
def test_consumers_in_another_process_are_not_waited_for(parent: SpanKind) -> None:
    sender = replace(ROOT, kind=parent)
    consumer = replace(span("c", "root", 10, 90), kind="CONSUMER", service="other")
    assert steps(sender, consumer, span("below", "c", 20, 80)) == [("root", 100)]


def test_what_begins_after_its_parent_ended_is_not_waited_for() -> None:
    assert steps(ROOT, span("late", "root", 101, 120)) == [("root", 100)]


def test_of_several_roots_one_may_be_asked_for() -> None:
    waits = waits_of(raw_timing(assemble([ROOT, span("other", "", 5, 10)])))
    assert critical_path(waits).duration_ns == 100
    assert critical_path(waits, 1).duration_ns == 5


def test_spans_on_clocks_that_do_not_compare_are_told() -> None:
    far = replace(span("a", "root", 10, 90), service="far")
    assert path_of([ROOT, far]).unsure == [1]
    assert path_of([ROOT, span("a", "root", 10, 90)]).unsure == []
