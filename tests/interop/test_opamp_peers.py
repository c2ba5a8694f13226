"""The peers themselves: they build, speak to each other and end."""

import signal
from pathlib import Path

import pytest

from tests.interop.opamp_peers import (
    Line,
    Programs,
    collector_config,
    go_server,
    running,
    supervisor_config,
)

pytestmark = pytest.mark.long


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_server_and_agent_of_opamp_go_meet(go_peers: Programs, tmp_path: Path, scheme: str) -> None:
    command, config = go_server(tmp_path)
    config.write_text("a: 1\n")
    with running(command) as server:
        address = server.until("listening")["addr"]
        url = f"{scheme}://{address}/v1/opamp"
        with running([go_peers.agent, "-endpoint", url, "-heartbeat", "1s"]) as agent:
            offer = server.until("offer")
            applied = agent.until("status")
            assert applied["hash"] == offer["hash"]
            assert applied["status"] == "RemoteConfigStatuses_APPLIED"
            assert agent.stop() == 0
        assert server.stop() == 0


def test_the_supervisor_runs_its_collector_for_a_go_server(
    go_peers: Programs, go_supervisor: tuple[Path, Path], tmp_path: Path
) -> None:
    command, config = go_server(tmp_path)
    config.write_text(collector_config("good"))
    with running(command) as server:
        url = f"ws://{server.until('listening')['addr']}/v1/opamp"
        supervisor = supervisor_config(tmp_path, url, go_supervisor, apply_timeout="15s")
        with running(supervisor, stop=signal.SIGINT, cwd=tmp_path):
            server.until("agent_to_server", lambda line: status_of(line) == "APPLIED", 60)
            config.write_text(collector_config("bad"))
            server.until("agent_to_server", lambda line: status_of(line) == "FAILED", 60)


def status_of(line: Line) -> str:
    status: str = line["msg"].get("remoteConfigStatus", {}).get("status", "")
    return status.removeprefix("RemoteConfigStatuses_")
