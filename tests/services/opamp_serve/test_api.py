"""The JSON API over the port: what is stable in its documents."""

import http.client
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from otx.errors import MachineError, NotThere, UsageError
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import (
    AvailableComponents,
    ComponentDetails,
    ComponentHealth,
    CustomMessage,
)
from tests.services.opamp_serve.conftest import StartServing
from tests.services.opamp_serve.messages import FIRST, full, status, uid_of
from tests.services.opamp_serve.serving import Serving, until, wire

ROW: dict[str, type | tuple[type, ...]] = {
    "uid": str,
    "service": str,
    "version": (str, type(None)),
    "host": str,
    "labels": dict,
    "state": str,
    "transport": str,
    "peer": str,
    "first_seen": str,
    "last_seen": str,
    "connected_since": (str, type(None)),
    "sequence_num": int,
    "needs_full_state": bool,
    "capabilities": list,
    "healthy": bool,
    "health_status": str,
    "health_error": (str, type(None)),
    "health_since": str,
    "start_time": str,
    "config": dict,
    "settings": dict,
    "interval_s": (int, type(None)),
}
CONFIG = {
    *("assigned", "assigned_name", "assigned_version", "push", "reported", "running", "good"),
    *("status", "error", "since", "standing", "failed"),
    "failure",
    "taken_back",
}


@pytest.fixture
def serving(start_serving: StartServing) -> Serving:
    return start_serving()


def test_an_agent_and_all_that_is_known_of_it(serving: Serving) -> None:
    report = full(1, env="prod")
    report.health.component_health_map["receiver/otlp"].CopyFrom(
        ComponentHealth(healthy=False, last_error="bind: address already in use")
    )
    report.available_components.CopyFrom(
        AvailableComponents(hash=b"\x01", components={"receivers": ComponentDetails()})
    )
    report.custom_message.CopyFrom(CustomMessage(capability="io.x", type="t", data=b"\x02"))
    with wire(serving.url) as socket:
        socket.ask(report)
        push = serving.fleet.post("pushes", {"selector": "", "objects": {"": {"body": "a: 1"}}})
        socket.hear()
        socket.ask(status(1, FIRST + 1, "FAILED", bytes.fromhex(push["config"]), "no"))
        (row,) = serving.fleet.agents("env=prod")
        whole = serving.fleet.get(f"agents/{row['uid']}")
    assert {name: type(row[name]) for name in row if name in ROW}.keys() == ROW.keys()
    for name, kinds in ROW.items():
        assert isinstance(row[name], kinds), name
    assert set(row["config"]) == CONFIG
    assert row["config"]["standing"] == "failed"
    assert row["config"]["failed"][0]["reason"] == "no"
    assert row.items() <= {**whole, "last_seen": row["last_seen"]}.items()
    component = whole["health"]["components"]["receiver/otlp"]
    assert component["error"] == "bind: address already in use"
    assert whole["effective_config"][""]["body"] == "mine: 1"
    assert whole["components"] == {
        "hash": "01",
        "components": {"receivers": {"metadata": {}, "components": {}}},
    }
    assert whole["custom_messages"] == [{"capability": "io.x", "type": "t", "data": "02"}]
    assert whole["pushes"] == [1]


def test_an_agent_is_found_by_what_people_call_it(serving: Serving) -> None:
    with wire(serving.url) as one, wire(serving.url) as two:
        one.ask(full(1))
        two.ask(full(2))
        for text in (uid_text(uid_of(1)), "agent-1", "host-1"):
            assert serving.fleet.get(f"agents/{text}")["uid"] == uid_text(uid_of(1))
        with pytest.raises(NotThere, match="can be 2 agents"):
            serving.fleet.get("agents/0190")
        with pytest.raises(NotThere, match="was ever heard"):
            serving.fleet.get(f"agents/{uid_text(uid_of(3))}")


@pytest.mark.parametrize(
    ("path", "wanted", "words"),
    [
        ("pushes", {}, "objects"),
        ("pushes", {"objects": {"": {"body": "a"}}}, "selector"),
        ("pushes", {"objects": {"": {}}, "selector": ""}, "neither body"),
        ("pushes", {"objects": {"": {"body_base64": "!"}}, "selector": ""}, "neither body"),
        ("pushes", {"objects": {"": 1}, "selector": ""}, "no JSON object"),
        ("pushes", {"objects": {"": {"body": ""}}, "selector": "("}, "no label selector"),
        ("pushes", {"objects": {"": {"body": ""}}, "selector": "", "observe": "x"}, "duration"),
        ("settings", {"selector": ""}, "one of"),
        ("settings", {"opamp": {}}, "selector"),
        ("restart", {"selector": "a b"}, "no label selector"),
        ("pushes/x/pause", {}, "no number"),
    ],
)
def test_bad_requests_are_told(serving_once: Serving, path: str, wanted: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        serving_once.fleet.post(path, wanted)


@pytest.fixture(scope="module")
def serving_once(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import os

    folder = tmp_path_factory.mktemp("api")
    serving = Serving(Path(folder), {**os.environ, "HOME": str(folder)})
    with wire(serving.url) as socket:
        socket.ask(full(1))
        yield serving
    serving.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"objects":' * 5_000])
def test_what_is_no_document_is_told(serving_once: Serving, body: bytes) -> None:
    with closing(http.client.HTTPConnection(serving_once.api, timeout=30)) as connection:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/pushes", body, headers)
        response = connection.getresponse()
        assert response.status == 400
        assert json.loads(response.read())["error"]


def test_nobody_matching_is_no_push(serving_once: Serving) -> None:
    wish = {"selector": "a=b", "objects": {"": {"body": "a: 1"}}}
    with pytest.raises(NotThere, match="no agent matches a=b"):
        serving_once.fleet.post("pushes", wish)
    assert serving_once.fleet.pushes() == []
    plan = serving_once.fleet.post("pushes", {**wish, "selector": "", "dry_run": True})
    assert [one["service"] for one in plan["changes"]] == ["agent-1"]
    assert serving_once.fleet.pushes() == []


def test_a_change_that_cannot_be_kept_is_none(serving: Serving) -> None:
    wish = {"selector": "", "objects": {"": {"body": "a: 1"}}}
    with wire(serving.url) as socket:
        socket.ask(full(1))
        with closing(sqlite3.connect(serving.db, isolation_level=None)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            for path, wanted in (
                ("pushes", wish),
                ("restart", {"selector": ""}),
                ("settings", {"selector": "", "opamp": {"heartbeat": "9s"}}),
            ):
                with pytest.raises(MachineError, match="cannot be written"):
                    serving.fleet.post(path, wanted)
            assert serving.fleet.pushes() == []
            assert serving.fleet.get("settings")["settings"] == []
            with pytest.raises(TimeoutError):
                socket.hear(timeout_s=0.2)
            locker.execute("ROLLBACK")
        until(lambda: serving.fleet.get("status"), lambda found: not found["disk_error"])
        push = serving.fleet.post("pushes", wish)
        assert push["number"] == 1
        assert socket.hear().remote_config.config_hash.hex() == push["config"]
    said = [line["what"] for line in serving.fleet.audit(100, 0, "")]
    assert said.count("push") == 1
    assert "restart" not in said
