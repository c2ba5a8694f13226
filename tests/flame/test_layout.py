"""Boxes fill their parents, none is lost, and what one chose is found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.flame.layout import EIGHTHS, Box, layout
from otx.flame.place import Zoom
from otx.flame.tree import build_tree
from otx.model.stack import Frame, Stack

NAMES = st.sampled_from(["a", "b", "c", "", "漢字の関数", "\x1b[31mred", "x" * 300])
FRAMES = st.builds(Frame, NAMES, st.sampled_from(["python", "native", "kernel"]))
COUNTS = st.dictionaries(
    st.lists(FRAMES, min_size=1, max_size=6).map(tuple),
    st.one_of(st.integers(1, 50), st.integers(1, 10**18)),
    min_size=1,
    max_size=40,
)
WIDTHS = st.integers(1, 200)


def native(*names: str) -> Stack:
    return tuple(Frame(name, "native") for name in names)


@given(COUNTS, WIDTHS)
def test_siblings_fill_their_parent_up_to_its_own_time(
    counts: dict[Stack, int], width: int
) -> None:
    picture = layout(build_tree(counts), width)
    for above, row in zip(picture.rows, picture.rows[1:], strict=False):
        for parent in above:
            children = [box for box in row if box.parent is parent]
            edge = parent.left
            for box in children:
                assert box.left == edge
                edge = box.right
            assert edge <= parent.right
            if children and parent.node.own == 0:
                assert edge == parent.right


@given(COUNTS, WIDTHS)
def test_every_box_has_a_cell_and_every_frame_of_a_shown_parent_a_box(
    counts: dict[Stack, int], width: int
) -> None:
    picture = layout(build_tree(counts), width)
    for box in picture.boxes():
        assert box.end_cell > box.first_cell
    for above, row in zip(picture.rows, picture.rows[1:], strict=False):
        shown = [node for box in row for node in box.nodes]
        expected = [
            child for box in above if not box.is_run for child in box.node.sorted_children()
        ]
        assert [id(node) for node in shown] == [id(node) for node in expected]


@given(COUNTS, WIDTHS)
def test_values_add_up(counts: dict[Stack, int], width: int) -> None:
    picture = layout(build_tree(counts), width)
    for above, row in zip(picture.rows, picture.rows[1:], strict=False):
        whole = sum(box.total - box.own for box in above if not box.is_run)
        assert sum(box.total for box in row) == whole


@given(COUNTS, WIDTHS)
def test_a_box_is_as_wide_as_its_share_to_within_a_cell(
    counts: dict[Stack, int], width: int
) -> None:
    tree = build_tree(counts)
    for box in layout(tree, width).boxes():
        exact = box.total * width * EIGHTHS / tree.total
        assert abs((box.right - box.left) - exact) <= 2 * EIGHTHS * len(counts)


@given(COUNTS, WIDTHS)
def test_a_path_finds_its_box_in_the_next_picture(counts: dict[Stack, int], width: int) -> None:
    before = layout(build_tree(counts), width)
    after = layout(build_tree(counts), width)
    for box in before.boxes():
        assert after.find(box.path).path == box.path


def test_equal_data_give_an_equal_picture_and_order_is_by_name() -> None:
    tree = build_tree({native("b"): 1, native("a"): 3})
    a, b = layout(tree, 40).rows[1]
    assert (a.frame.name, a.left, a.right) == ("a", 0, 240)
    assert (b.frame.name, b.left, b.right) == ("b", 240, 320)


def test_a_path_that_went_is_stood_for_by_what_is_above_it() -> None:
    picture = layout(build_tree({native("main", "work"): 1}), 10)
    assert picture.find(native("main", "work", "gone")).frame.name == "work"
    assert picture.find(native("elsewhere")).parent is None


def test_narrow_siblings_share_a_box() -> None:
    counts = {native("main", f"f{i:03}"): 1 for i in range(300)}
    counts[native("main", "wide")] = 700
    row = layout(build_tree(counts), 10).rows[2]
    assert [len(box.nodes) for box in row] == [300, 1]
    assert row[0].total == 300
    assert (row[0].first_cell, row[0].end_cell) == (0, 3)


def test_a_frame_too_narrow_for_a_cell_takes_one_from_its_neighbour() -> None:
    row = layout(build_tree({native("a"): 9_999, native("b"): 1}), 20).rows[1]
    assert [(box.frame.name, box.first_cell, box.end_cell) for box in row] == [
        ("a", 0, 19),
        ("b", 19, 20),
    ]


def test_zoom_fills_the_width_under_its_ancestors() -> None:
    tree = build_tree({native("main", "left", "leaf"): 1, native("main", "right"): 99})
    picture = layout(tree, 50, Zoom(native("main", "left")))
    assert [[box.frame.name for box in row] for row in picture.rows] == [
        ["all"],
        ["main"],
        ["left"],
        ["leaf"],
    ]
    assert [row[0].is_ancestor for row in picture.rows] == [True, True, False, False]
    assert all((row[0].first_cell, row[0].end_cell) == (0, 50) for row in picture.rows)
    assert (picture.whole, picture.zoomed) == (100, 1)


def test_zoom_to_a_run_shows_its_frames_and_no_others() -> None:
    counts = {native("main", f"f{i}"): 1 for i in range(4)} | {native("main", "wide"): 10_000}
    tree = build_tree(counts)
    run = layout(tree, 20).rows[2][0]
    assert isinstance(run, Box)
    zoom = Zoom(native("main"), frozenset(node.frame for node in run.nodes))
    picture = layout(tree, 20, zoom)
    assert [box.frame.name for box in picture.rows[2]] == ["f0", "f1", "f2", "f3"]
    assert picture.zoomed == 4


def test_a_zoom_that_went_shows_the_nearest_place_above() -> None:
    tree = build_tree({native("main", "work"): 5})
    picture = layout(tree, 20, Zoom(native("main", "gone"), frozenset(native("x"))))
    assert [row[0].frame.name for row in picture.rows] == ["all", "main", "work"]


def test_an_empty_tree_is_one_box() -> None:
    picture = layout(build_tree({}), 20)
    assert [len(row) for row in picture.rows] == [1]


@pytest.mark.parametrize("cell", [-1, 0, 29, 30])
def test_a_cell_holds_the_box_that_is_drawn_there(cell: int) -> None:
    picture = layout(build_tree({native("a"): 1, native("b"): 1}), 30)
    found = picture.at(1, cell)
    assert (found.frame.name if found else None) == {0: "a", 29: "b"}.get(cell)


def test_deep_recursion_is_laid_out_without_recursing() -> None:
    picture = layout(build_tree({native(*["f"] * 3_000): 1}), 10)
    assert len(picture.rows) == 3_001
    assert len(layout(build_tree({native(*["f"] * 3_000): 1}), 10, max_rows=7).rows) == 7
