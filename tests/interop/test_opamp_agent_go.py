"""The agent under opamp-go's server, over both transports, alone and with a real Collector."""

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.interop.opamp_peers import (
    NotToBeHad,
    Peer,
    Programs,
    go_server,
    running,
    supervisor,
)

pytestmark = pytest.mark.long

SCRIPT = 'echo "$$ $(cat "$0")" >> "$JOURNAL"; grep -q crash "$0" && exit 3; exec sleep 1000'
SECTION = "agent: {stop_timeout: 2s, health: {window: 100ms, timeout: 5s, observation: 500ms}}\n"
PREFIX = "RemoteConfigStatuses_"


class Agent:
    """`otx agent run` beside a Go server."""

    def __init__(self, folder: Path, url: str, base: str, *command: str) -> None:
        self.folder = folder
        (folder / "base.yaml").write_text(SECTION + base)
        words = [sys.executable, "-m", "otx", "agent", "run", "--server", url]
        words += ["--config", "base.yaml", "--state", "state", "--allow-remote-config"]
        self._words = [*words, "--", *command]
        self.process = self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._words,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "JOURNAL": str(self.folder / "journal")},
            )

    def kill_and_restart(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._begin()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(30) in (0, -signal.SIGKILL)


def endpoint(server: Peer, scheme: str) -> str:
    listening = server.until("listening")
    return f"{scheme}://{listening['addr']}/v1/opamp"


def message_with(status: str, offered: Path) -> Any:
    """Whether a message says this of what is offered now, not of the empty text before it."""
    hash_ = base64.b64encode(hashlib.sha256(offered.read_bytes()).digest()).decode()

    def holds(line: dict[str, Any]) -> bool:
        told = line["msg"].get("remoteConfigStatus", {})
        return bool(told.get("status") == PREFIX + status and told["lastRemoteConfigHash"] == hash_)

    return holds


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_offers_run_fail_and_are_taken_back(
    go_peers: Programs, tmp_path: Path, scheme: str
) -> None:
    command, offered = go_server(tmp_path, "-reoffer-failed")
    with running(command) as server:
        agent = Agent(
            tmp_path, endpoint(server, scheme), "a: 1\n", "/bin/sh", "-c", SCRIPT, "{config}"
        )
        try:
            first = server.until("agent_to_server")
            assert first["msg"]["agentDescription"]["identifyingAttributes"]
            offered.write_text("b: 2\n")
            server.until("agent_to_server", message_with("APPLIED", offered), 60)
            offered.write_text("b: crash\n")
            failed = server.until("agent_to_server", message_with("FAILED", offered), 60)
            told = failed["msg"]["remoteConfigStatus"]
            assert "exit code 3" in told["errorMessage"]
            agent.kill_and_restart()
            again = server.until("agent_to_server", message_with("FAILED", offered), 60)
            assert again["msg"]["remoteConfigStatus"] == told
            journal = (tmp_path / "journal").read_text()
            assert journal.count("crash") == 1, "the server offers it again, and it is not run"
            offered.write_text("b: 3\n")
            server.until("agent_to_server", message_with("APPLIED", offered), 60)
        finally:
            agent.close()
        goodbye = server.until("agent_to_server", lambda line: "agentDisconnect" in line["msg"])
        assert goodbye


@pytest.fixture
def collector() -> Path:
    try:
        return supervisor()[1]
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_collector_is_checked_watched_and_taken_back(
    go_peers: Programs, tmp_path: Path, collector: Path, taken_port: int
) -> None:
    health_port = free_port()
    base = f"""
extensions: {{health_check: {{endpoint: "127.0.0.1:{health_port}"}}}}
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}}}}}}}
exporters: {{nop: {{}}, otlphttp: {{endpoint: "http://127.0.0.1:1", headers: {{k: hush}}}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}
"""
    command, offered = go_server(tmp_path)
    with running(command) as server:
        agent = Agent(tmp_path, endpoint(server, "ws"), base, str(collector))
        try:
            server.until("agent_to_server", lambda it: it["msg"].get("health", {}).get("healthy"))
            offered.write_text("processors: {batch: {}}\n")
            applied = server.until("agent_to_server", message_with("APPLIED", offered), 60)
            assert applied["msg"]["health"]["healthy"]
            bodies = [
                base64.b64decode(
                    line["msg"]["effectiveConfig"]["configMap"]["configMap"][""]["body"]
                )
                for line in server.lines
                if line.get("event") == "agent_to_server" and "effectiveConfig" in line["msg"]
            ]
            assert b"batch" in bodies[-1]
            assert b"hush" not in b"".join(bodies)
            offered.write_text("receivers: {nosuch: {}}\n")
            invalid = server.until("agent_to_server", message_with("FAILED", offered), 60)
            assert "nosuch" in invalid["msg"]["remoteConfigStatus"]["errorMessage"]
            # It passes validation, and cannot listen: the port is taken by the test.
            grpc = f'grpc: {{endpoint: "127.0.0.1:{taken_port}"}}'
            offered.write_text(f"receivers: {{otlp: {{protocols: {{{grpc}}}}}}}\n")
            crashed = server.until(
                "agent_to_server",
                lambda it: (
                    "in use" in it["msg"].get("remoteConfigStatus", {}).get("errorMessage", "")
                ),
                60,
            )
            first = crashed["msg"]["remoteConfigStatus"]["errorMessage"].partition("\n")[0]
            assert "address already in use" in first
            server.until("agent_to_server", lambda it: it["msg"].get("health", {}).get("healthy"))
            names = [
                entry["value"]["stringValue"]
                for line in server.lines
                if line.get("event") == "agent_to_server"
                for entry in line["msg"]
                .get("agentDescription", {})
                .get("identifyingAttributes", [])
            ]
            assert "otelcol-opamp" in names
            agent.process.kill()
            agent.process.wait()
            wait_until(lambda: not _is_listening(health_port), "the Collector ends with it")
        finally:
            agent.close()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
