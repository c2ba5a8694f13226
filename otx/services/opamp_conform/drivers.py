"""The operator's part of a test: what has to happen inside a server to show on the wire."""

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Protocol

from otx.errors import OtxError, UsageError
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

    def assign(self, name: str, uid: str, body: bytes) -> None:
        """Push to this agent alone."""
        objects = {"": {"body": body.decode(), "content_type": "text/yaml"}}
        self._post("pushes", {"selector": f"service.name={name}", "objects": objects})

    def restart(self, name: str) -> None:
        """Order it."""
        self._post("restart", {"selector": f"service.name={name}"})

    def offer_settings(self, name: str) -> None:
        """Offer the address that it has anyway, with another heartbeat."""
        opamp = {"heartbeat": "20s"}
        self._post("settings", {"selector": f"service.name={name}", "opamp": opamp})

    def agents(self, name: str) -> list[dict[str, Any]]:
        """Ask for the rows."""
        try:
            return self._fleet.agents(f"service.name={name}")
        except OtxError as error:
            raise NotTestable(f"the server's list of agents: {error.message}") from None

    def _post(self, path: str, wanted: dict[str, Any]) -> None:
        try:
            self._fleet.post(path, {**wanted, "who": _WHO})
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
