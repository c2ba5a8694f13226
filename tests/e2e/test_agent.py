"""`otx agent` as a user calls it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli, wait_until

NOWHERE = "ws://127.0.0.1:1/v1/opamp"
COMMAND = ("--", "/bin/sh", "-c", "echo words of it >&2; exec sleep 1000", "{config}")


@pytest.fixture
def agent(run_cli: RunCli, tmp_path: Path) -> Iterator[RunCli]:
    """The CLI; an agent that it started in the background is ended with the test."""
    (tmp_path / "base.yaml").write_text("agent: {stop_timeout: 2s}\na: 1\n")
    yield run_cli
    run_cli("agent", "stop")


def test_without_a_server_it_says_how_it_is_and_what_to_do(agent: RunCli) -> None:
    done = agent("agent")
    assert done.returncode == 1
    assert "does not run" in done.stdout
    assert "--server" in done.stderr


def test_run_needs_a_server(agent: RunCli) -> None:
    done = agent("agent", "run", *COMMAND)
    assert done.returncode == 2
    assert "no server is named" in done.stderr


def test_start_status_logs_reload_stop(agent: RunCli, tmp_path: Path) -> None:
    started = agent("agent", "start", "--server", NOWHERE, "--config", "base.yaml", *COMMAND)
    assert started.returncode == 0, started.stderr
    again = agent("agent", "start", "--server", NOWHERE, *COMMAND)
    assert again.returncode == 0
    assert "runs already" in again.stderr
    bare = agent("agent")
    assert (bare.returncode, bare.stdout) == (0, "")

    wait_until(
        lambda: "NOT connected: connection refused" in agent("agent", "status").stdout, "it says so"
    )
    shown = agent("agent", "status")
    assert shown.returncode == 0
    assert "goes on with the local configuration" in shown.stdout
    assert "local only: --allow-remote-config" in shown.stdout
    document = json.loads(agent("agent", "status", "--format", "json").stdout)
    assert document["state"] == "running"
    assert document["process"]["command"][:2] == ["/bin/sh", "-c"]
    assert document["packages"].startswith("declined")

    assert "words of it" in agent("agent", "logs").stdout
    assert agent("agent", "logs", "-n", "1").stdout.count("\n") == 1
    (tmp_path / "base.yaml").write_text("agent: {stop_timeout: 2s}\na: 2\n")
    reloaded = agent("agent", "reload")
    assert (reloaded.returncode, reloaded.stdout) == (0, "")
    assert "the local file runs" in reloaded.stderr
    assert "what runs already" in agent("agent", "reload").stderr
    assert "was told" in agent("agent", "reload", "--no-wait").stderr

    assert agent("agent", "stop").returncode == 0
    assert agent("agent", "status").returncode == 1
    assert agent("agent", "stop").returncode == 0
    assert agent("agent", "reload").returncode == 1


def test_an_agent_that_died_is_told_apart_from_one_that_was_stopped(agent: RunCli) -> None:
    agent("agent", "start", "--server", NOWHERE, *COMMAND)
    assert "no configuration to run it with" in agent("agent", "status").stdout
    document = json.loads(agent("agent", "status", "--format", "json").stdout)
    subprocess.run(["/bin/kill", "-9", str(document["pid"])], check=True)
    wait_until(lambda: agent("agent", "status").returncode == 1, "it is gone")
    assert "ended without a word" in agent("agent", "status").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--server", "h:4320"), "no OpAMP server"),
        (("--server", NOWHERE, "--header", "novalue"), "is no header"),
        (("--server", NOWHERE, "--header", "a b=c"), "is no header"),
        (("--server", NOWHERE, "--config", "missing.yaml"), "cannot read missing.yaml"),
        (("--server", NOWHERE, "--trust", "base.yaml"), "no public ed25519 key"),
        (("--server", NOWHERE, "--config", "wrong.yaml"), "wrong.yaml: agent.alow"),
        (("--server", NOWHERE, "--config", "broken.yaml"), "broken.yaml is no YAML at line"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_starts(
    arguments: tuple[str, ...], message: str, agent: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text("agent: {alow: {}}\n")
    (tmp_path / "broken.yaml").write_text("agent: {}\nb: [\n")
    for command in ("run", "start")[: 1 + ("wrong.yaml" in arguments)]:
        done = agent("agent", command, *arguments, *COMMAND)
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") <= 3


@contextlib.contextmanager
def ended_after(process: "subprocess.Popen[Any]", seconds: float) -> Iterator[None]:
    """A process that is killed when a test fails, or waits for what does not come."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_with_0_when_it_is_told_to(
    number: signal.Signals, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    (tmp_path / "base.yaml").write_text("a: 1\n")
    options = ("--server", NOWHERE, "--state", "s", "--config", "base.yaml")
    words = [sys.executable, "-m", "otx", "agent", *options, *COMMAND]
    with subprocess.Popen(
        words, cwd=tmp_path, env=cli_variables, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        with ended_after(process, 60):
            for line in process.stderr:
                if "words of it" in line:
                    break
            process.send_signal(number)
            rest = process.stderr.read()
            assert process.wait(30) == 0
    assert rest.rstrip().endswith("stopped")


def test_systemd_is_told_when_it_is_ready_and_when_it_ends(
    tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    words = [sys.executable, "-m", "otx", "agent", "run", "--server", NOWHERE, "--state", "s"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(30)
        variables = {
            **cli_variables, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000",
        }  # fmt: skip
        with (
            subprocess.Popen(
                [*words, *COMMAND], cwd=tmp_path, env=variables, stderr=subprocess.DEVNULL
            ) as process,
            ended_after(process, 60),
        ):
            said = [channel.recv(4096).decode()]
            while "WATCHDOG=1" not in said[-1]:
                said.append(channel.recv(4096).decode())
            process.terminate()
            while "STOPPING=1" not in said[-1]:
                said.append(channel.recv(4096).decode())
            assert process.wait(30) == 0
    assert f"READY=1\nMAINPID={process.pid}" in said


def test_the_unit_is_what_systemd_takes(agent: RunCli, tmp_path: Path) -> None:
    done = agent(
        "agent", "unit", "--server", "wss://h/v1/opamp", "--config", "base.yaml", "--state", "100%",
        "--header", "Authorization=Bearer 100%", "--allow-remote-config", *COMMAND,
    )  # fmt: skip
    assert done.returncode == 0
    for line in ("Type=notify", "WatchdogSec=30", "NoNewPrivileges=yes", "KillMode=mixed"):
        assert f"\n{line}\n" in done.stdout
    (start,) = (line for line in done.stdout.splitlines() if line.startswith("ExecStart="))
    assert "--allow-remote-config" in start
    assert start.endswith('-- /bin/sh -c "echo words of it >&2; exec sleep 1000" "{config}"')
    assert "Bearer" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "base.yaml"], "it prints, and writes nothing"
    assert f"install -D -m 600 /dev/stdin {tmp_path}/100%/headers" in done.stderr
    assert "`Authorization: VALUE`" in done.stderr
    assert f"LoadCredential=headers:{tmp_path}/100%%/headers" in done.stdout
    assert " --header-file %d/headers " in start
    (reload,) = (line for line in done.stdout.splitlines() if line.startswith("ExecReload="))
    assert reload.endswith(f" -m otx agent reload --state {tmp_path}/100%%")
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "otx-agent.service"
        unit.write_text(done.stdout)
        checked = subprocess.run(
            ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_unit_takes_the_file_of_headers_that_there_is(agent: RunCli, tmp_path: Path) -> None:
    words = ("agent", "unit", "--server", "wss://h/v1/opamp", "--state", "s")
    done = agent(*words, "--header-file", "my headers")
    assert f"LoadCredential=headers:{tmp_path}/my headers\n" in done.stdout
    assert not (tmp_path / "s").exists()
    both = agent(*words, "--header-file", "my headers", "--header", "a=b")
    assert (both.returncode, both.stdout) == (2, "")


def test_headers_of_a_file_reach_the_server_and_no_error_shows_them(
    agent: RunCli, tmp_path: Path
) -> None:
    headers = tmp_path / "headers"
    headers.write_text("# mine\n\nAuthorization: Bearer a=b:c\nX-Two=2\nno header at all\n")
    done = agent("agent", "start", "--server", NOWHERE, "--header-file", "headers", *COMMAND)
    assert done.returncode == 2
    assert "headers:5: " in done.stderr
    headers.write_text("Authorization secret1\n")
    done = agent("agent", "start", "--server", NOWHERE, "--header-file", "headers", *COMMAND)
    assert "headers:1: " in done.stderr
    assert "secret1" not in done.stderr
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}/v1/opamp"
        headers.write_text("# mine\n\nAuthorization: Bearer a=b:c\nX-Two=2\n")
        agent("agent", "start", "--server", url, "--header-file", "headers", *COMMAND)
        peer, _ = listening.accept()
        with peer:
            heard += peer.recv(1 << 16).decode().splitlines()
    assert {"Authorization: Bearer a=b:c", "X-Two: 2"} <= set(heard)


def test_an_agent_that_does_nothing_is_told_and_how_to_end_it(
    agent: RunCli, tmp_path: Path
) -> None:
    assert agent("agent", "start", "--server", NOWHERE, *COMMAND).returncode == 0
    pid = json.loads(agent("agent", "status", "--format", "json").stdout)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = agent("agent", "stop", "--timeout", "300ms")
        assert stopped.returncode == 4
        assert f"kill -CONT {pid}" in stopped.stderr
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_command_that_is_not_there_is_told_at_once(agent: RunCli) -> None:
    for words in (("--", "nowhere-at-all"), ("--", "/nowhere/at-all")):
        done = agent("agent", "start", "--server", NOWHERE, *words)
        assert done.returncode == 2
        assert f"the command {words[1]} is" in done.stderr


CRASHES = ("--", "/bin/sh", "-c", '! grep -q crash "$0" || exit 7; exec sleep 1000', "{config}")


def test_reload_says_what_became_of_the_file(agent: RunCli, tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    agent("agent", "start", "--server", NOWHERE, "--config", "base.yaml", *CRASHES)

    def is_well() -> bool:
        process = json.loads(agent("agent", "status", "--format", "json").stdout)["process"]
        return process["pid"] is not None and not process["problem"]

    wait_until(is_well, "the base passed its window")
    base.write_text("a: crash\n")
    failed = agent("agent", "reload")
    assert failed.returncode == 1
    assert "the local file does not stay up: it ended with exit code 7" in failed.stderr
    assert "what ran before it runs again" in failed.stderr
    assert "the file does NOT stay up" in agent("agent", "status").stdout
    base.write_text("agent: {}\na: [\n")
    refused = agent("agent", "reload")
    assert refused.returncode == 2
    assert "base.yaml is no YAML at line" in refused.stderr
    assert "what ran before runs on" in refused.stderr
    base.unlink()
    missing = agent("agent", "reload")
    assert missing.returncode == 2
    assert "no such file" in missing.stderr
    assert "the file is REFUSED" in agent("agent", "status").stdout
    base.write_text("a: 2\n")
    assert agent("agent", "reload").returncode == 0
    assert "the file " not in agent("agent", "status").stdout


def test_a_file_that_never_ran_is_told_with_its_starts(agent: RunCli, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("a: crash\n")
    agent("agent", "start", "--server", NOWHERE, "--config", "base.yaml", *CRASHES)
    told = (  # between two starts: for a moment it runs
        "started again 2 times",
        "NOT running: it ended with exit code 7",
        "nothing else ran before: it is started again and again",
    )

    def waits() -> bool:
        process = json.loads(agent("agent", "status", "--format", "json").stdout)["process"]
        return bool(process["next_start_unix_nano"])

    def is_told() -> bool:
        shown = agent("agent", "status").stdout
        return all(words in shown for words in told)

    wait_until(is_told, "told")
    wait_until(waits, "the next start is told")
    document = json.loads(agent("agent", "status", "--format", "json").stdout)
    assert document["local_file"]["outcome"] == "failed"
    (tmp_path / "base.yaml").write_text("a: 1\n")
    assert agent("agent", "reload").returncode == 0


def test_otxs_own_receiver_is_looked_after_and_counts_no_request_of_it(
    agent: RunCli, tmp_path: Path, unused_tcp_port: int
) -> None:
    section = "agent: {health: {window: 200ms, timeout: 1m}}\n"
    receive = f"receive: {{grpc: 127.0.0.1:0, http: 127.0.0.1:{unused_tcp_port}, store: store}}\n"
    (tmp_path / "base.yaml").write_text(section + receive)
    agent("agent", "start", "--server", NOWHERE, "--config", "base.yaml")
    wait_until(lambda: "runs for" in agent("agent", "status").stdout, "it is started")
    wait_until(lambda: "starting" not in agent("agent", "status").stdout, "it is verified")
    assert "UNHEALTHY" not in agent("agent", "status").stdout
    assert agent("agent", "stop").returncode == 0
    said = agent("agent", "logs").stdout
    assert "received nothing" in said
    assert "refused a request" not in said
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        agent("agent", "start", "--server", NOWHERE, "--config", "base.yaml")
        wait_until(lambda: "does NOT stay up" in agent("agent", "status").stdout, "it is taken")
        shown = agent("agent", "status").stdout
        assert "it ended with exit code 5: otx: error: cannot listen" in shown
