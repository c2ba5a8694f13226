"""Where Python frames go in a native stack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame
from otx.profile.merge import merge_stacks

LOOP = "_PyEval_EvalFrameDefault"


def native(names: str) -> list[Frame]:
    """Frames by name; E stands for the evaluation loop."""
    return [Frame(LOOP if name == "E" else name, "native") for name in names.split()]


def runs(text: str) -> list[list[Frame]]:
    """Runs of Python frames, `|` between them."""
    parts = [part.split() for part in text.split("|")]
    return [[Frame(name, "python") for name in part] for part in parts if part]


def merged(native_names: str, python_names: str, whole: bool) -> str:
    stack = merge_stacks(native(native_names), runs(python_names), whole)
    return " ".join("E" if frame.name == LOOP else frame.name for frame in stack)


@pytest.mark.parametrize(
    ("stack", "python", "whole", "wanted"),
    [
        pytest.param("_start main E memcpy", "m f g", True, "_start main m f g memcpy", id="one"),
        pytest.param("_start E sort E", "m f | key", True, "_start m f sort key", id="two runs"),
        pytest.param("_start E sort E", "m f", True, "_start m f sort E", id="being entered"),
        pytest.param("sort E", "m | f | key", False, "m f sort key", id="broken"),
        pytest.param("memcpy", "m f", False, "m f memcpy", id="no loop seen"),
        pytest.param("", "m f", False, "m f", id="no native frame"),
        pytest.param("_start E", "", True, "_start E", id="no Python frame"),
        pytest.param("E E", "m", False, "E m", id="broken, from the leaf"),
        pytest.param("_start E", "m | f", True, "m _start f", id="more runs than loops"),
    ],
)
def test_a_run_takes_the_place_of_its_loop(
    stack: str, python: str, whole: bool, wanted: str
) -> None:
    assert merged(stack, python, whole) == wanted


@given(
    st.lists(st.sampled_from(["E", "a", "b"])),
    st.lists(st.lists(st.sampled_from(["f", "g"]), min_size=1)),
    st.booleans(),
)
def test_no_python_frame_is_lost_and_their_order_stays(
    names: list[str], python: list[list[str]], whole: bool
) -> None:
    stack = merge_stacks(
        native(" ".join(names)), runs("|".join(" ".join(run) for run in python)), whole
    )
    kept = [frame.name for frame in stack if frame.kind == "python"]
    assert kept == [name for run in python for name in run]
    others = [frame.name for frame in stack if frame.kind == "native" and frame.name != LOOP]
    assert others == [name for name in names if name != "E"]
