"""The positions of all destinations in a store: who has none yet, and who is named no longer.

A destination that is named no longer keeps what waited for it, in case that it is named again, for
as long as the bound of `--forward-keep` lets it; it gets nothing of what comes meanwhile.
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from otx.model.units import format_size
from otx.store.durable import make_directory
from otx.store.errors import StoreDamaged
from otx.store.forward_inspection import position_files
from otx.store.forward_position import (
    SUFFIX,
    ForwardPosition,
    read_forward_position,
    write_forward_position,
)
from otx.store.kept_logs import Positions, ends, kept_logs, stretches_left
from otx.store.layout import Layout
from otx.store.log_position import LogPosition

BEYOND_ALL = LogPosition((1 << 24) - 1, 0)
"""Behind every file that a log can have."""


def position_file(layout: Layout, url: str) -> Path:
    """Where the position of a destination is kept: named for people, and for no two the same."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", url.partition("://")[2] or url).strip("-.")[:60]
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return layout.forward / f"{words or 'destination'}-{digest}{SUFFIX}"


def prepare_places(layout: Layout, urls: Sequence[str]) -> None:
    """Give new destinations their place, behind all that is kept.

    It comes before anything is received, so that a new one gets all that comes from then on, even
    where the process ends before the first request is sent.

    Raises:
        OSError: The disk failed or is full.
    """
    make_directory(kept_logs(layout))
    for half_made in kept_logs(layout).glob(".*"):
        shutil.rmtree(half_made, ignore_errors=True)
    behind_all = ends(kept_logs(layout))
    for url in urls:
        file = position_file(layout, url)
        if not file.exists():
            write_forward_position(file, ForwardPosition(url, behind_all))


def read_place(layout: Layout, url: str, warn: Callable[[str], None]) -> ForwardPosition:
    """Where a destination is; before all that is kept where its position is damaged."""
    try:
        known = read_forward_position(position_file(layout, url))
    except StoreDamaged as error:
        warn(f"{error.message}: all that is kept is sent to {url} again")
        known = None
    return known or ForwardPosition(url)


def set_nobodys_aside(layout: Layout, urls: Collection[str], warn: Callable[[str], None]) -> None:
    """Put aside damaged positions that are of nobody who is named: they would keep logs for ever.

    Raises:
        OSError: The disk failed.
    """
    named = {position_file(layout, url) for url in urls}
    for file in position_files(layout):
        if file in named:
            continue  # sent to again from the beginning (`read_place`)
        try:
            read_forward_position(file)
        except StoreDamaged as error:
            aside = file.with_name(file.name + ".damaged")
            file.rename(aside)
            warn(
                f"{error.message}: --forward names nobody that it is of, so nothing is kept for it"
                f" ({aside.name} is what it held)"
            )


def unnamed_places(layout: Layout, urls: Collection[str]) -> list[ForwardPosition]:
    """Where destinations are that are not named now; damaged positions are none."""
    found = []
    for file in position_files(layout):
        with suppress(StoreDamaged):
            position = read_forward_position(file)
            if position is not None and position.destination not in urls:
                found.append(position)
    return found


def durable_positions(layout: Layout) -> list[Positions]:
    """Where all are, as it would be found after a crash."""
    found: list[Positions] = []
    for file in position_files(layout):
        try:
            position = read_forward_position(file)
        except StoreDamaged:
            position = None
        found.append(position.positions if position else {})
    return found


def left_behind(layout: Layout, urls: Collection[str] = ()) -> list[str]:
    """What waits for destinations that are not named now, each as a sentence."""
    told = []
    for position in unnamed_places(layout, urls):
        left = stretches_left(kept_logs(layout), position.positions)
        if size := sum(stretch.size for stretch in left):
            told.append(f"{format_size(size)} wait for {position.destination}")
    return told


def apart_from(position: ForwardPosition, logs: Sequence[Path]) -> ForwardPosition:
    """A position to which all that some logs hold, or will hold, is as if it had been sent."""
    beyond = {log.name: BEYOND_ALL for log in logs if log.name not in position.positions}
    return ForwardPosition(position.destination, {**position.positions, **beyond})
