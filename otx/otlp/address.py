"""Where a server listens: HOST:PORT, or a Unix socket as `unix:PATH`."""

import errno
import os
import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from otx.errors import MachineError, UsageError

_UNIX = "unix:"


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address, or a Unix socket where `path` is set. Port 0 is any free one."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `HOST:PORT`, `[V6]:PORT`, `:PORT` (all interfaces) or `unix:PATH`.

        Raises:
            UsageError: The text is none of these.
        """
        if text.startswith(_UNIX):
            path = text.removeprefix(_UNIX)
            if not path:
                raise _no_address(text)
            return cls(path=path)
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise _no_address(text)
        is_v6 = host.startswith("[") and host.endswith("]")
        if not is_v6 and (":" in host or "/" in host):
            raise _no_address(text)
        return cls(host=host.strip("[]"), port=int(port))

    def __str__(self) -> str:
        if self.path:
            return _UNIX + self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def with_port(self, port: int) -> "Address":
        """The same host with the port that was picked."""
        return replace(self, port=port)


def bind(address: Address) -> socket.socket:
    """A socket bound to an address, and listening.

    A Unix socket that a dead process left behind is replaced.

    Raises:
        OSError: The address cannot be had; `cannot_listen` says it to a person.
    """
    if address.path:
        return _bind_unix(address.path)
    found = socket.getaddrinfo(
        address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    # With no host, one socket for both families, so that :PORT means what it says.
    family, _, _, _, place = max(found, key=lambda entry: entry[0] == socket.AF_INET6)
    if address.host:
        family, _, _, _, place = found[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(address.host)))
        listener.bind(place)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def clear_stale_socket(path: str) -> None:
    """Remove a Unix socket on which nobody listens any more.

    Raises:
        OSError: Somebody does (EADDRINUSE), or the file is no socket.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            if not Path(path).is_socket():
                raise OSError(errno.EEXIST, "the file is there and no socket") from None
            with suppress(FileNotFoundError):
                Path(path).unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def cannot_listen(address: Address, flag: str, error: OSError, owner: str = "") -> MachineError:
    """The error for an address that cannot be had, naming who has it where that is known."""
    if error.errno == errno.EADDRINUSE:
        who = f" by {owner}" if owner else ""
        return MachineError(
            f"cannot listen on {address}: it is in use{who}",
            hint=f"stop that process, or {flag} HOST:PORT picks another (port 0: any free one)",
        )
    return MachineError(
        f"cannot listen on {address}: {error.strerror or error}",
        hint=f"{flag} takes HOST:PORT of this machine, or unix:PATH",
    )


def _bind_unix(path: str) -> socket.socket:
    clear_stale_socket(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _no_address(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is no address", hint="write it like 127.0.0.1:4317, [::1]:4317 or unix:/run/otx"
    )
