"""What a server takes from its machine: an address, open files, the database for itself."""

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from otx.errors import MachineError
from otx.otlp.address import Address, bind, cannot_listen
from otx.store.durable import FileLock
from otx.system.ports import listener_of

BACKLOG = 4096
MOST_LINKS = 20_000
ENOUGH_LINKS = 900
"""With fewer a person should know."""
SPARE_FILES = 100
"""Descriptors that are no connections."""
USER_TIMEOUT_MS = 60_000
KEEP_IDLE_S = 60
"""Silence after which the kernel asks whether a peer is still there."""


@contextmanager
def claimed(db: Path) -> Iterator[None]:
    """Hold a database for this server: two that wrote to one would undo each other's memory.

    Raises:
        MachineError: Another server has it.
    """
    try:
        db.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(db.with_name(db.name + ".lock"))
    except OSError as error:
        raise MachineError(f"cannot use {db}: {error}", hint="--db names another file") from None
    if not lock.acquire():
        raise MachineError(
            f"another server has {db}", hint="stop it, or --db FILE keeps another fleet"
        )
    try:
        yield
    finally:
        lock.release()


def most_links(wanted: int | None, warn: Callable[[str], None]) -> int:
    """How many connections there may be: each is an open file, which the kernel counts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = (wanted or MOST_LINKS) + SPARE_FILES
    if soft < needed:
        soft = min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = min(needed, soft) - SPARE_FILES
    if most < (wanted or ENOUGH_LINKS):
        warn(f"no more than {most} agents at a time: this machine allows {soft} open files")
    return most


def listen_on(address: Address) -> socket.socket:
    """A listening socket.

    Raises:
        MachineError: The address cannot be had.
    """
    try:
        listener = bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        owner = listener_of(address.port) if address.port else ""
        raise cannot_listen(address, "--listen", error, owner) from None
    # Inherited by what is accepted: a peer that takes nothing in for so long is gone.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_IDLE_S)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_IDLE_S // 3)
    return listener
