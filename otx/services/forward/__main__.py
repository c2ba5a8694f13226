"""The forwarding process: its orders, its signals, and the parent it must not outlive."""

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from otx.environment import Environment
from otx.errors import ExitCode, OtxError
from otx.output import Remarks
from otx.services.forward.drain import Drain
from otx.services.forward.orders import decode_forwarded_by, decode_orders
from otx.services.forward.run import forward_until
from otx.system.process import name_process
from otx.system.stop import StopSignal

DRAIN_S = 5.0
"""What waits is sent for so long after a stop is asked for."""


@dataclass(slots=True)
class Said:
    """What is said with each request; replaced by the thread that listens to the parent."""

    text: str


def main(environment: Environment) -> int:
    """Forward until told to stop or the parent is gone; the exit code."""
    remarks = Remarks(environment)
    name_process("otx-forward")
    try:
        with StopSignal() as stop:
            try:
                orders = decode_orders(_first_line(environment.stdin))
            except ValueError:
                return ExitCode.DONE  # the parent ended before it said anything
            drain, said = Drain(), Said(orders.forwarded_by)
            stdin = environment.stdin.fileno()
            for work in (lambda: _drain_at_stop(stop, drain), lambda: _listen(stdin, drain, said)):
                threading.Thread(target=work, daemon=True).start()
            write = partial(_tell_parent, environment.stdout.fileno())
            forward_until(
                drain, orders, environment.variables, write, remarks.warning, lambda: said.text
            )
    except OtxError as error:
        remarks.error(error)
        return error.code
    except OSError as error:
        remarks.warning(f"cannot forward now: {error.strerror or error}")
        return ExitCode.MACHINE
    except Exception as error:  # it is started again, and goes on where it was
        remarks.warning(f"what forwards has a fault: {error!r}")
        return ExitCode.FAULT
    return ExitCode.DONE


def _first_line(stdin: BinaryIO) -> bytes:
    """The first line, read without a buffer that would hold back what follows."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(stdin.fileno(), 1)
        if not byte:
            raise ValueError("it ended")
        line += byte
    return bytes(line)


def _tell_parent(pipe: int, line: str) -> None:
    """Write a line without a buffer, which could not be flushed once the parent is gone."""
    left = memoryview(line.encode() + b"\n")
    with suppress(BrokenPipeError):  # it has died, which stdin tells as well
        while left:
            left = left[os.write(pipe, left) :]


def _drain_at_stop(stop: StopSignal, drain: Drain) -> None:
    stop.wait()
    drain.begin(DRAIN_S)


def _listen(parent: int, drain: Drain, said: Said) -> None:
    """Do what the parent says, and stop at once when it has died: another may be waiting."""
    rest = b""
    while more := os.read(parent, 4096):
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            forwarded_by = decode_forwarded_by(line)
            if forwarded_by is None:
                drain.begin(DRAIN_S)
            else:
                said.text = forwarded_by
    drain.begin(0.0)


if __name__ == "__main__":
    sys.exit(main(Environment.of_process()))
