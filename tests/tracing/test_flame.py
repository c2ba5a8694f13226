"""A trace's flame graph holds every span's own time once, and leads back to the spans."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.flame import flame_of, path_to, spans_at
from otx.tracing.self_time import self_time_ns
from otx.tracing.tree import build_tree


def span(number: int, parent: int, name: str, start: int, end: int) -> Span:
    parent_id = f"{parent:016x}" if parent else ""
    return Span("t", f"{number:016x}", parent_id, name, "INTERNAL", "shop", start, end)


SPANS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.integers(0, 90), st.integers(0, 90)),
    max_size=20,
).map(lambda rows: [span(n + 1, *row) for n, row in enumerate(rows)])


@given(SPANS)
def test_widths_add_up_to_all_own_times(spans: list[Span]) -> None:
    tree = build_tree(spans)
    flame = flame_of(tree)
    assert flame.total == sum(self_time_ns(node) for node in tree.nodes())
    for node in flame.walk():
        assert node.total == node.own + sum(child.total for child in node.children.values())


@given(SPANS)
def test_every_span_is_found_where_it_is_said_to_be(spans: list[Span]) -> None:
    tree = build_tree(spans)
    for one in spans:
        assert one in spans_at(tree, path_to(tree, one.span_id))


def test_equal_calls_are_one_box_and_the_longest_stands_for_them() -> None:
    calls = [span(2 + n, 1, "query", 10 * n, 10 * n + 3 + n) for n in range(3)]
    tree = build_tree([span(1, 0, "root", 0, 100), *calls])
    (root,) = flame_of(tree).children.values()
    (query,) = root.children.values()
    assert (root.total, root.own, query.total) == (100, 88, 12)
    path = (root.frame, query.frame)
    assert [one.span_id for one in spans_at(tree, path)] == [c.span_id for c in calls[::-1]]
    assert path_to(tree, "none such") == ()


def test_calls_side_by_side_stand_side_by_side() -> None:
    both = [span(2, 1, "a", 0, 80), span(3, 1, "b", 0, 80)]
    (root,) = flame_of(build_tree([span(1, 0, "root", 0, 100), *both])).children.values()
    assert (root.own, root.total) == (20, 180)


def test_a_deep_trace_is_walked() -> None:
    deep = [span(n + 1, n, "f", 0, 10) for n in range(5_000)]
    assert sum(1 for _ in flame_of(build_tree(deep)).walk()) == 5_001
