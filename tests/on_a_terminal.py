"""A terminal of its own for a program of otx, as a person has one: keys in, what is drawn out."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 40.0


@dataclass
class Screen:
    """A terminal with a program in it."""

    process: "subprocess.Popen[bytes]"
    keyboard: int
    seen: bytes = b""

    def wait_for(self, text: str) -> None:
        """Read until the program has drawn this."""
        deadline = time.monotonic() + PATIENCE_S
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self.keyboard], [], [], deadline - time.monotonic())
            assert ready, f"{text!r} was not drawn: {self.seen[-2_000:]!r}"
            self.seen += os.read(self.keyboard, 65_536)

    def hang_up(self) -> None:
        """Take the terminal away, as a connection that breaks does."""
        os.close(self.keyboard)
        self.keyboard = -1

    def press(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def wait(self) -> int:
        """The exit code; what the program still draws is read, so that it can end."""
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it did not end"
            ready, _, _ = select.select([self.keyboard], [], [], 0.05)
            if ready:
                try:
                    self.seen += os.read(self.keyboard, 65_536)
                except OSError:  # EIO: the other end is closed
                    self.process.wait(PATIENCE_S)
        return self.process.returncode


@contextmanager
def on_a_terminal(
    variables: Mapping[str, str], *arguments: str, stdin: Path | None = None
) -> Iterator[Screen]:
    keyboard, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    piped = os.open(stdin or os.devnull, os.O_RDONLY)
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", *arguments],
        stdin=terminal if stdin is None else piped,
        stdout=terminal,
        stderr=terminal,
        env={**variables, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    os.close(piped)
    screen = Screen(process, keyboard)
    try:
        yield screen
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            os.close(screen.keyboard)
