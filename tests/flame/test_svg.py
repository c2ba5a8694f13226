"""The picture: well-formed, complete, and in words. How it behaves: tests/e2e."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.picture_tree import difference_tree, picture_tree
from otx.flame.svg import MAX_ROWS, change_words, svg_picture
from otx.model.stack import Frame, Stack

SVG = "{http://www.w3.org/2000/svg}"
A, B = Frame("a", "native"), Frame("b", "kernel")


def titles(text: str) -> list[str]:
    return [it.text or "" for it in ElementTree.fromstring(text).iter(f"{SVG}title")]


def rects(text: str) -> list[tuple[float, float]]:
    found = ElementTree.fromstring(text).findall(f"{SVG}g/{SVG}rect")
    return [(float(it.attrib["x"]), float(it.attrib["width"])) for it in found]


def test_each_frame_has_a_title() -> None:
    text = svg_picture(picture_tree({(A, B): 1, (A,): 3}), "Title", "about", "count")
    assert titles(text) == [
        "all\n4, 100.0% of all",
        "a\n4, 100.0% of all",
        "b_[k]\n1, 25.0% of all",
    ]
    assert rects(text) == [(10, 1180), (10, 1180), (10, 295)]


def test_frames_too_narrow_to_be_seen_are_told_together() -> None:
    counts: dict[Stack, int] = {(Frame(f"f{n:05}", "native"),): 1 for n in range(20_000)}
    text = svg_picture(picture_tree(counts), "t", "a", "count")
    assert titles(text)[1] == "20000 frames, each too narrow to be drawn: 100.0%"
    assert len(rects(text)) == 2


def test_a_change_is_in_words() -> None:
    tree = difference_tree({(A,): (2, 3), (B,): (3, 1)})
    text = svg_picture(tree, "t", "a", "count")
    assert "1 more (+50%): 2 before" in titles(text)[1]
    assert "2 less (−67%): 3 before" in titles(text)[2]
    assert [change_words(*pair, "count") for pair in ((0, 1), (1, 0), (1, 1))] == [
        "new",
        "gone",
        "no change",
    ]


def test_a_deep_recursion_is_cut_and_said() -> None:
    text = svg_picture(picture_tree({(A,) * 100_000: 1}), "t", "a", "count")
    assert len(rects(text)) == MAX_ROWS
    assert f"{100_001 - MAX_ROWS} rows below are not drawn" in text


@given(st.text(min_size=1), st.sampled_from(["]]>", "</text>", "&", '"', "\x00", "\ufffe", ""]))
def test_any_name_is_well_formed(name: str, more: str) -> None:
    text = svg_picture(picture_tree({(Frame(name + more, "native"),): 1}), name, more, "count")
    ElementTree.fromstring(text.encode("utf-8", "replace"))


@given(
    st.dictionaries(st.lists(st.sampled_from((A, B)), max_size=4).map(tuple), st.integers(1, 99))
)
def test_boxes_lie_within_the_picture(counts: dict[Stack, int]) -> None:
    for x, width in rects(svg_picture(picture_tree(counts), "t", "a", "bytes")):
        assert 9.99 <= x <= x + width <= 1190.02
