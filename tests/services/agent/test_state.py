"""The state on disk: whole or not at all, whatever happens in between."""

import contextlib
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.agent.state import (
    DAMAGED,
    DAMAGED_PREVIOUS,
    PREVIOUS,
    STATE,
    StateDirectory,
    write_shown,
)


def opened(folder: Path, remarks: list[str] | None = None) -> StateDirectory:
    return StateDirectory(folder, (remarks if remarks is not None else []).append)


def test_what_is_committed_is_loaded(tmp_path: Path) -> None:
    state = opened(tmp_path)
    assert state.load() == {}
    state.commit({"a": 1})
    state.commit({"a": 2})
    assert opened(tmp_path).load() == {"a": 2}
    assert (tmp_path / STATE).stat().st_mode & 0o077 == 0


def test_a_damaged_state_is_told_kept_and_replaced_by_the_one_before(tmp_path: Path) -> None:
    remarks: list[str] = []
    state = opened(tmp_path, remarks)
    state.commit({"a": 1})
    state.commit({"a": 2})
    whole = json.loads((tmp_path / STATE).read_text())
    (tmp_path / STATE).write_text(json.dumps({**whole, "state": '{"a": 3}'}))
    assert state.load() == {"a": 1}
    assert (tmp_path / DAMAGED).exists()
    assert [word for word in remarks if "damaged" in word]
    assert [word for word in remarks if "before the last" in word]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_damage_is_a_fault(tmp_path_factory: pytest.TempPathFactory, a: bytes, b: bytes) -> None:
    folder = tmp_path_factory.mktemp("state")
    remarks: list[str] = []
    state = opened(folder, remarks)
    (folder / STATE).write_bytes(a)
    (folder / PREVIOUS).write_bytes(b)
    assert state.load() == {}
    assert remarks


class Crash(Exception):
    pass


def crashing_after(calls: int, real: Callable[..., Any]) -> Callable[..., Any]:
    left = [calls]

    def call(*arguments: Any, **named: Any) -> Any:
        if left[0] == 0:
            raise Crash
        left[0] -= 1
        return real(*arguments, **named)

    return call


@pytest.mark.parametrize("calls", range(6))
@pytest.mark.parametrize("name", ["os.fsync", "os.open", "Path.replace", "Path.hardlink_to"])
def test_a_crash_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, calls: int
) -> None:
    state = opened(tmp_path)
    state.commit({"a": 1})
    state.commit({"a": 2})
    with monkeypatch.context() as patch:
        owner = os if name.startswith("os") else Path
        attribute = name.partition(".")[2]
        patch.setattr(owner, attribute, crashing_after(calls, getattr(owner, attribute)))
        with contextlib.suppress(Crash):
            state.commit({"a": 3})
    remarks: list[str] = []
    assert opened(tmp_path, remarks).load() in ({"a": 2}, {"a": 3})
    assert remarks == []
    state.commit({"a": 4})
    assert opened(tmp_path).load() == {"a": 4}


def test_texts_are_kept_by_what_they_are(tmp_path: Path) -> None:
    state = opened(tmp_path)
    first, second = state.keep_text(b"one"), state.keep_text(b"two")
    assert state.text(first) == b"one"
    state.forget_texts({second})
    assert state.text(first) is None
    (tmp_path / "texts" / second).write_bytes(b"changed")
    assert state.text(second) is None
    assert state.keep_text(b"two") == second
    assert state.text(second) == b"two"


def test_what_is_shown_is_replaced_in_its_place_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "shown", os.open
    write_shown(path, b"the first one")

    def full(name: Path, *arguments: int) -> int:
        if name.suffix == ".new":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(name, *arguments)

    monkeypatch.setattr(os, "open", full)
    write_shown(path, b"second")
    assert path.read_bytes().strip() == b"second"
    with pytest.raises(OSError, match="No space"):
        write_shown(path, b"x" * (1 << 20))
    assert path.read_bytes().strip() == b"second"


def test_two_damaged_states_are_both_kept(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("one")
    (tmp_path / PREVIOUS).write_text("two")
    assert StateDirectory(tmp_path, lambda text: None).load() == {}
    assert (tmp_path / DAMAGED).read_text() == "one"
    assert (tmp_path / DAMAGED_PREVIOUS).read_text() == "two"
