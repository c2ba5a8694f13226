"""Starts and ends the agent that is tested, by its own id."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from otx.errors import UsageError

STOP_S = 10


def check_command(command: Sequence[str]) -> None:
    """See that the agent is told where to go.

    Raises:
        UsageError: The command has no place for the endpoint.
    """
    if not any("{endpoint}" in word for word in command):
        raise UsageError(
            "the agent's command has no {endpoint}",
            hint="--agent -- my-agent --server {endpoint}",
        )


class Launcher:
    """A command with `{endpoint}` in it, and `{dir}` for a folder that a restart finds again."""

    def __init__(self, command: Sequence[str]) -> None:
        """Take a command."""
        self._command = command
        self._folder = tempfile.TemporaryDirectory(prefix="otx-conform-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, endpoint: str) -> None:
        """Start it.

        Raises:
            UsageError: There is no such program.
        """
        words = [
            word.replace("{endpoint}", endpoint).replace("{dir}", self._folder.name)
            for word in self._command
        ]
        with (Path(self._folder.name) / "agent.log").open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(f"cannot start {words[0]}: {error.strerror}") from None

    @property
    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll() if self._process else None

    def last_words(self) -> str:
        """The end of what it wrote."""
        text = (Path(self._folder.name) / "agent.log").read_text(errors="replace")
        return " ".join(text.split())[-200:]

    def kill(self) -> None:
        """End it at once, and what it left in its session."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it as a service manager would."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        self.kill()

    def close(self) -> None:
        """End it, and remove its folder."""
        self.stop()
        self._folder.cleanup()
