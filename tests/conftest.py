"""What every room's tests share: an environment of their own and the real CLI in a subprocess."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from otx.environment import Environment
from otx.services.receive_process import ReceiverProcess

# No test is timed: machines are shared. The same examples each time, so that a failure is of the
# change at hand; `make test-long` looks for new ones, ten times as many
# (--hypothesis-profile=searching).
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "searching", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# In the background of a script SIGINT is ignored, and would be by all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

CLI_TIMEOUT_S = 180
WAIT_S = 60


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look again and again; what another process does has no event to wait for."""
    ends_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < ends_s, f"not within {WAIT_S} s: {what}"
        time.sleep(0.01)


class Terminal(io.TextIOWrapper):
    """A text stream in memory that can claim to be a terminal."""

    def __init__(self, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that touches nothing of the person who runs the tests."""
    return Environment(
        stdin=io.BytesIO(),
        stdout=Terminal(),
        stderr=Terminal(),
        variables={"HOME": str(tmp_path)},
        clock=lambda: 1_790_000_000_000_000_000,
        cwd=tmp_path,
    )


RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli_variables(tmp_path: Path) -> dict[str, str]:
    """Variables for a subprocess: this process's, less everything that configures otx or an SDK."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OTX_", "OTEL_", "XDG_")) and name != "NO_COLOR"
    }
    return {**kept, "HOME": str(tmp_path), "TZ": "UTC"}


@pytest.fixture
def run_cli(tmp_path: Path, cli_variables: dict[str, str]) -> RunCli:
    """Runs the real `otx` to its end; never raises for its exit code."""

    def run(
        *arguments: str, stdin: str = "", variables: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "otx", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=CLI_TIMEOUT_S,
            cwd=tmp_path,
            env={**cli_variables, **(variables or {})},
            check=False,
        )

    return run


StartReceiver = Callable[..., ReceiverProcess]


@pytest.fixture
def start_receiver(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[StartReceiver]:
    """Starts the real `otx receive` on free ports, and ends it when the test does."""
    started: list[ReceiverProcess] = []

    def start(
        *arguments: str, store: str | None = None, variables: dict[str, str] | None = None
    ) -> ReceiverProcess:
        addresses = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        command = [sys.executable, "-m", "otx", "receive", *addresses]
        with (tmp_path / "printed").open("ab") as printed:
            process = subprocess.Popen(
                [*command, "--store", store or str(tmp_path / "store"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env={**cli_variables, **(variables or {})},
            )
        started.append(ReceiverProcess(process))
        started[-1].wait_until_ready()
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()
