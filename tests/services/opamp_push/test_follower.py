"""Waiting for a push: when it ends, and what a restart of the server does to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from otx.errors import ExitCode
from otx.services.opamp_push.follower import Follower
from otx.services.opamp_push.words import exit_code, push_lines
from otx.services.opamp_serve.client import RemoteFleet, Unreachable
from tests.services.opamp_push.documents import push


class Replies(RemoteFleet):
    """A server that answers one push after the other."""

    def __init__(self, *pushes: dict[str, Any]) -> None:
        super().__init__("http://nowhere:1")
        self._pushes: Iterator[dict[str, Any]] = iter(pushes)

    def get(self, path: str) -> dict[str, Any]:
        assert path == "pushes/1"
        return next(self._pushes)


class Clock:
    """Time that passes by resting only."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def read(self) -> float:
        return self.now_s

    def rest(self, seconds: float) -> None:
        self.now_s += seconds


def follow(*pushes: dict[str, Any], timeout_s: float = 60.0) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    clock = Clock()
    fleet = Replies(*pushes[1:])
    follower = Follower(fleet, said.append, timeout_s, clock.read, clock.rest)
    return follower.follow(pushes[0]), said


def test_waiting_ends_when_nobody_is_left_to_wait_for() -> None:
    found, said = follow(
        push(waiting=2, away=1),
        push(waiting=2, away=1),
        push(waiting=1, applied=1, away=1),
        push(applied=2, away=1),
    )
    assert not found["timed_out"]
    assert len(said) == 3, "a line for each change"
    assert exit_code(found) == ExitCode.DONE


def test_waiting_ends_in_time() -> None:
    found, _ = follow(*[push(waiting=1)] * 100, timeout_s=2.0)
    assert found["timed_out"]
    assert exit_code(found) == ExitCode.TIMEOUT
    assert "not all have answered" in "\n".join(push_lines(found))


def test_stages_take_their_own_time() -> None:
    running = push("running", waiting=1, later=2)
    found, _ = follow(*[running] * 200, push(applied=3), timeout_s=2.0)
    assert found["state"] == "done"
    assert not found["timed_out"]


@pytest.mark.parametrize("state", ["stopped", "paused", "rolled_back"])
def test_a_push_that_stopped_is_not_waited_for(state: str) -> None:
    found, _ = follow(push("running", later=3), push(state, failed=1, later=2))
    assert found["state"] == state
    assert exit_code(found) == ExitCode.NO
    if state == "stopped":
        assert "`otx opamp push --resume 1` goes on" in "\n".join(push_lines(found))


@pytest.mark.parametrize("misses", [3, 500])
def test_a_server_that_restarts_is_waited_for_but_not_for_ever(misses: int) -> None:
    class Restarting(RemoteFleet):
        asked = 0

        def get(self, path: str) -> dict[str, Any]:
            self.asked += 1
            if self.asked <= misses:
                raise Unreachable("no OpAMP server answers")
            return push(applied=3)

    said: list[str] = []
    clock = Clock()
    follower = Follower(Restarting("http://nowhere:1"), said.append, 600, clock.read, clock.rest)
    if misses < 30:
        assert follower.follow(push(waiting=3))["agents"]["applied"] == 3
        return
    with pytest.raises(Unreachable) as caught:
        follower.follow(push(waiting=3))
    assert "push 1 is kept" in caught.value.hint
