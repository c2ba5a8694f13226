"""A store with a kept log, and a destination that answers as it is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome, Reply
from otx.services.forward.line import WaitingLine
from otx.services.forward.places import position_file, prepare_places, read_place
from otx.store.layout import Layout
from otx.store.wal import LogWriter

URL = "http://far:4318"
NOW = 1_790_000_000_000_000_000
TAKEN = Reply(Outcome.ACCEPTED)


class Peer:
    """Remembers what it is sent; answers by a script, whose last answer is for ever."""

    def __init__(self, *script: Reply) -> None:
        self.script = list(script or (TAKEN,))
        self.taken: list[bytes] = []
        self.tries: list[bytes] = []
        self.on_try: Callable[[], None] = lambda: None

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        reply = self.script[min(len(self.tries), len(self.script) - 1)]
        self.tries.append(body)
        self.on_try()
        if reply.outcome is Outcome.ACCEPTED:
            self.taken.append(body)
        return reply

    def close(self) -> None:
        pass


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A store with a destination that has its place."""
    layout = Layout(tmp_path / "store")
    layout.create()
    prepare_places(layout, [URL])
    return layout


@pytest.fixture
def log(layout: Layout) -> Iterator[LogWriter]:
    """The log of a receiver that forwards."""
    with LogWriter(layout.root, file_bytes=4000, is_kept=True) as log:
        yield log


def waiting_line(layout: Layout, url: str = URL) -> WaitingLine:
    """What waits for a destination, from its durable position on."""
    position = read_place(layout, url, lambda text: None)
    return WaitingLine(layout.forward / "logs", position_file(layout, url), position)
