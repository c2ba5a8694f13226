"""Who listens on a port, and whether one is free."""

import os
import socket
from pathlib import Path

from otx.system.ports import free_address, is_free, listener_of


def test_the_listener_is_named_with_its_pid() -> None:
    comm = Path("/proc/self/comm").read_text().strip()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener_of(port) == f"{comm} (pid {os.getpid()})"
    assert listener_of(port) == ""


def test_a_listener_may_have_any_bytes_for_a_name() -> None:
    own = Path("/proc/self/comm")
    before = own.read_bytes().rstrip(b"\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        own.write_bytes(b"shop\xff")
        try:
            assert listener_of(server.getsockname()[1]) == f"shop\ufffd (pid {os.getpid()})"
        finally:
            own.write_bytes(before)


def test_a_taken_port_gives_way_to_any() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert free_address("127.0.0.1", port) == "127.0.0.1:0"
    assert is_free("127.0.0.1", port)
    assert free_address("127.0.0.1", port) == f"127.0.0.1:{port}"
