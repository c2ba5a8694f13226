"""Agents on opamp-go, and the contrib supervisor with a Collector, against `otx opamp serve`."""

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.opamp_peers import APPLY_TIMEOUT, SUPERVISED, Peer, Programs, running
from tests.services.opamp_serve.serving import Serving, until

pytestmark = pytest.mark.long


@pytest.fixture
def serving(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Serving]:
    started = Serving(tmp_path, cli_variables)
    yield started
    started.close()


def url(serving: Serving, scheme: str) -> str:
    return f"{scheme}://{serving.api}/v1/opamp"


def rows(serving: Serving) -> dict[str, dict[str, Any]]:
    return {row["service"]: row for row in serving.fleet.agents("")}


def push(serving: Serving, body: str, selector: str = "", **more: Any) -> dict[str, Any]:
    wish = {"selector": selector, "objects": {"": {"body": body}}, "name": "c.yaml", **more}
    return serving.fleet.post("pushes", wish)


def until_standing(serving: Serving, service: str, standing: str) -> dict[str, Any]:
    found = until(
        lambda: rows(serving).get(service, {}),
        lambda row: bool(row) and row["config"]["standing"] == standing,
    )
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_it_is_configured_once_survives_restarts_and_goes(
    go_peers: Programs, serving: Serving, scheme: str
) -> None:
    command: list[str | Path] = [
        go_peers.agent,
        "-endpoint",
        url(serving, scheme),
        "-heartbeat",
        "1s",
    ]
    with running([*command, "-name", "go"]) as agent:
        agent.until("connected")
        until(lambda: rows(serving).get("go"), bool)  # connected is not heard yet
        first = push(serving, "a: 1")
        assert agent.until("remote_config")["hash"] == first["config"]
        until_standing(serving, "go", "in_sync")
        bad = push(serving, "a: [")
        assert agent.until("remote_config")["hash"] == bad["config"]
        until_standing(serving, "go", "failed")
        for number in (signal.SIGTERM, signal.SIGKILL):
            serving.end(number)
            serving.start()
            until(lambda: rows(serving)["go"]["state"], lambda state: state == "connected")
            until(lambda: rows(serving)["go"]["needs_full_state"], lambda needs: not needs)
        serving.fleet.post(f"pushes/{bad['number']}/rollback", {})
        assert agent.until("remote_config")["hash"] == first["config"]
        until_standing(serving, "go", "in_sync")
        offers = [line["hash"] for line in agent.lines if line["event"] == "remote_config"]
        assert offers == [first["config"], bad["config"], first["config"]]
        assert not [line for line in agent.lines if line["event"] == "server_error"]
        assert agent.stop() == 0
    if scheme == "ws":
        until(lambda: rows(serving)["go"]["state"], lambda state: state == "gone")


def test_two_agents_with_one_uid_become_two(go_peers: Programs, serving: Serving) -> None:
    uid = str(uuid.uuid4())
    command: list[str | Path] = [
        go_peers.agent,
        "-endpoint",
        url(serving, "ws"),
        "-heartbeat",
        "1s",
        "-uid",
        uid,
    ]
    with running([*command, "-name", "one"]) as one, running([*command, "-name", "two"]) as two:
        found = until(
            lambda: rows(serving),
            lambda found: (
                {row["state"] for row in found.values()} == {"connected"}
                and set(found) == {"one", "two"}
            ),
        )
        assert len({row["uid"] for row in found.values()}) == 2
        given = until(lambda: _new_uids(one) + _new_uids(two), bool)
        assert len(given) == 1
        assert given[0] in {row["uid"] for row in found.values()}


def _new_uids(peer: Peer) -> list[str]:
    return [line["uid"] for line in peer.lines if line["event"] == "new_uid"]


def test_a_canary_stops_at_an_agent_that_refuses(go_peers: Programs, serving: Serving) -> None:
    command: list[str | Path] = [
        go_peers.agent,
        "-endpoint",
        url(serving, "ws"),
        "-heartbeat",
        "1s",
        "-refuse",
    ]
    with (
        running([*command, "-name", "one"]),
        running([*command, "-name", "two"]),
        running([*command, "-name", "three"]),
    ):
        until(lambda: rows(serving), lambda found: len(found) == 3)
        begun = push(serving, "a: 1", canary="1", observe="0s")
        stopped = until(
            lambda: serving.fleet.get(f"pushes/{begun['number']}"),
            lambda found: found["state"] == "stopped",
        )
        assert "refused by -refuse" in stopped["note"]
        assert stopped["agents"]["failed"] == 1
        assert stopped["agents"]["later"] == 2


def test_the_supervisor_and_its_collector_are_configured(
    go_supervisor: tuple[Path, Path], serving: Serving, tmp_path: Path
) -> None:
    program, collector = go_supervisor
    config = tmp_path / "supervisor.yaml"
    text = (SUPERVISED / "supervisor.yaml").read_text()
    for name, value in (
        ("ws://127.0.0.1:14320/v1/opamp", url(serving, "ws")),
        ("${DIR}/bin/otelcol-opamp", str(collector)),
        ("${DIR}/run/sup-state", str(tmp_path / "storage")),
        (APPLY_TIMEOUT, "config_apply_timeout: 15s"),  # a busy machine makes a good one late
    ):
        assert name in text, f"{name} in supervisor.yaml"
        text = text.replace(name, value)
    config.write_text(text)
    with running([program, "--config", config], stop=signal.SIGINT):
        until(lambda: serving.fleet.agents(""), lambda found: len(found) == 1)
        good = push(serving, (SUPERVISED / "remote-good.yaml").read_text())
        found = until(
            lambda: serving.fleet.agents("")[0],
            lambda row: row["config"]["standing"] == "in_sync" and row["healthy"],
        )
        assert found["config"]["reported"] == good["config"]
        push(serving, (SUPERVISED / "remote-bad.yaml").read_text())
        found = until(
            lambda: serving.fleet.agents("")[0],
            lambda row: row["config"]["standing"] in ("failed", "rolled_back"),
        )
        assert found["config"]["failure"]["reason"]
        why = serving.fleet.why(found["uid"])
        assert why["blocked_at"] == "status"
        serving.fleet.post("pushes/2/rollback", {})
        until(
            lambda: serving.fleet.agents("")[0],
            lambda row: row["config"]["standing"] == "in_sync" and row["healthy"],
        )
