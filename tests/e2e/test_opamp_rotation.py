"""Tokens are rotated over TLS and mTLS: agents move on, and nobody is locked out."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from otx.services.opamp_serve.client import RemoteFleet
from tests.conftest import RunCli
from tests.services.opamp_serve.authorities import TestAuthority
from tests.services.opamp_serve.managed import managed
from tests.services.opamp_serve.serving import Serving, until

TOKENS = "operator ann anns-token\n"
AGENTS_TOKEN = "agent fleet fleets-token\n"


class Guarded:
    """A server with tokens over TLS, one agent, and otx's commands for it."""

    def __init__(
        self,
        folder: Path,
        variables: dict[str, str],
        run: RunCli,
        transport: str,
        *,
        is_mutual: bool,
    ) -> None:
        self.folder, self.variables, self._run = folder, variables, run
        self.authority = TestAuthority(folder)
        self.tokens = folder / "tokens"
        self.tokens.write_text(TOKENS + AGENTS_TOKEN)
        (folder / "operator.token").write_text("anns-token\n")
        certificate, key = self.authority.issue("server")
        words = ["--tls-cert", str(certificate), "--tls-key", str(key), "--token-file", "tokens"]
        words += ["--client-ca", str(self.authority.certificate)] if is_mutual else []
        self.serving = Serving(folder, variables, *words)
        self.url = self.serving.url.replace("wss", transport)
        self.identity: Path | None = None
        self.tls = f"ca: {self.authority.certificate}"
        if is_mutual:
            certificate, key = self.authority.issue("agent")
            self.tls += f", cert: {certificate}, key: {key}"
            self.identity = folder / "operator.pem"
            pair = self.authority.issue("operator")
            self.identity.write_bytes(b"".join(path.read_bytes() for path in pair))

    def agent(self, token: str) -> Any:
        """The agent, started with a token and the state it had."""
        return managed(
            self.folder / "agent",
            self.variables,
            self.url,
            *("--header", f"Authorization=Bearer {token}"),
            section=f"heartbeat: 1s, health: {{window: 50ms}}, tls: {{{self.tls}}}",
        )

    def otx(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        words = ["opamp", *arguments, "--server", self.serving.url, "--token-file"]
        words += ["operator.token", "--ca", str(self.authority.certificate)]
        words += ["--cert", str(self.identity)] if self.identity else []
        return self._run(*words)

    @property
    def fleet(self) -> RemoteFleet:
        return RemoteFleet(
            self.serving.url, "anns-token", self.authority.certificate, self.identity
        )

    def connected(self) -> list[dict[str, Any]]:
        return [row for row in self.fleet.agents("") if row["state"] == "connected"]


@pytest.fixture(
    params=[
        pytest.param(("wss", False), marks=pytest.mark.long),
        ("wss", True),
        pytest.param(("https", True), marks=pytest.mark.long),
    ],
    ids=str,
)
def guarded(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    cli_variables: dict[str, str],
    run_cli: RunCli,
) -> Iterator[Guarded]:
    transport, is_mutual = request.param
    made = Guarded(tmp_path, cli_variables, run_cli, transport, is_mutual=is_mutual)
    with ExitStack() as stack:
        stack.callback(made.serving.close)
        yield made


def test_a_token_that_the_server_makes_outlives_the_one_in_the_file(guarded: Guarded) -> None:
    (guarded.folder / "settings.yaml").write_text("opamp: {rotate_token: true}\n")
    with guarded.agent("fleets-token"):
        until(guarded.connected, lambda rows: len(rows) == 1)
        done = guarded.otx("push", "--settings", "settings.yaml", "--all", "--yes")
        assert done.returncode == 0, done.stderr + done.stdout
        assert "1 matching: 1 applied" in done.stdout
        guarded.tokens.write_text(TOKENS)  # the one that agents began with ends
    with guarded.agent("fleets-token") as process:
        until(guarded.connected, lambda rows: len(rows) == 1)
        assert process.poll() is None
        guarded.serving.end()
        guarded.serving.start()
        until(guarded.connected, lambda rows: len(rows) == 1)
    audit = guarded.otx("audit").stdout
    assert "fleets-token" not in audit
    assert "anns-token" not in audit


def test_a_token_of_an_operator_is_taken_and_a_wrong_one_is_not(guarded: Guarded) -> None:
    guarded.tokens.write_text(f"{TOKENS}{AGENTS_TOKEN}agent next nexts-token\n")
    for name, token in (("next", "nexts-token"), ("wrong", "nobodys-token")):
        (guarded.folder / f"{name}.yaml").write_text(
            f"opamp: {{headers: {{Authorization: Bearer {token}}}}}\n"
        )
    with guarded.agent("fleets-token"):
        until(guarded.connected, lambda rows: len(rows) == 1)
        done = guarded.otx("push", "--settings", "wrong.yaml", "--all", "--yes")
        assert done.returncode == 1, done.stderr + done.stdout
        assert "FAILED" in done.stdout
        assert "nobodys-token" not in done.stdout + done.stderr
        until(guarded.connected, lambda rows: len(rows) == 1)
        done = guarded.otx("push", "--settings", "next.yaml", "--all", "--yes")
        assert done.returncode == 0, done.stderr + done.stdout
        guarded.tokens.write_text(f"{TOKENS}agent next nexts-token\n")
        guarded.serving.end()
        guarded.serving.start()
        until(guarded.connected, lambda rows: len(rows) == 1)


def test_who_has_no_certificate_is_told_what_to_show(guarded: Guarded) -> None:
    if guarded.identity is None:
        assert guarded.otx("agents").returncode == 0
        return
    guarded.identity = None
    done = guarded.otx("agents")
    assert done.returncode == 3
    assert "ended the connection without an answer" in done.stderr
    assert "--cert FILE" in done.stderr
    guarded.identity = guarded.tokens
    done = guarded.otx("agents")
    assert done.returncode == 2
    assert "tokens cannot be used" in done.stderr
