"""Who listens on a port."""

import os
import socket
from pathlib import Path

from otx.system.ports import listener_of


def test_the_listener_is_named_with_its_pid() -> None:
    comm = Path("/proc/self/comm").read_text().strip()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener_of(port) == f"{comm} (pid {os.getpid()})"
    assert listener_of(port) == ""
