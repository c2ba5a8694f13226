"""What stands behind an edited local file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.agent.local_text import LocalText
from otx.services.agent.memory import Keeper
from otx.services.agent.state import StateDirectory


def local(folder: Path, current: bytes | None) -> LocalText:
    return LocalText(Keeper(StateDirectory(folder, print), print), current)


def test_what_was_well_for_the_window_is_gone_back_to_also_in_the_next_agent(
    tmp_path: Path,
) -> None:
    text = local(tmp_path, b"a")
    assert (text.is_verified, text.former()) == (False, None)
    text.verified()
    text.take_over(b"b", b"hash")
    again = local(tmp_path, b"b")
    for one in (text, again):
        assert not one.is_verified
        assert one.former() == b"a"
    again.give_way()
    assert (again.current, again.is_verified, again.is_proven) == (b"a", True, True)


def test_the_one_before_is_kept_until_the_newer_survives(tmp_path: Path) -> None:
    text = local(tmp_path, b"a")
    text.verified()
    text.take_over(b"b", b"")
    text.verified()
    assert (text.is_verified, text.former(), text.is_proven) == (True, b"a", False)
    text.survived()
    assert (text.is_verified, text.former(), text.is_proven) == (True, None, True)


@pytest.mark.parametrize("is_proven", [True, False])
def test_what_comes_to_the_same_inherits_what_is_known(is_proven: bool, tmp_path: Path) -> None:
    text = local(tmp_path, b"a")
    text.verified()
    if not is_proven:
        text.take_over(b"b", b"")
        text.verified()
    text.take_over_same(b"c")
    assert (text.is_verified, text.is_proven) == (True, is_proven)


def test_without_a_local_file_nothing_is_kept(tmp_path: Path) -> None:
    text = local(tmp_path, None)
    text.verified()
    text.survived()
    text.give_way()
    assert (text.current, text.is_verified, text.is_proven) == (None, False, True)


STEPS = st.lists(st.sampled_from(["verified", "survived", "give_way", "a", "b", "c"]), max_size=30)


@given(STEPS)
def test_what_is_gone_back_to_was_well_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    text = local(tmp_path_factory.mktemp("state"), b"first")
    well: set[bytes] = set()
    for step in steps:
        if step in ("verified", "survived"):
            well.add(text.current or b"")
            text.verified()
            if step == "survived":
                text.survived()
        elif step == "give_way":
            former = text.former()
            text.give_way()
            assert former is None or text.current == former
        else:
            text.take_over(step.encode(), b"")
        former = text.former()
        assert former is None or former in well
        assert former != text.current
