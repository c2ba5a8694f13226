"""The conformance tester against peers that nobody here wrote: it finds what is known of them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli
from tests.interop.opamp_peers import (
    Programs,
    collector_config,
    go_server,
    running,
    supervisor_config,
)

Verdicts = dict[tuple[int, str], str]


def verdicts(document: dict[str, Any]) -> Verdicts:
    return {(one["rule"], one["transport"]): one["verdict"] for one in document["results"]}


@pytest.fixture
def conform_server(
    run_cli: RunCli, go_peers: Programs, tmp_path: Path
) -> Callable[..., tuple[int, Verdicts]]:
    """Tests opamp-go's server, started with options."""

    def test(*options: str, only: str) -> tuple[int, Verdicts]:
        command, config = go_server(tmp_path, *options)
        with running(command) as server:
            url = f"ws://{server.until('listening')['addr']}/v1/opamp"
            done = run_cli(
                *("opamp", "conform", "--server", url, "--only", only, "--timeout", "2s"),
                *("--assign", f"cp {{file}} {config}", "--format", "json"),
            )
        return done.returncode, verdicts(json.loads(done.stdout))

    return test


@pytest.mark.long
def test_a_server_of_opamp_go(conform_server: Callable[..., tuple[int, Verdicts]]) -> None:
    code, found = conform_server(only="2,5,48,59,66-68,79,80,95,135")
    assert code == 1, "it asks for full state of strangers only"
    assert found[59, "ws"] == found[59, "http"] == "failed"
    for kept in (2, 48, 66, 67, 68, 79, 80):
        assert found[kept, "ws"] == "passed", kept
    # Over HTTP it offers again whatever it was told about it.
    assert (found[95, "ws"], found[5, "ws"], found[135, "http"]) == ("passed", "failed", "failed")


@pytest.mark.long
def test_a_server_without_capabilities_is_found_out(
    conform_server: Callable[..., tuple[int, Verdicts]],
) -> None:
    code, found = conform_server("-no-capabilities", only="66,68")
    assert code == 1
    assert found[68, "ws"] == found[68, "http"] == "failed"
    assert found[66, "ws"] == "passed"


@pytest.mark.long
def test_a_server_that_offers_what_failed_is_found_out(
    conform_server: Callable[..., tuple[int, Verdicts]],
) -> None:
    assert conform_server("-reoffer-failed", only="95")[1][95, "ws"] == "failed"
    assert conform_server(only="95")[1][95, "ws"] == "passed"


@pytest.mark.long
def test_an_agent_of_opamp_go(run_cli: RunCli, go_peers: Programs, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\n")
    done = run_cli(
        *("opamp", "conform", "--agent", "--config", "good.yaml", "--format", "json"),
        *("--only", "1,3,5,34,36,50,52,58,64,65,84,85,89-93,115,122", "--timeout", "3s"),
        *("--", str(go_peers.agent), "-endpoint", "{endpoint}", "-heartbeat", "1s"),
    )
    found = verdicts(json.loads(done.stdout))
    assert done.returncode == 0, "it breaks no MUST of these"
    broken = {number for (number, _), verdict in found.items() if verdict == "failed"}
    # It reads a message without a header as well, answers every request at once, and does not
    # look whom a message is for.
    assert broken == {5, 65, 122}


@pytest.mark.long
def test_an_agent_of_opamp_go_that_refuses(
    run_cli: RunCli, go_peers: Programs, tmp_path: Path
) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\n")
    done = run_cli(
        *("opamp", "conform", "--agent", "--config", "good.yaml", "--format", "json"),
        *("--only", "84,85,89", "--transport", "ws", "--timeout", "3s"),
        *("--", str(go_peers.agent), "-endpoint", "{endpoint}", "-refuse"),
    )
    found = verdicts(json.loads(done.stdout))
    assert (found[84, "ws"], found[85, "ws"], found[89, "ws"]) == ("failed", "passed", "passed")


@pytest.mark.long
def test_the_python_client(run_cli: RunCli, python_opamp_client: Path, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\n")
    program = Path(__file__).with_name("python_opamp.py")
    # The agent goes on until its input ends.
    agent = f"tail -f /dev/null | exec {sys.executable} {program} {{endpoint}} 0.3"
    done = run_cli(
        *("opamp", "conform", "--agent", "--transport", "http", "--timeout", "3s"),
        *("--config", "good.yaml", "--format", "json", "--only", "26,30,34,36,46,58,64,84,91,115"),
        *("--", "/bin/sh", "-c", agent),
        variables={"PYTHONPATH": str(python_opamp_client)},
    )
    found = verdicts(json.loads(done.stdout))
    broken = {number for (number, _), verdict in found.items() if verdict == "failed"}
    # It repeats a request whatever the status was.
    assert (done.returncode, broken) == (1, {46}), done.stdout


@pytest.mark.long
def test_the_supervisor_stays_on_a_bad_configuration(
    run_cli: RunCli, go_supervisor: tuple[Path, Path], tmp_path: Path
) -> None:
    for name in ("good", "bad"):
        (tmp_path / f"{name}.yaml").write_text(collector_config(name))
    supervisor_config(tmp_path, "ENDPOINT", go_supervisor)
    begin = f"sed 's#ENDPOINT#{{endpoint}}#; s#{tmp_path}/run#{{dir}}#' {tmp_path}/supervisor.yaml"
    done = run_cli(
        *("opamp", "conform", "--agent", "--transport", "ws", "--timeout", "6s"),
        *("--config", "good.yaml", "--failing-config", "bad.yaml", "--format", "json"),
        *("--only", "50,58,64,84,86", "--", "/bin/sh", "-c"),
        f"{begin} > {{dir}}/s.yaml; exec {go_supervisor[0]} --config {{dir}}/s.yaml",
    )
    found = verdicts(json.loads(done.stdout))
    broken = {number for (number, _), verdict in found.items() if verdict == "failed"}
    assert (done.returncode, broken) == (0, {86}), done.stdout
