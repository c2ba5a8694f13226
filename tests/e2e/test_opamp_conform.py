"""`otx opamp conform` as a user calls it: against otx's own server and agent, and misused."""

import json
import socket
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.conftest import RunCli
from tests.services.opamp_serve.serving import Serving

QUICK = "1,5,50,64,85,115"
"""Rules of an agent that need no time."""
KEPT = {"passed", "not testable here", "not applicable"}


def test_otx_serve_keeps_every_rule_that_shows(
    run_cli: RunCli, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    serving = Serving(tmp_path, cli_variables, "--max-message", "1MiB")
    try:
        done = run_cli(
            *("opamp", "conform", "--server", serving.url, "--limit", "1MiB", "--strict"),
            *("--format", "json"),
        )
        left = serving.fleet.agents(""), serving.fleet.pushes()
        serving.end()
        serving.start()
        assert (serving.fleet.agents(""), serving.fleet.pushes()) == left
    finally:
        serving.close()
    assert left == ([], []), "a test leaves nothing in the lists"
    assert "agents and 13 pushes of the test are forgotten" in done.stderr
    found = json.loads(done.stdout)
    broken = [one for one in found["results"] if one["verdict"] == "failed"]
    assert (done.returncode, broken) == (0, []), done.stderr
    passed = {one["rule"] for one in found["results"] if one["verdict"] == "passed"}
    assert {2, 4, 43, 45, 59, 66, 68, 76, 79, 80, 82, 95, 105, 119, 132, 133, 134} <= passed


def test_what_stays_on_a_server_that_cannot_be_told_to_forget_is_said(
    run_cli: RunCli, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    serving = Serving(tmp_path, cli_variables)
    try:
        done = run_cli(
            *("opamp", "conform", "--server", serving.url, "--only", "60,66", "--assign", "none")
        )
        agents = serving.fleet.agents("")
        assert f"{len(agents)} agents of the test said goodbye and stay" in done.stderr
        assert {agent["state"] for agent in agents} == {"gone"}
        assert all(agent["uid"].endswith("6f74782d6366") for agent in agents)
        address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}
        done = run_cli("opamp", "forget", "--all", "--yes", variables=address)
        assert done.returncode == 0, done.stderr
        assert serving.fleet.agents("") == []
        done = run_cli("opamp", "forget", "--all", "--yes", variables=address)
        assert done.returncode == 1
    finally:
        serving.close()


def test_a_server_with_tokens(
    run_cli: RunCli, tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(
        "agent a secret-of-agents-1234567890\noperator o secret-of-operators-123456\n"
    )
    tokens.chmod(0o600)
    serving = Serving(
        tmp_path, cli_variables, "--token-file", str(tokens), token="secret-of-operators-123456"
    )
    header = "Authorization=Bearer secret-of-agents-1234567890"
    try:
        done = run_cli(
            *("opamp", "conform", "--server", serving.url, "--only", "22,66", "--header", header),
            *("--operator-token-file", str(tokens)),
        )
    finally:
        serving.close()
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.count("passed ") == 4, done.stdout
    assert "secret-of" not in done.stdout


def test_otx_agent_keeps_its_rules(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("a: 1\n")
    agent = [sys.executable, "-m", "otx", "agent", "run", "--server", "{endpoint}"]
    supervised = ["--", "/bin/sh", "-c", "exec sleep 1000", "{config}"]
    done = run_cli(
        *("opamp", "conform", "--agent", "--transport", "ws", "--only", QUICK),
        *("--format", "junit", "--", *agent, "--config", "base.yaml", "--state", "{dir}/state"),
        *("--allow-remote-config", *supervised),
    )
    root = fromstring(done.stdout)
    assert (done.returncode, root.get("failures")) == (0, "0"), done.stdout
    assert root.get("skipped") == "0", done.stdout


@pytest.mark.long
def test_otx_agent_keeps_its_health_over_another_connection(
    run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "base.yaml").write_text("a: 1\n")
    agent = [sys.executable, "-m", "otx", "agent", "run", "--server", "{endpoint}"]
    supervised = ["--", "/bin/sh", "-c", "exec sleep 1000", "{config}"]
    done = run_cli(
        *("opamp", "conform", "--agent", "--only", "140", "--format", "json", "--", *agent),
        *("--config", "base.yaml", "--state", "{dir}/state", *supervised),
    )
    verdicts = [one["verdict"] for one in json.loads(done.stdout)["results"]]
    assert verdicts == ["passed", "passed"], done.stdout


def test_a_peer_that_breaks_a_must_ends_with_1(run_cli: RunCli) -> None:
    done = run_cli(
        *("opamp", "conform", "--agent", "--transport", "ws", "--only", "50", "--timeout", "200ms"),
        *("--", "/bin/sh", "-c", "echo words of the agent; exit 3", "{endpoint}"),
    )
    assert done.returncode == 1
    assert "no first report" in done.stdout
    assert "ended with 3: words of the agent" in done.stdout


def test_what_cannot_be_meant_is_said(run_cli: RunCli) -> None:
    neither = run_cli("opamp", "conform")
    assert (neither.returncode, "what is to be tested?" in neither.stderr) == (2, True)
    no_place = run_cli("opamp", "conform", "--agent", "--", "sleep", "1")
    assert (no_place.returncode, "{endpoint}" in no_place.stderr) == (2, True)
    no_rule = run_cli("opamp", "conform", "--agent", "--only", "7", "--", "true", "{endpoint}")
    assert (no_rule.returncode, "there is no rule 7" in no_rule.stderr) == (2, True)
    no_url = run_cli("opamp", "conform", "--server", "ftp://x")
    assert no_url.returncode == 2
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = run_cli("opamp", "conform", "--server", f"ws://127.0.0.1:{port}/v1/opamp")
    assert nobody.returncode == 3, nobody.stderr


@pytest.mark.parametrize(("role", "number"), [(["--server", "ws://x"], "59"), (["--agent"], "58")])
def test_list_shows_the_rules(run_cli: RunCli, role: list[str], number: str) -> None:
    done = run_cli("opamp", "conform", *role, "--list")
    assert done.returncode == 0
    assert number in done.stdout.split()
    assert "MUST" in done.stdout
