"""What frames are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.frame_names import frame_document, frame_label, frame_of_label
from otx.model.stack import Frame


@pytest.mark.parametrize(
    ("label", "frame"),
    [
        ("main", Frame("main", "native")),
        ("vfs_read_[k]", Frame("vfs_read", "kernel", module="kernel")),
        ("Cart.total (cart.py)", Frame("Cart.total", "python", "cart.py", 0, "cart.py")),
        ("f (<frozen os>:7)", Frame("f", "python", "<frozen os>", 7, "<frozen os>")),
        ("[libc.so.6+0x1f2e]", Frame("[libc.so.6+0x1f2e]", "native", module="libc.so.6")),
        ("operator() (int)", Frame("operator() (int)", "native")),
        ("_[k]", Frame("_[k]", "native")),
    ],
)
def test_a_name_tells_what_it_can(label: str, frame: Frame) -> None:
    assert frame_of_label(label) == frame
    assert frame_label(frame) == label


def test_a_compiled_function_s_source_is_no_part_of_its_name() -> None:
    assert frame_label(Frame("main.f", "native", "/src/main.go", 12)) == "main.f"


def test_a_document_leaves_out_what_is_not_known() -> None:
    assert frame_document(Frame("f", "native")) == {"name": "f", "kind": "native"}


@given(st.text(min_size=1).filter(lambda text: text[-4:] not in ("_[i]", "_[j]")))
def test_a_name_stays_what_it_is(label: str) -> None:
    again = frame_label(frame_of_label(label))
    assert frame_label(frame_of_label(again)) == again
