"""The tap between opamp-go's agent and server: all passes, each fault happens, a record plays."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli
from tests.e2e.test_opamp_tap import Running, told
from tests.interop.opamp_peers import Peer, Programs, go_server, running

pytestmark = pytest.mark.long

GOOD = "receivers:\n  nop:\n"


@pytest.fixture
def server(go_peers: Programs, tmp_path: Path) -> Iterator[tuple[Peer, str, Path]]:
    """A server, its address and the file that it offers."""
    command, config = go_server(tmp_path, "-compression")
    with running(command) as peer:
        yield peer, peer.until("listening")["addr"], config


@pytest.fixture
def start(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Callable[..., Running]]:
    """Commands of otx that are ended behind, also when a test fails."""
    started: list[Running] = []

    def run(*arguments: str) -> Running:
        started.append(Running(tmp_path, cli_variables, *arguments))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.stop()


@pytest.fixture
def tap(start: Callable[..., Running], server: tuple[Peer, str, Path]) -> Callable[..., Running]:
    """Starts taps in front of the server."""
    options = ["--listen", "127.0.0.1:0", "--to", f"ws://{server[1]}", "--format", "jsonl"]
    return lambda *more: start("opamp", "tap", *options, *more)


def says(tap: Running, kind: str = "message") -> list[str]:
    return [phrase for line in told(tap)[:-1] if line["kind"] == kind for phrase in line["says"]]


def is_heartbeat(line: dict[str, Any]) -> bool:
    """Whether a message says no more than that the agent is there."""
    return set(line["msg"]) == {"instanceUid", "sequenceNum", "capabilities"}


def configured(agent: Peer) -> dict[str, Any]:
    return agent.until("status", lambda line: line["status"].endswith("APPLIED"))


@pytest.mark.parametrize("scheme", ["ws", "http"])
@pytest.mark.parametrize("compression", [False, True])
def test_a_configuration_goes_through(
    go_peers: Programs,
    server: tuple[Peer, str, Path],
    tap: Callable[..., Running],
    scheme: str,
    compression: bool,
) -> None:
    peer, _, config = server
    config.write_text(GOOD)
    between = tap("--record", "r.jsonl")
    more = ["-compression"] if compression else []
    endpoint = f"{scheme}://127.0.0.1:{between.port}/v1/opamp"
    with running([go_peers.agent, "-endpoint", endpoint, "-heartbeat", "200ms", *more]) as agent:
        short = agent.until("remote_config")["hash"][:8]
        configured(agent)
        peer.until("agent_to_server", lambda line: "remoteConfigStatus" in line["msg"])
        peer.until("agent_to_server", is_heartbeat)
    assert between.stop() == 0
    said = says(between)
    assert f"offers remote config {short}… (1 object)" in said
    assert f"status APPLIED {short}…" in said
    assert "heartbeat" in said
    summary = told(between)[-1]
    assert summary["undecoded"] == 0
    assert summary["agents"][0]["hashes"][-1]["what"] == "APPLIED"


def test_a_record_plays_to_the_server_again(
    go_peers: Programs,
    server: tuple[Peer, str, Path],
    tap: Callable[..., Running],
    run_cli: RunCli,
) -> None:
    _, address, config = server
    config.write_text(GOOD)
    between = tap("--record", "r.jsonl")
    endpoint = f"ws://127.0.0.1:{between.port}/v1/opamp"
    with running([go_peers.agent, "-endpoint", endpoint]) as agent:
        configured(agent)
        agent.stop()
    assert between.stop() == 0
    same = run_cli("opamp", "replay", "r.jsonl", "--to", f"ws://{address}")
    assert same.returncode == 0, same.stdout
    config.write_text(GOOD + "exporters:\n  nop:\n")
    other = run_cli("opamp", "replay", "r.jsonl", "--to", f"ws://{address}", "--shrink", "s")
    assert other.returncode == 1, other.stdout
    assert "remote_config.config.config_map..body differs" in other.stdout
    smallest = run_cli("opamp", "replay", "s", "--to", f"ws://{address}")
    assert smallest.returncode == 1
    assert "1 report, 1 answer of 1 agent" in smallest.stdout


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_a_record_plays_to_the_agent_again(
    go_peers: Programs,
    server: tuple[Peer, str, Path],
    tap: Callable[..., Running],
    start: Callable[..., Running],
    scheme: str,
) -> None:
    _, _, config = server
    config.write_text(GOOD)
    between = tap("--record", "r.jsonl")
    command: list[str | Path] = [go_peers.agent, "-heartbeat", "200ms", "-endpoint"]
    with running([*command, f"{scheme}://127.0.0.1:{between.port}/v1/opamp"]) as agent:
        configured(agent)
        agent.until("message")
        # Before the agent says goodbye: the one that the record is played to will not.
        assert between.stop() == 0
    plays: list[Running] = []

    def plays_as_recorded(*more: str) -> bool:
        plays.append(start("opamp", "replay", "r.jsonl", "--listen", "127.0.0.1:0"))
        endpoint = f"{scheme}://127.0.0.1:{plays[-1].port}/v1/opamp"
        with running([*command, endpoint, *more]):
            return plays[-1].process.wait(30) == 0

    # Its threads put a status and the effective config behind it into one message or into two.
    assert any(plays_as_recorded() for _ in range(8)), plays[-1].out.read_text()
    assert not plays_as_recorded("-refuse")
    differs = "remote_config_status.status differs: FAILED, recorded APPLIED"
    assert differs in plays[-1].out.read_text()


@pytest.mark.parametrize(
    "fault", ["close@4", "1009@5", "agent:truncate@3", "drop@20%", "server:dup,reorder@3"]
)
def test_the_agent_is_configured_in_spite_of_faults(
    go_peers: Programs, server: tuple[Peer, str, Path], tap: Callable[..., Running], fault: str
) -> None:
    _, _, config = server
    config.write_text(GOOD)
    between = tap("--fault", fault, "--seed", "7")
    endpoint = f"ws://127.0.0.1:{between.port}/v1/opamp"
    command: list[str | Path] = [go_peers.agent, "-endpoint", endpoint, "-heartbeat", "100ms"]
    with running(command) as agent:
        configured(agent)
        for _ in range(8):
            agent.until("message")
    assert between.stop() == 0
    assert says(between, "fault")
    assert told(between)[-1]["faults"]
    assert not [text for text in says(between, "note") if "fault of otx" in text]
