"""Every span is in the tree once, whatever arrived."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.tree import TraceTree, build_tree


def span(span_id: str, parent: str = "", start: int = 0, end: int = 10, name: str = "") -> Span:
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_span_id=parent,
        name=name or span_id,
        kind="INTERNAL",
        service="s",
        start_unix_nano=start,
        end_unix_nano=end,
    )


def outline(tree: TraceTree) -> list[str]:
    return [
        "  " * node.depth + (node.span.name if node.span else f"({node.waiting_for})")
        for node in tree.nodes()
    ]


IDS = st.sampled_from("abcdefg")
SPANS = st.lists(
    st.builds(span, IDS, st.one_of(st.just(""), IDS, st.just("lost")), st.integers(0, 5)),
    max_size=14,
)


@given(SPANS)
def test_each_span_is_there_once_and_below_its_parent(spans: list[Span]) -> None:
    tree = build_tree(spans)
    nodes = list(tree.nodes())
    placed = [node.span for node in nodes if node.span is not None]
    key = [(one.span_id, one.parent_span_id, one.start_unix_nano) for one in placed]
    assert Counter(key) == Counter(
        {(one.span_id, one.parent_span_id, one.start_unix_nano) for one in spans}
    )
    assert tree.spans == len(placed) == len(spans) - tree.duplicates
    for node in nodes:
        owner = node.span.span_id if node.span else node.waiting_for
        for child in node.children:
            assert child.span is not None
            assert child.span.parent_span_id == owner
            assert child.depth == node.depth + 1
        starts = [child.span.start_unix_nano for child in node.children if child.span]
        assert starts == sorted(starts)
    assert sum(node.cut_cycle for node in nodes) == tree.cycles


def test_children_stand_by_start_under_their_parent() -> None:
    tree = build_tree([span("late", "root", 5), span("early", "root", 1), span("root")])
    assert outline(tree) == ["root", "  early", "  late"]
    assert (tree.start_unix_nano, tree.duration_ns, tree.spans) == (0, 10, 3)


def test_orphans_hang_together_under_what_they_wait_for() -> None:
    tree = build_tree([span("root"), span("a", "lost", 1), span("b", "lost", 2), span("c", "a", 3)])
    assert outline(tree) == ["root", "(lost)", "  a", "    c", "  b"]
    assert tree.orphans == 2


def test_circles_are_cut_at_their_earliest_span_and_said() -> None:
    tree = build_tree([span("a", "c", 3), span("b", "a", 1), span("c", "b", 2), span("d", "c", 4)])
    assert outline(tree) == ["b", "  c", "    a", "    d"]
    assert (tree.cycles, tree.roots[0].cut_cycle) == (1, True)
    own = build_tree([span("self", "self")])
    assert (outline(own), own.cycles) == (["self"], 1)


def test_exact_copies_are_left_out_and_two_spans_of_one_id_are_not() -> None:
    tree = build_tree([span("a"), span("a"), span("a", name="other"), span("b", "a")])
    assert outline(tree) == ["a", "  b", "other"]
    assert (tree.duplicates, tree.spans) == (1, 3)


def test_a_trace_deeper_than_the_stack() -> None:
    spans = [span(str(n), str(n - 1) if n else "", n) for n in range(20_000)]
    tree = build_tree(spans)
    assert max(node.depth for node in tree.nodes()) == 19_999


def test_nothing_makes_an_empty_tree() -> None:
    tree = build_tree([])
    assert (tree.roots, tree.spans, tree.duration_ns) == ((), 0, 0)
