"""A push from the operator's side: what is told of it, and when waiting ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.services.opamp_push import (
    LONGEST_DIFF,
    Follower,
    counts_text,
    difference,
    exit_code,
    plan_lines,
    push_lines,
    read_object,
    read_settings_file,
)
from otx.services.opamp_serve.client import RemoteFleet, Unreachable

NONE = dict.fromkeys(("applied", "waiting", "failed", "away", "later", "kept", "unable"), 0)


def push(state: str = "done", **counts: int) -> dict[str, Any]:
    return {
        **{"number": 1, "state": state, "name": "c.yaml", "version": 2, "config": "ab" * 32},
        **{"note": None, "failures": [], "agents": {"matching": 3, **NONE, **counts}},
    }


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


def test_counts_leave_out_what_is_none() -> None:
    assert counts_text({"matching": 0, **NONE}) == "0 matching"
    assert counts_text({"matching": 2, **NONE, "applied": 2}) == "2 matching: 2 applied"


def test_the_difference_is_between_objects_of_a_name() -> None:
    before = {"": "a: 1\nb: 2\n", "extra": "x: 1"}
    after = {"": "a: 1\nb: 3\n"}
    lines = difference(before, after)
    assert "-b: 2" in lines
    assert "+b: 3" in lines
    assert "-# object extra" in lines
    assert difference(after, after) == []
    long = difference({"": ""}, {"": "\n".join(map(str, range(500)))})
    assert len(long) == LONGEST_DIFF + 1
    assert long[-1].endswith("lines more")


def test_yaml_has_to_be_yaml(environment: Environment) -> None:
    (environment.cwd / "bad.yaml").write_text("a: [\n")
    (environment.cwd / "bad.txt").write_text("a: [\n")
    with pytest.raises(UsageError, match=r"bad\.yaml:2:1: error"):
        read_object(environment, "bad.yaml", None)
    assert read_object(environment, "bad.txt", None)["content_type"] == "text/plain"
    assert read_object(environment, "bad.yaml", "text/plain")["content_type"] == "text/plain"
    with pytest.raises(UsageError, match="cannot read"):
        read_object(environment, "nothing.yaml", None)


def test_settings_are_a_mapping(environment: Environment) -> None:
    (environment.cwd / "list.yaml").write_text("- a\n")
    with pytest.raises(UsageError, match="no mapping"):
        read_settings_file(environment, "list.yaml")


def test_a_push_that_reaches_nobody_is_no_success() -> None:
    found = push(kept=2, unable=1)
    assert exit_code(found) == ExitCode.NO
    assert "reaches no agent" in "\n".join(push_lines(found))
    assert exit_code(push(kept=2, away=1)) == ExitCode.DONE


def test_what_an_agent_says_cannot_drive_the_terminal() -> None:
    found = {**push(failed=1), "note": "a\x1b[31m", "failures": [{"uid": "u", "reason": "\x1b[2J"}]}
    assert "\x1b" not in "".join(push_lines(found))


def test_a_plan_is_held_against_what_agents_run_and_names_what_failed_elsewhere() -> None:
    places = ("changes", "in_sync", "away", "failed_before", "kept", "unable")
    plan: dict[str, Any] = {
        **{place: [] for place in places},
        **{"name": "c", "version": 2, "config": "ab" * 32, "selector": "", "stages": "100%"},
        "changes": [{"uid": "u", "service": "s"}],
        "failed_elsewhere": [{"uid": "v", "service": "s", "reason": "no kafka"}],
    }

    class Fleet(RemoteFleet):
        def agents(self, selector: str) -> list[dict[str, Any]]:
            config = {"reported": "bad", "running": "good", "status": "failed"}
            return [{"uid": "u", "config": config}]

        def get(self, path: str) -> dict[str, Any]:
            assert path == "configs/good"
            return {"name": "c", "version": 1, "objects": {"": {"body": "a: 1"}}}

    objects = {"": {"body_base64": "YTogMg=="}}
    told = "\n".join(plan_lines(Fleet("http://nowhere:1"), plan, objects))
    assert "WARNING: 1 other agent reported FAILED for just this: no kafka" in told
    assert "which 1 of them run" in told


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
