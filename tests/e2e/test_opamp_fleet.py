"""`otx opamp` agents, push, rollback, restart and audit as a user runs them."""

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otx.cli import run
from otx.environment import Environment
from otx.opamp.instance_uid import uid_text
from otx.opamp.server.settings_standing import SettingsStanding
from tests.conftest import RunCli, Terminal
from tests.services.opamp_serve.answering import Answering, answering
from tests.services.opamp_serve.managed import managed
from tests.services.opamp_serve.messages import uid_of
from tests.services.opamp_serve.serving import Serving, until

Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Shop:
    """A server with three agents, and otx's commands for it."""

    def __init__(self, serving: Serving, agents: list[Answering], run: RunCli) -> None:
        self.serving = serving
        self.agents = agents
        self._run = run

    def otx(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        address = {"OTX_OPAMP_SERVER": f"http://{self.serving.api}", "USER": "ann"}
        return self._run("opamp", *arguments, stdin=stdin, variables=address)

    def rows(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """`otx opamp agents --format json`, by service."""
        done = self.otx("agents", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return {agent["service"]: agent for agent in json.loads(done.stdout)}


@pytest.fixture
def shop(tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli) -> Iterator[Shop]:
    serving = Serving(tmp_path, cli_variables)
    with ExitStack() as stack:
        stack.callback(serving.close)
        agents = [
            stack.enter_context(answering(serving.url, 1, env="prod")),
            stack.enter_context(answering(serving.url, 2, fails="kafka", env="prod")),
            stack.enter_context(answering(serving.url, 3, env="test")),
        ]
        yield Shop(serving, agents, run_cli)


def test_push_see_and_take_back(shop: Shop, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("exporters:\n  debug: {}\n")
    bad.write_text("exporters:\n  kafka: {}\n")

    done = shop.otx("push", "good.yaml", "-l", "env=prod", "--yes", "--why", "first")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("push 1 done: good.yaml v1 (")
    assert "2 matching: 2 applied" in done.stdout
    assert "2 get it: agent-1" in done.stderr

    done = shop.otx("push", "bad.yaml", "-l", "env=prod", "--yes")
    assert done.returncode == 1
    assert "1 applied, 1 failed" in done.stdout
    assert "FAILED: cannot use kafka" in done.stdout
    assert "-  debug: {}" in done.stderr
    assert "+  kafka: {}" in done.stderr

    table = shop.otx("agents", "-l", "env=prod", "-L", "env").stdout
    assert table.splitlines()[0].split()[-1] == "env"
    assert "applied" in table
    assert "FAILED" in table
    rows = shop.rows()
    standings = {name: row["config"]["standing"] for name, row in rows.items()}
    assert standings == {"agent-1": "in_sync", "agent-2": "failed", "agent-3": "none"}

    why = shop.otx("agents", "--why", uid_text(uid_of(2)))
    assert why.returncode == 0
    assert "it is not updating because it reported FAILED for bad.yaml v1 (" in why.stdout
    document = json.loads(shop.otx("agents", "--why", "agent-2", "--format", "json").stdout)
    assert document["blocked_at"] == "status"

    done = shop.otx("rollback", "--yes", "--why", "kafka is not built in")
    assert done.returncode == 0, done.stderr
    assert "2 go back to good.yaml v1" in done.stdout
    rows = until(
        lambda: shop.rows(),
        lambda found: all(
            found[name]["config"]["standing"] == "in_sync" for name in ("agent-1", "agent-2")
        ),
    )
    assert [len(agent.configs) for agent in shop.agents] == [3, 3, 0]

    lines = json.loads(shop.otx("audit", "--format", "json").stdout)
    assert [(line["who"], line["what"]) for line in lines if line["who"] == "ann"] == [
        ("ann", "push"),
        ("ann", "push"),
        ("ann", "rollback"),
    ]
    assert "kafka is not built in" in shop.otx("audit").stdout


def test_a_canary_stops_at_the_first_failure_and_the_rest_keeps_what_it_has(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "new.yaml").write_text("exporters: {kafka: {}}\n")
    for agent in shop.agents:
        agent.fails = "kafka"
    push = ("push", "new.yaml", "--all", "--canary", "1", "--observe", "0s", "--yes")
    done = shop.otx(*push)
    assert done.returncode == 1
    assert done.stdout.startswith("push 1 stopped")
    assert "1 agent failed" in done.stdout
    assert "`otx opamp push --resume 1` goes on" in done.stdout
    assert sum(len(agent.configs) for agent in shop.agents) == 1
    found = json.loads(shop.otx("push", "--list", "--format", "json").stdout)
    assert found[0]["state"] == "stopped"
    assert found[0]["agents"]["later"] == 2
    assert shop.otx("rollback", "1", "--yes").returncode == 0
    for agent in shop.agents:
        agent.fails = ""
    done = shop.otx(*push, "--retry")
    assert done.returncode == 0, done.stdout
    assert "3 applied" in done.stdout
    assert [agent.configs.count("exporters: {kafka: {}}\n") for agent in shop.agents].count(1) >= 2


def test_nothing_is_done_without_a_yes(
    shop: Shop, environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text("a: 1\n")
    address = {**environment.variables, "OTX_OPAMP_SERVER": f"http://{shop.serving.api}"}

    def code(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
        """Exit code and remarks of a command, in this process: there are many."""
        said = Terminal()
        here = replace(environment, variables=address, stdin=io.BytesIO(stdin), stderr=said)
        return run(["opamp", *arguments], here), said.text

    for arguments in (
        ("push", "c.yaml", "--all"),
        ("restart", "--all"),
        ("push", "c.yaml", "--yes"),
        ("push", "--all", "--yes"),
        ("push", "nothing.yaml", "--all", "--yes"),
        ("push", "c.yaml", "-l", "a b", "--yes"),
        ("push", "c.yaml", "--all", "--canary", "0", "--yes"),
        ("push", "c.yaml", "--all", "-l", "a=b", "--yes"),
    ):
        done, said = code(*arguments)
        assert done == 2, arguments
        assert "hint" in said or "cannot read" in said
    assert code("push", "-", "--all", "--yes", stdin=b"a: [")[0] == 2
    assert code("push", "c.yaml", "-l", "a=b", "--yes")[0] == 1
    assert code("push", "c.yaml", "--all", "--dry")[0] == 0
    assert code("rollback", "--yes")[0] == 1
    assert code("agents", "--why", "nobody")[0] == 1
    assert [agent.configs for agent in shop.agents] == [[], [], []]


def test_restart_orders_those_that_accept_it(shop: Shop) -> None:
    done = shop.otx("restart", uid_text(uid_of(1)), "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 ordered to restart\n"
    until(lambda: shop.agents[0].commands, lambda count: count == 1)
    assert [agent.commands for agent in shop.agents] == [1, 0, 0]


def test_only_agents_that_are_gone_are_forgotten(shop: Shop) -> None:
    with answering(shop.serving.url, 4):
        assert len(shop.rows()) == 4
    until(lambda: shop.rows()["agent-4"]["state"], lambda state: state == "gone")
    done = shop.otx("forget", "--all", "--yes", "--why", "taken down")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 forgotten\n3 are not gone and stay\n"
    assert set(shop.rows()) == {"agent-1", "agent-2", "agent-3"}
    assert shop.otx("forget", "agent-1", "--yes").returncode == 1
    assert shop.otx("forget").returncode == 2
    assert "1 of 4 are forgotten: taken down" in shop.otx("audit").stdout


def test_without_a_server_the_file_is_read(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("a: 1\n")
    assert shop.otx("push", "c.yaml", "--all", "--yes", "--format", "json").returncode == 0
    assert shop.serving.end() == 0
    db = ("--db", str(shop.serving.db))
    rows = shop.rows(*db)
    assert {row["state"] for row in rows.values()} == {"unknown"}
    assert {row["config"]["standing"] for row in rows.values()} == {"in_sync"}
    assert "push" in shop.otx("audit", *db).stdout
    why = shop.otx("agents", "--why", "agent-1", *db)
    assert "no server runs that knows whether it is connected" in why.stdout
    done = shop.otx("agents")
    assert done.returncode == 3
    assert "no OpAMP server answers" in done.stderr
    assert shop.otx("agents", "--db", "nothing.db").returncode == 2


def test_connection_settings_are_offered_from_a_file(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("own_metrics: {endpoint: http://127.0.0.1:4318/v1/m}\n")
    offer = ("push", "--settings", "settings.yaml", "--all")
    done = shop.otx(*offer, "--dry")
    assert done.returncode == 0
    assert "3 take none of these parts" in done.stderr
    assert shop.serving.fleet.get("settings")["settings"] == []
    done = shop.otx(*offer, "--yes", "--format", "json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["parts"] == ["own_metrics"]
    counts = {place.value: 0 for place in SettingsStanding}
    assert document["agents"] == counts | {"matching": 3, "unable": 3}
    (tmp_path / "settings.yaml").write_text("opamp: {rotate_token: true}\n")
    done = shop.otx("push", "--settings", "settings.yaml", "--all", "--yes")
    assert done.returncode == 2
    assert "--token-file" in done.stderr
    for arguments in (
        ("push", "a.yaml", *offer[1:], "--yes"),
        ("push", "--list", "--resume", "1"),
        ("push", "--resume", "1", "--pause", "1"),
    ):
        done = shop.otx(*arguments)
        assert done.returncode == 2
        assert "cannot both be meant" in done.stderr


def test_what_becomes_of_settings_is_waited_for(
    tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli
) -> None:
    (tmp_path / "tokens").write_text("operator ann anns-token\nagent fleet fleets-token\n")
    (tmp_path / "rotated.yaml").write_text("opamp: {heartbeat: 7s, rotate_token: true}\n")
    (tmp_path / "elsewhere.yaml").write_text("opamp: {endpoint: ws://192.0.2.1:1/v1/opamp}\n")
    serving = Serving(tmp_path, cli_variables, "--token-file", "tokens", token="anns-token")
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}", "OTX_OPAMP_TOKEN_FILE": "tokens"}

    def offer(name: str) -> "subprocess.CompletedProcess[str]":
        words = ("opamp", "push", "--settings", name, "--all", "--yes")
        return run_cli(*words, variables=address)

    with ExitStack() as stack:
        stack.callback(serving.close)
        header = ("--header", "Authorization=Bearer fleets-token")
        for name, more in (("one", ()), ("two", ("--no-connection-settings",))):
            section = f"health: {{window: 50ms}}, name: {name}"
            stack.enter_context(
                managed(
                    tmp_path / name,
                    cli_variables,
                    serving.url,
                    *(*header, *more),
                    section=section,
                )
            )
        until(lambda: serving.fleet.agents("service.name"), lambda rows: len(rows) == 2)

        done = offer("rotated.yaml")
        assert done.returncode == 0, done.stderr + done.stdout
        assert "  1 gets them: one " in done.stderr
        assert "  1 takes none of these parts" in done.stderr
        assert "2 matching: 1 unable, 1 applied" in done.stdout
        (row,) = serving.fleet.agents("service.name=one")
        assert row["interval_s"] == 7

        done = offer("elsewhere.yaml")
        assert done.returncode == 1, done.stdout
        assert "WARNING: that is not this server" in done.stderr
        assert "the server 192.0.2.1 is not among agent.allow.servers" in done.stdout
