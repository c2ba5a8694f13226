"""Logs that outlive their conversion, for those who send them on.

The converter drops a log's file once it is rows. A writer whose requests are forwarded gives each
file a second name (a hard link) below `forward/logs/<writer>/` before anything in it is
acknowledged, its `lock` and `committed` as well, so that this directory is read as a log is. The
bytes are there once, and until the last of their names is gone; neither side asks the other.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from otx.errors import MachineError
from otx.store.durable import make_directory, sync_directory
from otx.store.layout import Layout
from otx.store.log_format import FILE_SUFFIX
from otx.store.log_position import COMMITTED_NAME, LOG_START, LogPosition
from otx.store.log_reader import Stretch, is_writing, readable_stretches

Positions = Mapping[str, LogPosition]
"""How far each log was passed on, by its name; a log that is not in it was not begun."""


def kept_logs(layout: Layout) -> Path:
    """Where the logs lie that are kept."""
    return layout.forward / "logs"


def keep_logs(layout: Layout) -> Path:
    """Make the directory of kept logs, durably.

    Raises:
        OSError: It cannot be made.
        MachineError: The file system has no hard links.
    """
    links = kept_logs(layout)
    make_directory(links)
    probe, second = layout.logs / ".link", links / ".link"
    probe.touch()
    try:
        second.unlink(missing_ok=True)
        os.link(probe, second)
    except OSError as error:
        raise MachineError(
            f"cannot forward from the store {layout.root}: "
            f"its file system has no hard links ({error.strerror})",
            hint="--store DIR picks another place",
        ) from None
    finally:
        probe.unlink()
        second.unlink(missing_ok=True)
    return links


def keep_log(log: Path, links: Path, name: str) -> Path:
    """Give a new log, locked and without files yet, its second directory.

    Raises:
        OSError: The disk failed or is full.
    """
    # Under a hidden name first: a log without its lock would look like one of a dead writer.
    hidden = links / f".{name}"
    hidden.mkdir()
    for part in ("lock", COMMITTED_NAME):
        os.link(log / part, hidden / part)
    kept = links / name
    hidden.rename(kept)
    sync_directory(links)
    return kept


def keep_file(path: Path, kept: Path) -> None:
    """Give a log's new file its second name.

    Raises:
        OSError: It has none then.
    """
    link = kept / path.name
    link.unlink(missing_ok=True)  # of a file that could not be begun
    os.link(path, link)
    try:
        sync_directory(kept)
    except OSError:
        link.unlink(missing_ok=True)
        raise


def kept_directories(links: Path) -> list[Path]:
    """The kept logs, oldest writer first."""
    try:
        return sorted(path for path in links.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def stretches_left(links: Path, positions: Positions) -> list[Stretch]:
    """What of the kept logs lies behind some positions and may be read, in order."""
    found: list[Stretch] = []
    for directory in kept_directories(links):
        found += readable_stretches(directory, positions.get(directory.name, LOG_START))
    return found


def ends(links: Path) -> dict[str, LogPosition]:
    """Behind all that the kept logs of dead writers hold now."""
    reached: dict[str, LogPosition] = {}
    for stretch in stretches_left(links, {}):
        reached[stretch.log] = LogPosition(stretch.number, stretch.end)
    return reached


def drop_passed(links: Path, everyone: Iterable[Positions]) -> None:
    """Give up the files that all have passed, and the logs of dead writers of which none is left.

    Args:
        links: The kept logs.
        everyone: The positions of each reader, as they are on disk.
    """
    readers = list(everyone)
    for stretch in stretches_left(links, {}):
        end = LogPosition(stretch.number, stretch.end)
        reached = min((one.get(stretch.log, LOG_START) for one in readers), default=end)
        if stretch.is_final and reached >= end:
            stretch.path.unlink(missing_ok=True)
    for directory in kept_directories(links):
        if not is_writing(directory) and not any(directory.glob(f"*{FILE_SUFFIX}")):
            shutil.rmtree(directory, ignore_errors=True)
