"""What systemd is told (sd_notify(3)): ready, stopping, a line of status, and that all is well."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Writes to systemd's socket; does nothing where there is none.

    Attributes:
        watchdog_s: How often `alive` is wanted; None: not at all.
    """

    def __init__(self, variables: Mapping[str, str], pid: int) -> None:
        address = variables.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s: float | None = None
        wanted = variables.get("WATCHDOG_USEC", "")
        if wanted.isdigit() and variables.get("WATCHDOG_PID", str(pid)) == str(pid):
            self.watchdog_s = int(wanted) / 2e6

    def ready(self) -> None:
        """The agent runs."""
        self._tell(f"READY=1\nMAINPID={os.getpid()}")

    def reloading(self, now_monotonic_us: int) -> None:
        """Settings are being read again; `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now_monotonic_us}")

    def stopping(self) -> None:
        """The agent is ending."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The agent does not hang."""
        self._tell("WATCHDOG=1")

    def status(self, line: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={line}")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(text.encode(), self._address)
        except OSError:
            return  # a lost line is no reason to end
