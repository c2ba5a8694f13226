"""A terminal that is gone while it is drawn on."""

import os
import pty
import threading
from contextlib import suppress
from typing import TextIO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from otx.tui.app import OtxApp
from otx.tui.driver import LastingDriver, LastingFile
from tests.tui.conftest import FixedFeed

PATIENCE_S = 60


def test_whoever_draws_does_not_wait_for_a_terminal_that_is_gone() -> None:
    keyboard, terminal = pty.openpty()
    with suppress(OSError), os.fdopen(terminal, "w") as file:  # its end finds no terminal either
        os.close(keyboard)
        writer = WriterThread(cast(TextIO, LastingFile(file)))
        writer.start()

        def draw() -> None:
            for _ in range(3 * MAX_QUEUED_WRITES):
                writer.write("\x1b[2J")
            writer.stop()

        drawing = threading.Thread(target=draw, daemon=True)
        drawing.start()
        drawing.join(PATIENCE_S)
        assert not drawing.is_alive()


def test_the_screens_are_drawn_so() -> None:
    assert OtxApp(FixedFeed()).driver_class is LastingDriver
