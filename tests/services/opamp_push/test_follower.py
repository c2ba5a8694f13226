"""Waiting for a push: when it ends, and what a restart of the server does to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from otx.errors import ExitCode, PeerError
from otx.services.opamp_push.follower import Aim, Follower
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


def follow(
    *pushes: dict[str, Any], timeout_s: float = 60.0, aim: Aim = "applied"
) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    clock = Clock()
    fleet = Replies(*pushes[1:])
    follower = Follower(fleet, said.append, timeout_s, aim, clock.read, clock.rest)
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
    found, _ = follow(push("running", later=3), push(state, later=3))
    assert found["state"] == state
    assert exit_code(found) == ExitCode.NO
    told = "\n".join(push_lines(found))
    assert state == "stopped" or "reaches no more agents" in told
    if state == "stopped":
        assert "`otx opamp push --resume 1` goes on" in "\n".join(push_lines(found))


def test_the_end_of_observation_is_waited_for_where_that_is_asked() -> None:
    steps = [push(waiting=3), push(applied=3, observed=3), *[push(applied=3, observed=1)] * 90]
    found, said = follow(*steps, push(applied=3))
    assert exit_code(found) == ExitCode.DONE
    assert "3 still observed" in said[-1]
    told = "\n".join(push_lines(found))
    assert "3 still under observation" in told
    assert "--follow 1 --wait proven" in told

    found, said = follow(*steps, push(applied=3), aim="proven", timeout_s=2.0)
    assert exit_code(found) == ExitCode.DONE
    assert "observ" not in said[-1] + "\n".join(push_lines(found))

    found, _ = follow(*steps, push(applied=2, failed=1), aim="proven")
    assert exit_code(found) == ExitCode.NO

    found, _ = follow(push(waiting=3), *[push(applied=3, observed=1)] * 2000, aim="proven")
    assert exit_code(found) == ExitCode.TIMEOUT, "not for ever"
    assert "not all have answered" not in "\n".join(push_lines(found))


def test_agents_that_go_away_meanwhile_have_not_answered() -> None:
    found, _ = follow(push(waiting=3), push(away=3), push(away=1, applied=2), push(applied=3))
    assert found["agents"]["applied"] == 3
    found, _ = follow(push(waiting=3), *[push(away=3)] * 500)
    assert exit_code(found) == ExitCode.TIMEOUT
    found, _ = follow(push(away=3))
    assert exit_code(found) == ExitCode.DONE


@pytest.mark.parametrize("misses", [3, 500])
@pytest.mark.parametrize(
    "error", [Unreachable("nothing listens"), PeerError("it hangs", code=ExitCode.TIMEOUT)]
)
def test_a_server_that_restarts_is_waited_for_but_not_for_ever(
    misses: int, error: PeerError
) -> None:
    class Restarting(RemoteFleet):
        asked = 0

        def get(self, path: str) -> dict[str, Any]:
            self.asked += 1
            if self.asked <= misses:
                raise error
            return push(applied=3)

    said: list[str] = []
    clock = Clock()
    fleet = Restarting("http://nowhere:1")
    follower = Follower(fleet, said.append, 60, "applied", clock.read, clock.rest)
    if misses < 30:
        assert follower.follow(push(waiting=3))["agents"]["applied"] == 3
        assert len([line for line in said if "push 1 is kept, waiting" in line]) == 1
        return
    with pytest.raises(PeerError, match="what became of push 1 is not known") as caught:
        follower.follow(push(waiting=3))
    assert caught.value.code == ExitCode.TIMEOUT
    assert "--follow 1" in caught.value.hint


def test_what_a_server_refuses_is_not_waited_for() -> None:
    class Refusing(RemoteFleet):
        def get(self, path: str) -> dict[str, Any]:
            raise PeerError("no token")

    clock = Clock()
    follower = Follower(
        Refusing("http://nowhere:1"), lambda line: None, 60, "applied", clock.read, clock.rest
    )
    with pytest.raises(PeerError, match="no token"):
        follower.follow(push(waiting=3))


def test_without_waiting_only_failures_count() -> None:
    assert exit_code(push("running", later=3), is_awaited=False) == ExitCode.DONE
    assert exit_code(push("paused", later=3), is_awaited=False) == ExitCode.DONE
    assert exit_code(push("paused", failed=1, later=2), is_awaited=False) == ExitCode.NO
