"""All destinations at once: a thread for each, so that none waits for another."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from otx.services.forward.connection import Connection
from otx.services.forward.destination import Destination
from otx.services.forward.drain import Drain
from otx.services.forward.figures import Figures, encode_figures
from otx.services.forward.line import Keep, WaitingLine
from otx.services.forward.orders import Orders
from otx.services.forward.places import (
    apart_from,
    durable_positions,
    position_file,
    read_place,
    set_nobodys_aside,
    unnamed_places,
)
from otx.services.forward.sender import Sender
from otx.store.durable import FileLock
from otx.store.forward_position import write_forward_position
from otx.store.kept_logs import drop_passed, kept_directories, kept_logs
from otx.store.layout import Layout
from otx.store.log_reader import is_writing

REPORT_S = 0.5
"""How often it is told how far all are, and made durable."""
_LOCK_S = 0.1
_OVERTIME_S = 1.0
"""For senders to write where they are, once their time is up."""


class _Worker:
    """A sender, its thread, and why it ended."""

    def __init__(self, sender: Sender, figures: Figures) -> None:
        self.figures = figures
        self.error: BaseException | None = None
        self._sender = sender
        self.thread = threading.Thread(target=self._run, name=figures.url, daemon=True)
        self.thread.start()

    def look_after(self) -> None:
        """Make durable how far it is, and see what waits."""
        self._sender.save()
        self._sender.look()

    def _run(self) -> None:
        try:
            self._sender.run()
        except BaseException as error:
            self.error = error


def forward_until(
    drain: Drain,
    orders: Orders,
    variables: Mapping[str, str],
    write: Callable[[str], None],
    warn: Callable[[str], None],
    forwarded_by: Callable[[], str] = lambda: "",
) -> None:
    """Forward what a store keeps until an end is asked for and what waits is sent.

    Args:
        drain: Asks for the end.
        orders: What to forward.
        variables: The environment.
        write: Gets figures of all destinations, a line each time.
        warn: Warns the user.
        forwarded_by: What to say with each request (`otx.otlp.receiver.loop`).

    Raises:
        OSError: The log cannot be read; everything is as far as it was saved.
    """
    layout = Layout(orders.store_dir)
    lock = FileLock(layout.forward / "lock")
    while not lock.acquire():  # another that ends, of a receiver before
        if drain.wait(_LOCK_S):
            return
    try:
        destinations = orders.parsed()
        set_nobodys_aside(layout, {destination.url for destination in destinations}, warn)
        workers = [
            _start(
                Connection(destination, variables, forwarded_by),
                destination,
                layout,
                orders,
                drain,
                warn,
            )
            for destination in destinations
        ]
        _work(layout, workers, orders.keep, drain, write)
    finally:
        lock.release()
    for worker in workers:
        if worker.error is not None:
            raise worker.error


def _work(
    layout: Layout,
    workers: Sequence[_Worker],
    keep: Keep,
    drain: Drain,
    write: Callable[[str], None],
) -> None:
    """Look after those who send until an end is asked for or one of them cannot go on."""
    unnamed = _unnamed(layout, {worker.figures.url for worker in workers})

    def look_after() -> None:
        for worker in workers:
            worker.look_after()
        write(encode_figures([worker.figures for worker in workers]))
        drop_passed(kept_logs(layout), durable_positions(layout))

    while not drain.wait(REPORT_S) and all(worker.thread.is_alive() for worker in workers):
        for file, line in unnamed.items():
            _keep_for(line, file, keep)
        look_after()
    drain.begin(drain.left_s if drain.is_begun else 0.0)
    ends_s = time.monotonic() + drain.left_s + _OVERTIME_S
    for worker in workers:
        worker.thread.join(max(0.0, ends_s - time.monotonic()))
    look_after()


def _start(
    peer: Connection,
    destination: Destination,
    layout: Layout,
    orders: Orders,
    drain: Drain,
    warn: Callable[[str], None],
) -> _Worker:
    figures = Figures(destination.url)
    file = position_file(layout, destination.url)
    line = WaitingLine(kept_logs(layout), file, read_place(layout, destination.url, warn))
    sender = Sender(peer, line, figures, orders.keep, drain, warn, destination.timeout_s)
    return _Worker(sender, figures)


def _unnamed(layout: Layout, urls: Collection[str]) -> dict[Path, WaitingLine]:
    """What waits for destinations that are not named now, by the file of their position."""
    links = kept_logs(layout)
    living = [directory for directory in kept_directories(links) if is_writing(directory)]
    lines = {}
    for position in unnamed_places(layout, urls):
        file = position_file(layout, position.destination)
        write_forward_position(file, apart_from(position, living))
        lines[file] = WaitingLine(links, file, apart_from(position, living))
    return lines


def _keep_for(line: WaitingLine, file: Path, keep: Keep) -> None:
    """Keep what waits for somebody who is not named now within the bound."""
    for waiting in line.beyond(keep, time.time_ns()):
        line.passed(waiting)
    if line.size():
        line.save()
    else:
        file.unlink(missing_ok=True)
