"""Rows of a waterfall: every span is shown once when all is unfolded, whatever the trace."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.tree import build_tree
from otx.tui.waterfall_rows import ids_to_touch, matching_rows, waterfall_rows
from tests.tui.conftest import checkout_spans


def a_span(number: int, parent: int, name: str) -> Span:
    parent_id = f"{parent:016x}" if parent else ""
    return Span("t", f"{number:016x}", parent_id, name, "INTERNAL", "s", number, number + 5)


SPANS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), max_size=30).map(
    lambda parents: [a_span(n + 1, parent, name) for n, (parent, name) in enumerate(parents)]
)


@given(SPANS)
def test_unfolded_every_span_has_its_row_once(spans: list[Span]) -> None:
    tree = build_tree(spans)
    rows = waterfall_rows(tree, ids_to_touch(waterfall_rows(tree, frozenset()), fold=False))
    shown = [row.id for row in rows if row.span is not None and not row.run and row.event is None]
    assert sorted(map(str, shown)) == sorted(span.span_id for span in spans)
    assert len({row.id for row in rows}) == len(rows)


@given(SPANS)
def test_folded_only_roots_are_left(spans: list[Span]) -> None:
    tree = build_tree(spans)
    everything = waterfall_rows(tree, ids_to_touch(waterfall_rows(tree, frozenset()), fold=False))
    rows = waterfall_rows(tree, ids_to_touch(everything, fold=True))
    assert all(row.depth == 0 for row in rows)


def test_equal_calls_are_one_row_and_a_failed_span_shows_its_exception() -> None:
    rows = waterfall_rows(build_tree(checkout_spans()), frozenset())
    run = next(row for row in rows if row.run)
    assert (len(run.run), run.is_folded, run.failed) == (12, True, False)
    opened = waterfall_rows(build_tree(checkout_spans()), frozenset({run.id}))
    assert len(opened) == len(rows) + 12
    exception = next(row for row in rows if row.event)
    assert exception.event is not None
    assert exception.event.attributes["exception.type"] == "PaymentDeclined"


@given(SPANS, st.sets(st.integers(0, 30)))
def test_only_what_matches_has_a_row(spans: list[Span], numbers: set[int]) -> None:
    matching = frozenset(f"{number:016x}" for number in numbers)
    rows = matching_rows(build_tree(spans), matching)
    assert sorted(str(row.id) for row in rows) == sorted({s.span_id for s in spans} & matching)
    assert all(not row.can_fold and row.depth == 0 for row in rows)
