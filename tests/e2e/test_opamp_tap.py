"""`otx opamp tap` and `replay` as a user runs them, between otx's own agent and server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from otx.opamp.framing import frame
from tests.conftest import RunCli
from tests.services.opamp_serve.serving import Serving, until
from tests.services.opamp_tap.tapping import UID, report

STOP_S = 30
LOSSY_S = 120
"""After 503 and Unavailable agents wait at least 30 s."""
OWN = "processors:\n  batch: {}\n"
SLEEPER = "cat {config} > /dev/null; exec sleep 600"


class Running:
    """A command of otx that runs until it is told to stop."""

    def __init__(
        self, folder: Path, variables: dict[str, str], *arguments: str, ready: str = "ready "
    ) -> None:
        self.out = folder / f"{arguments[-1].strip('/').replace('/', '_')[-20:]}.out"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "otx", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
                env=variables,
            )
        self.said: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        assert self._ready.wait(STOP_S), self.said

    @property
    def port(self) -> int:
        line = next(line for line in self.said if line.startswith("ready "))
        return int(line.split()[1].rpartition(":")[2].partition("/")[0])

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        self._reader.join()
        return code

    def _read(self, ready: str) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.said.append(line.rstrip("\n"))
                if ready in line:
                    self._ready.set()
        self._ready.set()


Start = Callable[..., Running]


def patiently(asked: Callable[[], Any], holds: Callable[[Any], bool]) -> None:
    """Wait as `until` does, as long as agents do that were told to come later."""
    ends_s = time.monotonic() + LOSSY_S
    while not holds(found := asked()):
        assert time.monotonic() < ends_s, found
        time.sleep(0.05)


def is_in_sync(pushed: str, config: dict[str, Any]) -> bool:
    return (config["standing"], config["reported"]) == ("in_sync", pushed)


@pytest.fixture
def start(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Start]:
    started: list[Running] = []

    def run(*arguments: str, ready: str = "ready ") -> Running:
        started.append(Running(tmp_path, cli_variables, *arguments, ready=ready))
        return started[-1]

    yield run
    for one in reversed(started):
        if one.process.poll() is None:
            one.process.kill()
        one.stop()


@pytest.fixture
def serving(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Serving]:
    one = Serving(tmp_path, cli_variables)
    yield one
    one.close()


def told(tap: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in tap.out.read_text().splitlines()]


def test_an_agent_is_configured_through_the_tap_and_played_again(
    tmp_path: Path, serving: Serving, start: Start, run_cli: RunCli
) -> None:
    tap = start(
        "opamp", "tap", "--listen", "127.0.0.1:0", "--to", f"ws://{serving.api}",
        "--record", "record.jsonl", "--format", "jsonl",
    )  # fmt: skip
    (tmp_path / "local.yaml").write_text("receivers: {}\n")
    agent = start(
        "agent", "run", "--server", f"ws://127.0.0.1:{tap.port}/v1/opamp",
        "--config", "local.yaml", "--state", str(tmp_path / "state"), "--allow-remote-config",
        "--", "sh", "-c", SLEEPER,
    )  # fmt: skip
    until(lambda: serving.fleet.agents(""), bool)
    wish = {"selector": "", "objects": {"": {"body": OWN}}, "name": "c.yaml"}
    pushed = serving.fleet.post("pushes", wish)
    until(
        lambda: serving.fleet.agents("")[0],
        lambda row: row["config"]["standing"] == "in_sync",
    )
    assert agent.stop(signal.SIGTERM) == 0
    assert tap.stop() == 0
    lines = told(tap)
    says = [phrase for line in lines[:-1] for phrase in line["says"]]
    short = pushed["config"][:8]
    assert f"offers remote config {short}… (1 object)" in says
    assert f"status APPLYING {short}…" in says
    assert f"status APPLIED {short}…" in says
    assert "goes away" in says
    hashes = [step["what"] for step in lines[-1]["agents"][0]["hashes"]]
    assert hashes == ["offered", "APPLYING", "APPLIED"]
    # Neither side breaks a rule of the protocol.
    assert lines[-1]["broken_rules"] == []
    again = run_cli("opamp", "replay", "record.jsonl")
    assert f"status APPLIED {short}…" in again.stdout
    assert "! " not in again.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("scheme", "fault"),
    [
        ("ws", "drop@10%,dup@20%"),
        ("http", "drop@20%,dup@20%"),
        ("ws", "delay=0ms-300ms,reorder@3"),
        ("http", "delay=0ms-300ms"),
        ("ws", "close@10%,half-open=40th"),
        ("http", "close@10%"),
        ("ws", "truncate@10%"),
        ("http", "truncate@10%"),
        ("ws", "agent:header=1@6,server:text@9"),
        ("ws", "1011@9,503@4,retry-after=1s"),
        ("http", "503@4,retry-after=1s"),
    ],
)
def test_whatever_is_lost_in_between_each_configuration_is_applied_once(
    tmp_path: Path,
    cli_variables: dict[str, str],
    start: Start,
    scheme: str,
    fault: str,
) -> None:
    serving = Serving(tmp_path, cli_variables, "--heartbeat", "1s")
    try:
        tap = start(
            "opamp", "tap", "--listen", "127.0.0.1:0", "--to", f"ws://{serving.api}",
            "--format", "jsonl", "--fault", fault, "--seed", "11",
        )  # fmt: skip
        (tmp_path / "local.yaml").write_text("receivers: {}\n")
        starts = tmp_path / "starts"
        start(
            "agent", "run", "--server", f"{scheme}://127.0.0.1:{tap.port}/v1/opamp",
            "--config", "local.yaml", "--state", str(tmp_path / "state"),
            "--allow-remote-config", "--",
            "sh", "-c", f"grep -o 'round.*' {{config}} >> {starts}; exec sleep 600",
        )  # fmt: skip
        patiently(lambda: serving.fleet.agents(""), bool)
        for number in range(3):
            body = f"processors:\n  batch/round{number}: {{}}\n"
            wish = {"selector": "", "objects": {"": {"body": body}}, "name": "c.yaml"}
            pushed = serving.fleet.post("pushes", wish)["config"]
            patiently(
                lambda: serving.fleet.agents("")[0]["config"],
                partial(is_in_sync, pushed),
            )
        assert starts.read_text().count("round2") == 1
        assert tap.stop() == 0
        assert told(tap)[-1]["faults"]
    finally:
        serving.close()


def test_text_for_people_and_a_summary(start: Start, serving: Serving, tmp_path: Path) -> None:
    tap = start("opamp", "tap", "--listen", "127.0.0.1:0", "--to", f"ws://{serving.api}")
    with connect(f"ws://127.0.0.1:{tap.port}/v1/opamp", compression=None) as agent:
        agent.send(frame(report(1)))
        agent.recv(STOP_S)
        agent.send(frame(report(3)))
        agent.recv(STOP_S)
    assert tap.stop(signal.SIGTERM) == 0
    text = tap.out.read_text()
    assert "\x1b" not in text
    assert "; is shop; " in text
    assert "! agent breaks MUST 58: " in text
    assert "2 reports, 2 answers of 1 agent" in text
    assert tap.said[-1].startswith("ready ws://127.0.0.1:")


def test_a_screen_that_is_stopped_stops_no_agent(
    tmp_path: Path, cli_variables: dict[str, str], serving: Serving
) -> None:
    reader, writer = os.pipe()
    tap = subprocess.Popen(
        [sys.executable, "-m", "otx", "opamp", "tap", "--listen", "127.0.0.1:0", "--to",
         f"ws://{serving.api}", "--format", "jsonl"],
        stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE, text=True,
        cwd=tmp_path, env=cli_variables,
    )  # fmt: skip
    os.close(writer)
    try:
        assert tap.stderr is not None
        port = tap.stderr.readline().split()[1].rpartition(":")[2]
        with connect(f"ws://127.0.0.1:{port}/v1/opamp", compression=None) as agent:
            # Nobody reads the pipe, which is full long before the end.
            for number in range(1, 100):
                agent.send(frame(report(number)))
                agent.recv(STOP_S)
    finally:
        os.close(reader)
        tap.kill()
        tap.wait()
        assert tap.stderr is not None
        tap.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["tap", "--to", "ws://h", "--fault", "explode"], 2, "is no fault"),
        (["tap", "--to", "ws://h", "--ca", "no.pem"], 2, "cannot read no.pem"),
        (["tap", "--to", "ws://h", "--record", "no/r"], 2, "no/r"),
        (["replay", "no.jsonl"], 2, "cannot read no.jsonl"),
        (["replay", "junk", "--to", "ws://127.0.0.1:1"], 2, "junk:1: no JSON"),
        (["replay", "junk", "--to", "ws://h", "--listen", ":0"], 2, "two sides"),
        (["replay", "junk", "--shrink", "s"], 2, "--shrink needs a server"),
    ],
)
def test_what_cannot_be_meant_is_said(
    run_cli: RunCli, tmp_path: Path, arguments: list[str], code: int, text: str
) -> None:
    (tmp_path / "junk").write_text("junk\n")
    done = run_cli("opamp", *arguments)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert done.stderr.count("\n") <= 3
    assert "Traceback" not in done.stderr
    assert UID.hex() not in done.stdout


def test_a_port_in_use_is_the_machines_fault(run_cli: RunCli, serving: Serving) -> None:
    done = run_cli("opamp", "tap", "--to", "ws://127.0.0.1:1", "--listen", serving.api)
    assert done.returncode == 5
    assert "in use" in done.stderr
