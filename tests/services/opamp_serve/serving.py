"""A real `otx opamp serve` in a process of its own, and agents that speak to it by hand."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from otx.opamp.framing import frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_serve.client import RemoteFleet

STOP_S = 30
WAIT_S = 60


class Serving:
    """A running server.

    Attributes:
        url: Where OpAMP is.
        fleet: Its JSON API.
    """

    def __init__(
        self, folder: Path, variables: dict[str, str], *arguments: str, token: str = ""
    ) -> None:
        self._folder = folder
        self._variables = variables
        self.arguments = arguments
        self._token = token
        self.port = 0
        self.said: list[str] = []
        self.start()

    def start(self) -> None:
        """Start it, on the port it had before."""
        command = [sys.executable, "-m", "otx", "opamp", "serve", "--db", str(self.db)]
        self._process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{self.port}", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=self._variables,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        assert ready.wait(STOP_S), self.said
        assert self.url, self.said

    @property
    def db(self) -> Path:
        return self._folder / "fleet.db"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fleet(self) -> RemoteFleet:
        return RemoteFleet(self.url, self._token)

    @property
    def api(self) -> str:
        return f"127.0.0.1:{self.port}"

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self._process.send_signal(number)
        code = self._process.wait(STOP_S)
        self._reader.join()
        return code

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read(self, ready: threading.Event) -> None:
        self.url = ""
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self.said.append(line.rstrip("\n"))
                if line.startswith("ready "):
                    self.url = line.split()[1]
                    self.port = int(self.url.rpartition(":")[2].partition("/")[0])
                    ready.set()
        ready.set()


class Wire:
    """A WebSocket to a server."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def ask(self, message: AgentToServer) -> ServerToAgent:
        """Send a report and wait for a message."""
        self.send(message)
        return self.hear()

    def send(self, message: AgentToServer) -> None:
        self.socket.send(frame(message))

    def hear(self, timeout_s: float = WAIT_S) -> ServerToAgent:
        """The next message."""
        data = self.socket.recv(timeout_s)
        assert isinstance(data, bytes)
        assert data[0] == 0
        return ServerToAgent.FromString(data[1:])


@contextmanager
def wire(url: str, token: str = "", **settings: Any) -> Iterator[Wire]:
    """A WebSocket that is closed behind."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with connect(
        url, additional_headers=headers, max_size=None, compression=None, **settings
    ) as socket:
        yield Wire(socket)


def until(asked: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """Ask another process again and again until what it says holds."""
    ends_s = time.monotonic() + WAIT_S
    while not holds(found := asked()):
        assert time.monotonic() < ends_s, json.dumps(found, indent=1, default=str)
        time.sleep(0.02)
    return found
