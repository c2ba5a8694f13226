"""An agent in a thread that answers offers, so that a command can be waited for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed

from otx.opamp.opamp_pb2 import ServerToAgent
from tests.services.opamp_serve.messages import FIRST, full, status
from tests.services.opamp_serve.serving import Wire, wire


@dataclass
class Answering:
    """What an agent was told, and what it makes of it.

    Attributes:
        fails: Configurations with this in a body are answered with FAILED and this text.
    """

    number: int
    fails: str = ""
    configs: list[str] = field(default_factory=list)
    commands: int = 0
    sequence_num: int = FIRST

    def run(self, socket: Wire, ready: threading.Event, labels: dict[str, str]) -> None:
        """Report, and answer until the connection ends."""
        socket.ask(full(self.number, self.sequence_num, **labels))
        ready.set()
        try:
            while True:
                self.take(socket, socket.hear(timeout_s=600))
        except ConnectionClosed:
            return

    def take(self, socket: Wire, message: ServerToAgent) -> None:
        """Take a message; an offer is answered."""
        self.commands += message.HasField("command")
        if not message.HasField("remote_config"):
            return
        body = message.remote_config.config.config_map[""].body.decode()
        self.configs.append(body)
        word = "FAILED" if self.fails and self.fails in body else "APPLIED"
        self.sequence_num += 1
        hash_ = message.remote_config.config_hash
        error = f"cannot use {self.fails}" if word == "FAILED" else ""
        socket.send(status(self.number, self.sequence_num, word, hash_, error))


@contextmanager
def answering(url: str, number: int, fails: str = "", **labels: str) -> Iterator[Answering]:
    """An agent that answers while the block runs."""
    agent, ready = Answering(number, fails), threading.Event()
    with wire(url) as socket:
        thread = threading.Thread(target=agent.run, args=(socket, ready, labels), daemon=True)
        thread.start()
        assert ready.wait(30)
        yield agent
        socket.socket.close()
        thread.join(30)
