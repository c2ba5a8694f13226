"""The forwarding process beside a receiver: started, listened to, started again, ended.

It is a process of its own so that no acknowledgement shares an interpreter lock with it.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Self

from otx.errors import MachineError
from otx.otlp.address import Address
from otx.otlp.receiver.loop import LoopGuard
from otx.services.converter_guard import ConverterGuard
from otx.services.forward.destination import check_destinations, refuse_loop
from otx.services.forward.figures import Figures, ForwardReport, decode_figures
from otx.services.forward.orders import (
    DRAIN,
    Orders,
    encode_forwarded_by,
    encode_orders,
)
from otx.services.forward.places import left_behind, prepare_places
from otx.store.layout import Layout

_LISTEN_S = 5.0


@dataclass(slots=True)
class _Told:
    """What the processes of before did, and what the one that runs says."""

    before: dict[str, Figures]
    now: dict[str, Figures]


class Forwarding:
    """Forwards for as long as the context lasts; on leaving what waits is sent for a while."""

    def __init__(
        self,
        orders: Orders,
        variables: Mapping[str, str],
        warn: Callable[[str], None],
        note: Callable[[str], None],
        loop: LoopGuard,
    ) -> None:
        """Give each destination its place.

        Args:
            orders: What to forward.
            variables: The environment.
            warn: Warns the user.
            note: Says something to the user.
            loop: Knows what to say with each request.

        Raises:
            UsageError: A destination cannot be used.
            MachineError: The store cannot be written.
        """
        self._orders = orders
        self._loop = loop
        self._said = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._variables = variables
        self._destinations = orders.parsed()
        check_destinations(self._destinations, variables)
        urls = [destination.url for destination in self._destinations]
        layout = Layout(orders.store_dir)
        try:
            prepare_places(layout, urls)
        except OSError as error:
            raise MachineError(f"cannot write to {layout.forward}: {error.strerror}") from None
        for waiting in left_behind(layout, urls):
            note(f"{waiting}, which --forward does not name; it is kept as --forward-keep says")
        self._lock = threading.Lock()
        self._saying = threading.Lock()
        loop.on_news = self._say_who_forwards
        self._told = _Told({url: Figures(url) for url in urls}, {})
        self._listener: threading.Thread | None = None
        self._guard = ConverterGuard(
            self._start,
            warn,
            name="what forwards",
            left="what it left goes on next time",
            ask_to_end=_ask_to_drain,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._guard.__exit__(kind, error, trace)
        if self._listener is not None:
            self._listener.join(_LISTEN_S)

    def refuse_loop(self, *listening: Address) -> None:
        """Refuse destinations that are the receiver itself.

        Raises:
            UsageError: One is.
        """
        refuse_loop(self._destinations, listening, self._variables)

    def check(self) -> None:
        """Start the process where none runs; called about every second."""
        self._guard.check()
        self._say_who_forwards()

    def report(self) -> ForwardReport:
        """What was done so far."""
        with self._lock:
            told = self._told
            return ForwardReport(
                [
                    before.plus(told.now[url]) if url in told.now else before
                    for url, before in told.before.items()
                ]
            )

    def _start(self) -> "subprocess.Popen[bytes]":
        if self._listener is not None:
            self._listener.join(_LISTEN_S)
        with self._lock:
            for url, figures in self._told.now.items():
                self._told.before[url] = self._told.before[url].plus(figures)
            self._told.now = {}
        process = subprocess.Popen(
            [sys.executable, "-m", "otx.services.forward"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # Ctrl-C is for the parent, which then asks for the end
        )
        if process.stdin is not None and process.stdout is not None:
            with self._saying:
                self._said = self._loop.header()
                _write(process, encode_orders(replace(self._orders, forwarded_by=self._said)))
                self._process = process
            self._listener = threading.Thread(
                target=self._listen, args=(process.stdout,), name="forward", daemon=True
            )
            self._listener.start()
        return process

    def _say_who_forwards(self) -> None:
        """Tell the process when somebody else was heard of."""
        with self._saying:
            now = self._loop.header()
            if now != self._said and self._process is not None:
                self._said = now
                _write(self._process, encode_forwarded_by(now))

    def _listen(self, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                with suppress(ValueError):  # cut short where it was killed
                    figures = decode_figures(line.decode())
                    with self._lock:
                        self._told.now = {one.url: one for one in figures}


def _ask_to_drain(process: "subprocess.Popen[bytes]") -> None:
    """Say so on its stdin, which it reads whenever it comes to it; a signal may come too early."""
    _write(process, DRAIN)


def _write(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    """Write to its stdin; where it died, the guard sees that."""
    if process.stdin is not None:
        with suppress(OSError, ValueError):  # broken, or closed
            process.stdin.write(line)
            process.stdin.flush()
