"""Signed configurations from `otx opamp key` to what a real agent with `--trust` makes of them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from otx.opamp.signing import key_name, private_key, public_key
from tests.conftest import RunCli
from tests.services.opamp_serve.managed import managed
from tests.services.opamp_serve.serving import Serving, until


class House:
    """A server with agents that trust one key, and otx's commands for it."""

    def __init__(self, folder: Path, variables: dict[str, str], run: RunCli) -> None:
        self.folder = folder
        self._variables = variables
        self._run = run
        self.serving = Serving(folder, variables)

    def otx(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        address = {"OTX_OPAMP_SERVER": f"http://{self.serving.api}"}
        return self._run("opamp", *arguments, variables=address)

    def rows(self, count: int) -> list[dict[str, Any]]:
        """The agents, when so many have said what they are."""
        return list(
            until(
                lambda: self.serving.fleet.agents("service.name"), lambda rows: len(rows) == count
            )
        )

    def agent(self, name: str) -> Any:
        trust = ("--trust", str(self.folder / "trusted.pem"))
        section = f"health: {{window: 50ms, observation: 300ms}}, name: {name}"
        return managed(
            self.folder / name, self._variables, self.serving.url, *trust, section=section
        )


@pytest.fixture
def house(tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli) -> Iterator[House]:
    made = House(tmp_path, cli_variables, run_cli)
    done = made.otx("key", "-o", "mine.key")
    assert done.returncode == 0, done.stderr
    (tmp_path / "trusted.pem").write_text(done.stdout)
    assert made.otx("key", "-o", "other.key").returncode == 0
    for name, text in (("a.yaml", "a: 1\n"), ("b.yaml", "b: 2\n"), ("c.yaml", "c: 3\n")):
        (tmp_path / name).write_text(text)
    yield made
    made.serving.close()


def test_a_key_is_made_once_and_shown_again(house: House, tmp_path: Path) -> None:
    path = tmp_path / "mine.key"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    again = house.otx("key", "-o", "mine.key")
    assert again.returncode == 2
    assert "never replaced" in again.stderr
    assert path.read_bytes() == before
    shown = house.otx("key", "--public", "mine.key")
    assert shown.stdout == (tmp_path / "trusted.pem").read_text()
    assert public_key(shown.stdout).name == key_name(private_key(before.decode()))
    first = house.otx("key")
    assert first.returncode == 0
    assert (tmp_path / ".local/state/otx/opamp-signing.key").is_file()
    for arguments in (
        ("key", "-o", "-"),
        ("key", "-o", "new.key", "--public", "mine.key"),
        ("key", "--public", "trusted.pem"),
        ("sign", "a.yaml"),
        ("sign", "--key", "mine.key"),
        ("sign", "a.yaml", "--key", "a.yaml"),
        ("push", "a.yaml", "--all", "--yes", "--sign", "trusted.pem"),
        ("push", "--settings", "a.yaml", "--all", "--yes", "--sign", "mine.key"),
    ):
        done = house.otx(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert done.stderr.startswith("otx: error: ")
        assert done.stderr.count("\n") <= 3


def test_only_what_a_trusted_key_signed_is_applied(house: House, tmp_path: Path) -> None:
    with house.agent("one"):
        (row,) = house.rows(1)
        name = key_name(private_key((tmp_path / "mine.key").read_text()))
        assert row["labels"]["otx.config.trusted_keys"] == name

        done = house.otx("push", "a.yaml", "--all", "--sign", "mine.key", "--yes")
        assert done.returncode == 0, done.stderr
        assert "1 applied" in done.stdout
        assert f"  signed by key {name}\n" in done.stderr
        assert "WARNING" not in done.stderr

        done = house.otx("push", "b.yaml", "--all", "--yes")
        assert done.returncode == 1
        assert "WARNING: 1 will report FAILED: one " in done.stderr
        assert f"it takes only what key {name} signed, and this is not signed" in done.stderr
        assert "FAILED: refused: it is not signed" in done.stdout

        done = house.otx("push", "b.yaml", "--all", "--sign", "other.key", "--yes")
        assert done.returncode == 1
        assert f"it trusts key {name}, and this is signed by" in done.stderr
        assert "which is not trusted here" in done.stdout

        signed = house.otx("sign", "b.yaml", "x=c.yaml", "--key", "mine.key", "-o", "signed.json")
        assert signed.returncode == 0, signed.stderr
        document = json.loads((tmp_path / "signed.json").read_text())
        document["objects"]["b.yaml"]["body"] = "b: 666\n"
        (tmp_path / "tampered.json").write_text(json.dumps(document))
        done = house.otx("push", "tampered.json", "--all", "--yes")
        assert done.returncode == 1
        assert f"the signature of key {name} does not fit" in done.stdout

        # The one who pushes has no key, and needs none.
        done = house.otx("push", "signed.json", "--all", "--yes")
        assert done.returncode == 0, done.stdout
        assert "b.yaml+c.yaml v" in done.stdout
        (row,) = house.rows(1)
        shown = house.serving.fleet.get(f"agents/{row['uid']}")["effective_config"]
        assert shown[""]["body"] == "b: 2\nc: 3\n"
    house.serving.end()
    # Not in the server's files, whatever it was sent.
    secret = private_key((tmp_path / "mine.key").read_text()).private_bytes_raw()
    base64_lines = (tmp_path / "mine.key").read_text().splitlines()[1].encode()
    for path in tmp_path.glob("fleet.db*"):
        assert secret not in path.read_bytes()
        assert base64_lines not in path.read_bytes()


@pytest.mark.long
def test_signatures_go_with_stages_resume_and_rollback(house: House) -> None:
    with ExitStack() as stack:
        for name in ("one", "two", "three"):
            stack.enter_context(house.agent(name))
        house.rows(3)
        everyone = ("--all", "--yes", "--sign", "mine.key")
        assert house.otx("push", "a.yaml", *everyone).returncode == 0
        staged = ("push", "b.yaml", *everyone, "--canary", "1", "--observe")
        assert house.otx(*staged, "1h", "--no-wait").returncode == 0
        until(lambda: named(house), lambda names: names == ["a.yaml", "a.yaml", "b.yaml"])
        assert house.otx("push", "--pause", "2").returncode == 0
        assert house.otx("push", "--resume", "2", "--no-wait").returncode == 0
        done = house.otx("rollback", "2", "--yes")
        assert "3 go back to a.yaml v1" in done.stdout
        until(lambda: named(house), lambda names: names == ["a.yaml"] * 3)

        done = house.otx(*staged, "100ms", "--wait", "proven")
        assert done.returncode == 0, done.stdout
        assert "3 matching: 3 applied\n" in done.stdout
        assert all(row["config"]["failed"] == [] for row in house.rows(3))


def named(house: House) -> list[str]:
    """What the three agents have applied, by name; "" for one that is not done."""
    configs = [row["config"] for row in house.rows(3)]
    return sorted(one["assigned_name"] if one["standing"] == "in_sync" else "" for one in configs)
