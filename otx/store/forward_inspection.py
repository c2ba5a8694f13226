"""What waits for destinations of `otx receive --forward`, and whether it can be read."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.store.errors import StoreDamaged
from otx.store.forward_position import SUFFIX, ForwardPosition, read_forward_position
from otx.store.kept_logs import kept_logs, stretches_left
from otx.store.layout import Layout
from otx.store.log_reader import Stretch, iterate_requests

_FIRST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class ForwardFacts:
    """One destination.

    Attributes:
        destination: Its URL.
        waiting_bytes: Bytes of the logs that it was not sent yet.
        oldest_waiting_unix_nano: When the oldest of them was received; 0 without any.
    """

    destination: str
    waiting_bytes: int
    oldest_waiting_unix_nano: int


def position_files(layout: Layout) -> list[Path]:
    """The files that say how far each destination is."""
    return sorted(layout.forward.glob(f"*{SUFFIX}"))


def forward_facts(layout: Layout) -> list[ForwardFacts]:
    """All destinations that a store has a place for; those whose place is damaged are none."""
    found = []
    for file in position_files(layout):
        with suppress(StoreDamaged):
            position = read_forward_position(file)
            if position is not None:
                found.append(_facts(layout, position))
    return found


def kept_bytes(layout: Layout) -> int:
    """How much all destinations together still keep on the disk."""
    size = 0
    for path in kept_logs(layout).glob("*/*"):
        with suppress(FileNotFoundError):  # all have passed it meanwhile
            size += path.stat().st_size
    return size


def forward_problems(layout: Layout) -> Iterator[tuple[Path, str]]:
    """The files of places that are damaged, and what is wrong with each."""
    for file in position_files(layout):
        try:
            read_forward_position(file)
        except StoreDamaged as error:
            yield file, f"{error.message}; what is kept is sent to its destination again"


def kept_stretches(layout: Layout) -> list[Stretch]:
    """All that is kept for any destination."""
    return stretches_left(kept_logs(layout), {})


def _facts(layout: Layout, position: ForwardPosition) -> ForwardFacts:
    left = [one for one in stretches_left(kept_logs(layout), position.positions) if one.size]
    oldest = next((received for one in left if (received := _oldest(one))), 0)
    return ForwardFacts(position.destination, sum(one.size for one in left), oldest)


def _oldest(stretch: Stretch) -> int:
    """When the first request of a stretch was received; 0 where it has none that is whole."""
    with suppress(FileNotFoundError):
        for portion in iterate_requests(stretch, _FIRST_BYTES):
            if portion.requests:
                return portion.requests[0].received_unix_nano
    return 0
