"""What the end of `otx opamp push` says is true: APPLIED, observed to the end, or not known."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otx.services.opamp_serve.database import open_to_read
from tests.conftest import RunCli, wait_until
from tests.services.opamp_serve.answering import answering
from tests.services.opamp_serve.managed import managed
from tests.services.opamp_serve.serving import Serving, until

CRASHES = ("/bin/sh", "-c", "grep -q bad {config} && sleep 1.5 && exit 3; exec sleep 1000")
"""It is well at first, whatever it is given."""


@pytest.fixture
def serving(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Serving]:
    (tmp_path / "good.yaml").write_text("a: good\n")
    (tmp_path / "bad.yaml").write_text("a: bad\n")
    made = Serving(tmp_path, cli_variables)
    yield made
    made.close()


@pytest.mark.long
def test_a_crash_under_observation_is_seen_by_who_waits_for_the_end_of_it(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli
) -> None:
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}
    everyone = ("--all", "--yes")
    section = "health: {window: 50ms, observation: 3s}"
    with managed(tmp_path / "agent", cli_variables, serving.url, section=section, command=CRASHES):
        until(lambda: serving.fleet.agents("service.name"), lambda rows: len(rows) == 1)

        good = ("opamp", "push", "good.yaml", *everyone, "--wait", "proven")
        done = run_cli(*good, variables=address)
        assert done.returncode == 0, done.stdout
        assert "1 still observed" in done.stderr
        assert "observ" not in done.stdout

        done = run_cli("opamp", "push", "bad.yaml", *everyone, variables=address)
        assert done.returncode == 0
        assert "1 still under observation: a crash in that time is FAILED" in done.stdout
        follow = ("opamp", "push", "--follow", "2", "--wait", "proven")
        done = run_cli(*follow, variables=address)
        assert done.returncode == 1, done.stdout
        assert "FAILED: " in done.stdout

        # It runs what it ran before, which is proven.
        assert run_cli("opamp", "rollback", "--yes", variables=address).returncode == 0
        done = run_cli("opamp", "push", "--follow", "1", "--wait", "proven", variables=address)
        assert done.returncode == 0, done.stdout
    done = run_cli("opamp", "push", "--follow", "9", variables=address)
    assert done.returncode == 1


def test_what_is_still_observed_is_said_of_each_agent(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli
) -> None:
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}
    section = "health: {window: 50ms, observation: 1h}"
    with managed(tmp_path / "agent", cli_variables, serving.url, section=section):
        (row,) = until(lambda: serving.fleet.agents("service.name"), lambda rows: len(rows) == 1)
        done = run_cli("opamp", "push", "good.yaml", "--all", "--yes", variables=address)
        assert done.returncode == 0, done.stderr
        assert ", observed " in run_cli("opamp", "agents", variables=address).stdout
        why = run_cli("opamp", "agents", "--why", row["uid"], variables=address)
        assert "still observes it: a crash now is FAILED" in why.stdout
        (row,) = serving.fleet.agents("")
        assert row["config"]["good"] == "local"
        assert row["config"]["running"] == row["config"]["assigned"]


def test_other_agents_are_observed_for_as_long_as_the_push_asks(
    serving: Serving, run_cli: RunCli
) -> None:
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}
    with answering(serving.url, 1):
        push = ("opamp", "push", "good.yaml", "--all", "--yes", "--wait", "proven")
        done = run_cli(*push, "--observe", "1s", variables=address)
        assert done.returncode == 0, done.stdout
        assert "1 still observed" in done.stderr
        assert "observ" not in done.stdout


def test_a_server_that_is_killed_meanwhile_is_waited_for(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    section = "health: {window: 50ms, observation: 4s}"
    words = [sys.executable, "-m", "otx", "opamp", "push", "good.yaml", "--all", "--yes"]
    said = tmp_path / "said"
    with managed(tmp_path / "agent", cli_variables, serving.url, section=section):
        until(lambda: serving.fleet.agents("service.name"), lambda rows: len(rows) == 1)
        with said.open("wb") as remarks:
            process = subprocess.Popen(
                [*words, "--wait", "proven"],
                cwd=tmp_path,
                env={**cli_variables, "OTX_OPAMP_SERVER": f"http://{serving.api}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=remarks,
                text=True,
            )
        wait_until(lambda: "still observed" in said.read_text(), "it is applied")
        serving.end(signal.SIGKILL)
        wait_until(lambda: "waiting for the server" in said.read_text(), "it is missed")
        serving.start()
        stdout, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said.read_text()
    assert stdout.startswith("push 1 done: good.yaml v1")
    assert "1 matching: 1 applied\n" in stdout


def push_until_observed(
    serving: Serving, said: Path, cli_variables: dict[str, str], *words: str
) -> "subprocess.Popen[bytes]":
    """A push that waits for the end of observation, once it is applied; it speaks into a file."""
    command = [sys.executable, "-m", "otx", "opamp", "push", "good.yaml", "--all", "--yes"]
    with said.open("wb") as remarks:
        process = subprocess.Popen(
            [*command, "--wait", "proven", *words],
            cwd=said.parent,
            env={**cli_variables, "OTX_OPAMP_SERVER": f"http://{serving.api}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=remarks,
        )
    wait_until(lambda: "still observed" in said.read_text(), "it is applied")
    return process


def test_a_server_that_does_not_come_back_leaves_the_end_open(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    said = tmp_path / "said"
    with answering(serving.url, 1):
        process = push_until_observed(serving, said, cli_variables, "--timeout", "1s")
        serving.end(signal.SIGKILL)
        assert process.wait(60) == 4
    assert "what became of push 1 is not known" in said.read_text()
    assert "otx opamp push --follow 1" in said.read_text()


def test_who_stops_waiting_is_told_that_it_goes_on(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    said = tmp_path / "said"
    with answering(serving.url, 1):
        process = push_until_observed(serving, said, cli_variables)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert said.read_text().endswith("push 1 goes on: --follow 1 waits on\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_after_a_restart_agents_that_were_there_are_expected_back(
    number: signal.Signals, serving: Serving, run_cli: RunCli
) -> None:
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}
    follow = ("opamp", "push", "--follow", "1", "--timeout", "1s")
    with answering(serving.url, 1), answering(serving.url, 2):
        done = run_cli("opamp", "push", "good.yaml", "--all", "--yes", variables=address)
        assert done.returncode == 0, done.stderr
        # It is written once a second.
        until(lambda: read_connected(serving.db), lambda count: count == 2)
        serving.end(number)
    serving.start()
    done = run_cli(*follow, variables=address)
    assert done.returncode == 4, "they have not come back"
    assert "2 waiting" in done.stdout


def read_connected(db: Path) -> int:
    """How many agents a fleet's database has as connected."""
    with closing(open_to_read(db)) as connection:
        (count,) = connection.execute("SELECT sum(is_connected) FROM agents").fetchone()
    return int(count or 0)
