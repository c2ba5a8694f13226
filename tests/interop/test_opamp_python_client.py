"""OpenTelemetry's own Python client of OpAMP against `otx opamp serve`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from otx.opamp.instance_uid import uid_text
from tests.services.opamp_serve.serving import Serving, until

pytestmark = pytest.mark.long  # it is installed first


def test_it_is_seen_configured_and_says_goodbye(
    python_opamp_client: Path, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    serving = Serving(tmp_path, cli_variables)
    url = f"http://{serving.api}/v1/opamp"
    agent = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("python_opamp.py")), url, "0.3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(python_opamp_client)},
    )
    try:
        assert agent.stdout is not None
        uid = uid_text(bytes.fromhex(json.loads(agent.stdout.readline())["uid"]))

        def row() -> dict[str, Any]:
            found = [one for one in serving.fleet.agents("") if one["uid"] == uid]
            return found[0] if found else {}

        until(row, lambda found: found and not found["needs_full_state"])
        wish = {"selector": "service.name=python-client", "objects": {"": {"body": "a: 1"}}}
        push = serving.fleet.post("pushes", wish)
        found = until(row, lambda found: found["config"]["standing"] == "in_sync")
        assert found["transport"] == "http"
        # The client numbers what it queues when it is made: numbers repeat, and that heals.
        configs = said(agent, "config")
        assert {one["hash"] for one in configs} == {push["config"]}
        assert configs[0]["bodies"] == {"": "a: 1"}
        assert len(serving.fleet.agents("")) == 1
        agent.stdin.close()  # type: ignore[union-attr]
        assert agent.wait(30) == 0
        until(row, lambda found: found["state"] == "gone")
    finally:
        agent.kill()
        agent.wait()
        agent.stdout.close()  # type: ignore[union-attr]
        serving.close()


def said(agent: "subprocess.Popen[str]", event: str) -> list[dict[str, Any]]:
    """What it said of an event, up to the first of that kind."""
    assert agent.stdout is not None
    for line in agent.stdout:
        one = json.loads(line)
        assert one["event"] not in ("error", "connect_failed"), one
        if one["event"] == event:
            return [one]
    return []
