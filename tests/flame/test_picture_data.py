"""The data of a picture: what it says of a frame is the frame."""

import base64
import json
import zlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.flame.picture_data import picture_data, told_frame, tree_document
from otx.flame.picture_data_read import tree_of
from otx.flame.picture_tree import picture_tree
from otx.model.stack import Frame, FrameKind

TEXTS = st.text(max_size=8) | st.sampled_from(["f (x.py:3)", "[a.so+0x1]", "f_[k]", "kernel"])
FRAMES = st.builds(
    Frame, TEXTS, st.sampled_from(get_args(FrameKind)), TEXTS, st.integers(0, 1 << 30), TEXTS
)


@given(FRAMES)
def test_any_frame_comes_back_as_it_was(frame: Frame) -> None:
    tree = picture_tree({(frame,): 1})
    again = tree_of(json.loads(json.dumps(tree_document(tree))), "tree")
    assert again == tree
    assert again.names[1].frame == frame


@pytest.mark.parametrize(
    ("row", "frame"),
    [
        (("std::sort", "native", "libshop.so"), Frame("std::sort", "native", "", 0, "libshop.so")),
        (("[a.so+0x1]", "native", ""), Frame("[a.so+0x1]", "native", "", 0, "a.so")),
        (("kernel_read_[k]", "kernel", ""), Frame("kernel_read", "kernel", "", 0, "kernel")),
        (("read_[k]", "kernel", "nfs"), Frame("read", "kernel", "", 0, "nfs")),
        (("f (b.py:7)", "python", "/a/b.py"), Frame("f", "python", "/a/b.py", 7, "b.py")),
        (("f (b.py)", "python", ""), Frame("f", "python", "b.py", 0, "b.py")),
        (("shop", "process", ""), Frame("shop", "process")),
    ],
)
def test_a_row_of_three_is_read_for_good(row: tuple[str, FrameKind, str], frame: Frame) -> None:
    assert told_frame(*row) == frame
    assert tree_document(picture_tree({(frame,): 1}))["names"] == [["all", "process", ""], [*row]]


def test_what_a_box_does_not_tell_stands_behind_it() -> None:
    frame = Frame("main.main", "native", "/src/main.go", 12, "shop")
    names = tree_document(picture_tree({(frame,): 1}))["names"]
    assert names == [
        ["all", "process", ""],
        [
            "main.main",
            "native",
            "/src/main.go",
            {"file": "/src/main.go", "line": 12, "module": "shop"},
        ],
    ]


def test_half_of_a_character_is_replaced() -> None:
    tree = picture_tree({(Frame("\ud800", "native"),): 1})
    data = zlib.decompress(base64.b64decode(picture_data("count", [tree_document(tree)], {})))
    assert json.loads(data)["trees"][0]["names"][1][0] == "?"
