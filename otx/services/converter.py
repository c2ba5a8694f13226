"""The converter's process: its arguments, its signals, and the parent it must not outlive."""

import argparse
import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from otx.environment import Environment
from otx.errors import ExitCode, OtxError
from otx.output import Remarks
from otx.store.converter import convert_until
from otx.store.layout import Layout
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    from otx.store.upkeep import Retention


def main(arguments: list[str], environment: Environment) -> int:
    """Convert until told to stop or the parent is gone; the exit code."""
    parser = argparse.ArgumentParser(prog="otx.services.converter", description=__doc__)
    parser.add_argument("store_dir", type=Path)
    parser.add_argument("--retain-age-ns", type=int)
    parser.add_argument("--retain-bytes", type=int)
    known = parser.parse_args(arguments)
    remarks = Remarks(environment)
    try:
        with StopSignal() as stop:
            _stop_at_end_of(environment, stop)
            convert_until(
                stop,
                known.store_dir,
                remarks,
                known.retain_age_ns,
                known.retain_bytes,
                partial(_bound_what_is_left, Layout(known.store_dir), remarks),
            )
    except OtxError as error:
        remarks.error(error)
        return error.code
    return ExitCode.DONE


def _bound_what_is_left(
    layout: Layout, remarks: Remarks, retention: "Retention", now_unix_nano: int
) -> None:
    """Apply the store's retention to what waits for destinations that nobody forwards to."""
    if layout.forward.is_dir():
        from otx.services.forward.left import bound_what_is_left
        from otx.services.forward.line import Keep

        keep = Keep(retention.age_ns, retention.bytes)
        bound_what_is_left(layout, keep, now_unix_nano, remarks.warning)


def _stop_at_end_of(environment: Environment, stop: StopSignal) -> None:
    """Ask for a stop when the parent has closed its end of our stdin."""

    def watch() -> None:
        # Not by the buffered stream, whose lock this thread would hold while the process ends.
        while os.read(parent, 1):
            pass
        stop.ask()

    parent = environment.stdin.fileno()

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Environment.of_process()))
