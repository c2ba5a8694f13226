"""A drawn trace fits its width and shows every span."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.cells import width_of
from otx.model.telemetry import Span, SpanEvent, StatusCode
from otx.tracing.draw import MIN_WIDTH, describe_tree, draw_tree
from otx.tracing.tree import build_tree

MS = 1_000_000


def span(
    span_id: str,
    parent: str,
    name: str,
    start_ms: int,
    end_ms: int,
    status: StatusCode = "UNSET",
    event_ms: int | None = None,
) -> Span:
    events = () if event_ms is None else (SpanEvent(event_ms * MS, "exception"),)
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind="INTERNAL",
        service="shop",
        start_unix_nano=start_ms * MS,
        end_unix_nano=end_ms * MS,
        status=status,
        events=events,
    )


def test_the_waterfall() -> None:
    tree = build_tree(
        [
            span("a", "", "POST /checkout", 0, 1000),
            span("b", "a", "charge", 500, 1000, "ERROR", event_ms=750),
            span("c", "a", "cart", 0, 250),
            span("d", "lost", "late", 250, 500),
        ]
    )
    assert draw_tree(tree, 60) == [
        "shop POST /checkout          1.00 s ████████████████████████",
        "├─ shop cart                 250 ms ██████",
        "└─ shop charge          ✗    500 ms             ██████◆█████",
        "… waiting for parent l…",
        "└─ shop late                 250 ms       ██████",
    ]
    assert describe_tree(tree) == (
        "1.00 s · 4 spans · 1 service · ✗ 1 error · 1 without their parent"
    )


NAMES = st.text(max_size=40)
SPANS = st.lists(
    st.builds(
        span,
        st.sampled_from("abcde"),
        st.sampled_from(["", "a", "b", "c", "lost"]),
        NAMES,
        st.integers(0, 2**40),
        st.integers(0, 2**40),
        st.sampled_from(["OK", "ERROR"]),
        st.one_of(st.none(), st.integers(0, 2**40)),
    ),
    min_size=1,
    max_size=8,
)


@given(SPANS, st.integers(0, 200))
def test_every_line_fits_and_cannot_drive_the_terminal(spans: list[Span], width: int) -> None:
    tree = build_tree(spans)
    lines = draw_tree(tree, width)
    assert len(lines) == len(list(tree.nodes()))
    for line in lines:
        assert width_of(line) <= max(width, MIN_WIDTH)
        assert line.isprintable()


def test_deep_levels_say_their_depth() -> None:
    spans = [span(str(n), str(n - 1) if n else "", f"level{n}", 0, 10) for n in range(30)]
    lines = draw_tree(build_tree(spans), 120)
    assert "… 29 shop level29" in lines[29]


def test_counts_are_words_in_their_number() -> None:
    copies = [span("a", "", "x", 0, 1)] * 3
    assert "2 exact copies left out" in describe_tree(build_tree(copies))
    assert "1 circle of parents cut" in describe_tree(build_tree([span("a", "a", "x", 0, 1)]))
