"""Starts the shop's processes, all at once, and ends them.

The listening sockets are made here and inherited, so no process waits for another and no port can
be taken in between: a request that comes early waits in the socket's queue.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

SERVICES = ("frontend", "catalog", "cart", "checkout", "payment")
SHOPPERS = "shoppers"
EXPORT_DELAY_MS = 400
"""How long the SDK gathers spans and logs: short, so that the screen is live."""
STOP_TIMEOUT_S = 5.0


class Shop:
    """The running shop: a context that leaves no process behind.

    Attributes:
        processes: The processes by service name.
    """

    def __init__(self, endpoint: str, log: Path, incident_after_s: float | None = None) -> None:
        """Prepare a shop.

        Args:
            endpoint: OTLP/HTTP base URL that the shop sends to.
            log: File that takes what the processes write to stderr.
            incident_after_s: When the incident starts; None for never.
        """
        self._endpoint = endpoint
        self._log = log
        self._incident_after_s = incident_after_s
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids, in the order of starting."""
        return tuple(process.pid for process in self.processes.values())

    def __enter__(self) -> Self:
        listeners = {name: _listen() for name in SERVICES}
        try:
            urls = {name: _url(listener) for name, listener in listeners.items()}
            for name, listener in listeners.items():
                self._start(name, urls, listener)
            self._start(SHOPPERS, urls, None)
        except BaseException:
            self.close()
            raise
        finally:
            for listener in listeners.values():
                listener.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process: shoppers first, so that the others can finish what they answer."""
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str, urls: Mapping[str, str], listener: socket.socket | None) -> None:
        number = listener.fileno() if listener else None
        wiring = {
            "parent": os.getpid(),
            "listener": number,
            "urls": urls,
            "incident_after_s": self._incident_after_s,
        }
        with self._log.open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "otx.services.shop", name, json.dumps(wiring)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._variables(),
                pass_fds=() if number is None else (number,),
                start_new_session=True,
            )

    def _variables(self) -> dict[str, str]:
        own = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
        return {
            **own,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": str(EXPORT_DELAY_MS),
            "OTEL_BLRP_SCHEDULE_DELAY": str(EXPORT_DELAY_MS),
            "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        }


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
