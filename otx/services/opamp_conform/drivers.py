"""The operator's part of a test: what has to happen inside a server to show on the wire."""

import contextlib
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Protocol

from otx.errors import OtxError, UsageError
from otx.services.opamp_conform.fake_agent import NAME, UID_END
from otx.services.opamp_conform.outcome import NotTestable
from otx.services.opamp_serve.client import RemoteFleet, Unreachable

COMMAND_S = 30
_WHO = "otx opamp conform"


class Driver(Protocol):
    """Does what an operator would, to the one agent whose service.name is `name`.

    Every method raises `NotTestable` where it cannot.
    """

    def assign(self, name: str, uid: str, body: bytes) -> None:
        """Give it a configuration."""

    def restart(self, name: str) -> None:
        """Order it to restart."""

    def offer_settings(self, name: str) -> None:
        """Give it OpAMP connection settings."""

    def agents(self, name: str) -> list[dict[str, Any]]:
        """The rows of agents with this name: `uid`, and `state`, which is connected or not."""

    def clean_up(self) -> str:
        """Take away what a test left in the server; what that was, "" where it cannot be done."""


class NoDriver:
    """Nobody is there to do it."""

    def assign(self, name: str, uid: str, body: bytes) -> None:
        """Say what is missing."""
        raise NotTestable("needs the operator: assign a configuration (--assign CMD)")

    def restart(self, name: str) -> None:
        """Say what is missing."""
        raise NotTestable("needs the operator: order a restart")

    def offer_settings(self, name: str) -> None:
        """Say what is missing."""
        raise NotTestable("needs the operator: offer connection settings")

    def agents(self, name: str) -> list[dict[str, Any]]:
        """Say what is missing."""
        raise NotTestable("needs the operator: look at the server's list of agents")

    def clean_up(self) -> str:
        """Nothing can be taken away by the protocol."""
        return ""


class CommandDriver(NoDriver):
    """A command that assigns: `{file}`, `{name}` and `{uid}` in it are filled in."""

    def __init__(self, command: str) -> None:
        """Take a command line.

        Raises:
            UsageError: It is none.
        """
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--assign {command!r}: {error}") from None
        if not any("{file}" in word for word in self._words):
            raise UsageError(
                "--assign needs a place for the configuration",
                hint="--assign 'my-tool --agent {uid} --config {file}'",
            )

    def assign(self, name: str, uid: str, body: bytes) -> None:
        """Run the command."""
        with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
            Path(file.name).write_bytes(body)
            filled = [
                word.replace("{file}", file.name).replace("{name}", name).replace("{uid}", uid)
                for word in self._words
            ]
            try:
                done = subprocess.run(  # noqa: S603 - the user's own command
                    filled, capture_output=True, timeout=COMMAND_S, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise NotTestable(f"--assign: {error}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-200:]
            raise NotTestable(f"--assign ended with {done.returncode}: {said}")


class OtxDriver:
    """The JSON API of `otx opamp serve`."""

    def __init__(self, fleet: RemoteFleet) -> None:
        self._fleet = fleet
        self._pushes: list[int] = []
        self._settings: list[int] = []

    def assign(self, name: str, uid: str, body: bytes) -> None:
        """Push to this agent alone."""
        objects = {"": {"body": body.decode(), "content_type": "text/yaml"}}
        wish = {"selector": f"service.name={name}", "objects": objects, "name": NAME}
        self._pushes.append(self._post("pushes", wish)["number"])

    def restart(self, name: str) -> None:
        """Order it."""
        self._post("restart", {"selector": f"service.name={name}"})

    def offer_settings(self, name: str) -> None:
        """Offer the address that it has anyway, with another heartbeat."""
        opamp = {"heartbeat": "20s"}
        wish = {"selector": f"service.name={name}", "opamp": opamp}
        self._settings.append(self._post("settings", wish)["number"])

    def agents(self, name: str) -> list[dict[str, Any]]:
        """Ask for the rows."""
        try:
            return self._fleet.agents(f"service.name={name}")
        except OtxError as error:
            raise NotTestable(f"the server's list of agents: {error.message}") from None

    def clean_up(self) -> str:
        """Forget this test's pushes and every agent of a conformance test that is gone."""
        for number in self._pushes:
            for verb in ("rollback", "forget"):
                with contextlib.suppress(NotTestable):  # a newer one took its place already
                    self._post(f"pushes/{number}/{verb}", {})
        uids = [row["uid"] for row in self._guests()]
        there = 0
        if uids:
            there = len(self._post("forget", {"selector": f"uid in ({','.join(uids)})"})["there"])
        for number in self._settings:
            with contextlib.suppress(NotTestable):  # agents of another test use the name
                self._post(f"settings/{number}/retire", {})
        left = f"; {there} are still connected and stay" if there else ""
        return (
            f"{len(uids) - there} agents and {len(self._pushes)} pushes of the test are forgotten"
            f" by the server{left}; its audit log keeps them"
        )

    def _guests(self) -> list[dict[str, Any]]:
        """Agents of conformance tests, of earlier ones as well, by name or uid."""
        end = UID_END.hex()
        return [
            row
            for row in self._fleet.agents("")
            if str(row["service"]).startswith(f"{NAME}-") or row["uid"].endswith(end)
        ]

    def _post(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._fleet.post(path, {**wanted, "who": _WHO})
        except OtxError as error:
            raise NotTestable(f"the server did not do it: {error.message}") from None


def find_driver(url: str, token: str, ca: Path | None) -> Driver:
    """The driver of otx's own server where that is what answers; else none."""
    fleet = RemoteFleet(url, token, ca)
    try:
        status = fleet.get("status")
    except Unreachable:
        raise
    except OtxError:
        return NoDriver()
    return OtxDriver(fleet) if "uptime_s" in status else NoDriver()
