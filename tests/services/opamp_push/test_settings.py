"""Connection settings from a file: whom they would reach, and what came of them."""

from typing import Any

import pytest

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.opamp.server.settings_standing import SettingsStanding
from otx.services.opamp_push.settings import (
    SettingsFollower,
    read_settings_file,
    settings_exit_code,
    settings_lines,
    settings_plan_lines,
)
from otx.services.opamp_serve.client import RemoteFleet


def settings(**counts: int) -> dict[str, Any]:
    return {
        **{"number": 4, "state": "offered", "failures": []},
        "agents": {"matching": 3, **dict.fromkeys(SettingsStanding, 0), **counts},
    }


def test_settings_are_a_mapping(environment: Environment) -> None:
    (environment.cwd / "list.yaml").write_text("- a\n")
    with pytest.raises(UsageError, match="no mapping"):
        read_settings_file(environment, "list.yaml")


def test_a_plan_says_who_takes_what() -> None:
    def row(name: str, *lacks: str) -> dict[str, Any]:
        return {"uid": f"uid-{name}", "service": name, "lacks": list(lacks)}

    plan = {
        **{"selector": "env=prod", "parts": ["opamp", "own_metrics"], "rotates_token": True},
        **{"opamp_endpoint": "wss://other/v1/opamp", "is_own_endpoint": False},
        "waiting": [row("a"), row("b", "own_metrics")],
        "silent": [row("c")],
        "away": [],
        "kept": [],
        "unable": [row("d", "opamp", "own_metrics")],
    }
    told = list(settings_plan_lines(plan))
    assert told[0] == "settings (opamp, own_metrics): 4 agents match env=prod"
    assert "  2 get them: a uid-a, b uid-b" in told
    assert "    b uid-b takes no own_metrics" in told
    assert any(
        "1 gets them and does not report what becomes of settings: c" in line for line in told
    )
    assert any("WARNING: that is not this server" in line for line in told)


@pytest.mark.parametrize(
    ("counts", "timed_out", "code", "words"),
    [
        ({"applied": 3}, False, ExitCode.DONE, "3 matching: 3 applied"),
        ({"applied": 2, "away": 1}, False, ExitCode.DONE, "1 away"),
        ({"applied": 2, "failed": 1}, False, ExitCode.NO, "1 failed"),
        ({"unable": 2, "kept": 1}, False, ExitCode.NO, "reach no agent"),
        ({"applied": 2, "waiting": 1}, True, ExitCode.TIMEOUT, "not all have answered"),
        ({"silent": 3}, False, ExitCode.DONE, "do not report what becomes"),
    ],
)
def test_the_end_is_told_and_is_the_exit_code(
    counts: dict[str, int], timed_out: bool, code: ExitCode, words: str
) -> None:
    found = {**settings(**counts), "timed_out": timed_out}
    assert settings_exit_code(found) == code
    assert words in "\n".join(settings_lines(found))


def test_an_agent_that_connects_anew_is_waited_for() -> None:
    replies = iter([settings(applied=2, away=1), settings(applied=2, applying=1)])

    class Fleet(RemoteFleet):
        def get(self, path: str) -> dict[str, Any]:
            assert path == "settings/4"
            return next(replies, settings(applied=3))

    said: list[str] = []
    follower = SettingsFollower(Fleet("http://nowhere:1"), said.append, 60, rest=lambda s: None)
    assert follower.follow(settings(waiting=3))["agents"]["applied"] == 3
    assert len(said) == 4
