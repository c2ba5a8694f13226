"""Ports of this machine: who listens on one (from /proc, proc(5)), and whether one is free."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h


def listener_of(port: int) -> str:
    """Who listens on a TCP port: `comm (pid N)`; "" where that is not known to this user."""
    inodes = set(_listening_inodes(port))
    if not inodes:
        return ""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and inodes & set(_socket_inodes(process)):
            with suppress(OSError):
                return (
                    f"{(process / 'comm').read_text(errors='replace').strip()} (pid {process.name})"
                )
    return ""


def is_free(host: str, port: int) -> bool:
    """Whether a TCP server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_address(host: str, wanted_port: int) -> str:
    """`host:port` with the wanted port where it is free, else with 0, which picks one."""
    return f"{host}:{wanted_port if is_free(host, wanted_port) else 0}"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]
