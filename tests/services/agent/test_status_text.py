"""What people read of an agent: nothing that is over is shown as if it were so."""

from typing import Any

from otx.services.agent.status_text import status_lines

S = 1_000_000_000
NOW = 1_800_000_000 * S


def status(**changes: Any) -> dict[str, Any]:
    """The status of an agent that is connected and well, but for `changes`."""
    return {
        "state": "running",
        "pid": 7,
        "uid": "0190",
        "started_unix_nano": NOW - 100 * S,
        "written_unix_nano": NOW,
        "servers": ["ws://s"],
        "connection": {"server": "ws://s", "since_unix_ns": NOW, "problem": "", "next_unix_ns": 0},
        "allows_remote_config": True,
        "remote_config": {
            "phase": "idle",
            "status": "UNSET",
            "hash": "",
            "reason": "",
            "good": "",
            "running": "",
        },
        "process": {
            "command": ["otelcol"],
            "pid": 8,
            "started_unix_nano": NOW - 10 * S,
            "problem": "",
        },
        "packages": "declined",
        "remarks": [],
        **changes,
    }


def text(**changes: Any) -> str:
    return "\n".join(status_lines(status(**changes), NOW))


def test_an_agent_that_does_not_write_any_more_is_told() -> None:
    assert "SILENT" not in text(written_unix_nano=NOW - 20 * S)
    assert "SILENT for 45s" in text(written_unix_nano=NOW - 45 * S)
    assert "SILENT" not in text(written_unix_nano=NOW - 45 * S, state="stopped")


def test_a_full_disk_is_told() -> None:
    assert "disk" not in text(state_problem="")
    assert "NOT WRITTEN, and tried again: /s: no space" in text(state_problem="/s: no space")


def away(running: str, good: str, **process: object) -> str:
    """The line of the server that is gone."""
    usual = status()
    return text(
        connection={"server": "", "since_unix_ns": 0, "problem": "refused", "next_unix_ns": 0},
        remote_config={**usual["remote_config"], "running": running, "good": good},
        process={**usual["process"], **process},
    )


def test_without_a_server_it_is_told_what_really_runs() -> None:
    assert "goes on with the local configuration" in away("", "")
    assert "goes on with the last good configuration aa" in away("aa", "aa")
    assert "goes on with the configuration bb" in away("bb", "")
    assert "goes on with the configuration bb" in away("bb", "aa")
    assert "goes on" not in away("", "", started_unix_nano=0, problem="it cannot be started")


def test_a_process_that_does_not_stay_up_is_told() -> None:
    usual = status()["process"]
    assert "stay up" not in text(process={**usual, "restarts": 0})
    assert "NOT stay up: started again 3 times" in text(process={**usual, "restarts": 3})
    down = {**usual, "started_unix_nano": 0, "problem": "it ended", "restarts": 3}
    assert "NOT running: it ended; again in 4s, does NOT stay up" in text(
        process={**down, "next_start_unix_nano": NOW + 4 * S}
    )


def configured(**changes: str) -> list[str]:
    """The lines about configurations: what was offered, what is tried, what runs, what is good."""
    usual = status()["remote_config"]
    lines = text(remote_config={**usual, **changes}).splitlines()
    return [line for line in lines if line.split()[0] in ("config", "tries", "runs", "good")]


def test_each_state_stands_beside_the_hash_that_it_belongs_to() -> None:
    offered, before = "dec76c1a" * 8, "61a20000" * 8
    assert configured(
        status="FAILED", hash=offered, phase="probation", trial=before, running=before
    ) == [
        "config   dec76c1adec7 FAILED",
        "runs     61a2000061a2, under observation: a crash now is FAILED",
        "good     the local configuration",
    ]
    assert configured(
        status="APPLIED", hash=before, phase="probation", trial=before, running=before
    ) == [
        "config   61a2000061a2 applied, under observation: a crash now is FAILED",
        "runs     61a2000061a2",
        "good     the local configuration",
    ]
    assert configured(
        status="FAILED", hash=offered, phase="applying", candidate=before, running=""
    ) == [
        "config   dec76c1adec7 FAILED",
        "tries    61a2000061a2, being checked and started",
        "runs     the local configuration",
        "good     the local configuration",
    ]
    assert configured(status="FAILED", hash=offered, phase="reverting")[0] == (
        "config   dec76c1adec7 FAILED, and what was well before is being started"
    )


def test_nothing_is_said_to_run_where_no_process_does() -> None:
    usual = status()["process"]
    down = {**usual, "started_unix_nano": 0, "problem": "it ended"}
    assert "runs     " not in text(process=down)
    assert "runs     " not in text(state="stopped")
