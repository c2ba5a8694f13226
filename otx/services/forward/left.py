"""What waits for destinations of `--forward` while nobody forwards: bounded as the store is.

A process that forwards keeps what waits within `--forward-keep`. Where none runs, the converter
does it, by the retention of the store, or what a destination left behind would lie there for ever.
"""

from collections.abc import Callable

from otx.model.units import format_size
from otx.services.forward.line import Keep, WaitingLine
from otx.services.forward.places import durable_positions, position_file, unnamed_places
from otx.store.durable import FileLock
from otx.store.kept_logs import drop_passed, kept_directories, kept_logs
from otx.store.layout import Layout
from otx.store.log_reader import is_writing


def bound_what_is_left(
    layout: Layout, keep: Keep, now_unix_nano: int, warn: Callable[[str], None]
) -> None:
    """Give up what waits beyond a bound, unless somebody forwards from this store or is about to.

    Args:
        layout: The store.
        keep: How much may wait for each destination.
        now_unix_nano: The time.
        warn: Told what was given up.

    Raises:
        OSError: The disk failed or is full.
    """
    links = kept_logs(layout)
    if not links.is_dir():
        return
    lock = FileLock(layout.forward / "lock")
    if not lock.acquire():
        return
    try:
        # A receiver that forwards lives, and what sends for it is only being started again.
        if any(is_writing(directory) for directory in kept_directories(links)):
            return
        for position in unnamed_places(layout, ()):
            file = position_file(layout, position.destination)
            line = WaitingLine(links, file, position)
            given_up = 0
            for waiting in line.beyond(keep, now_unix_nano):
                line.passed(waiting)
                given_up += waiting.size
            if given_up:
                line.save()
                warn(
                    f"nobody forwards to {position.destination}: {format_size(given_up)} that "
                    "waited for it are beyond --retain and given up"
                )
        drop_passed(links, durable_positions(layout))
    finally:
        lock.release()
