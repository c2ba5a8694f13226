"""Waiting until files change, by looking at them a few times a second.

No kernel interface: what is watched is a handful of files, on any file system, over the network
too. Time comes in from outside.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

INTERVAL_S = 0.4
"""Between two looks. People do not notice it, and a look costs microseconds a file."""

Mark: TypeAlias = tuple[int, int, int] | None
"""What tells a file from the same file changed; None for one that is not there."""
Marks: TypeAlias = Mapping[Path, Mark]
Wait: TypeAlias = Callable[[float], bool]
"""Waits so many seconds; true where it should wait no longer."""


def mark(path: Path) -> Mark:
    """A file's mark at this moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def wait_for_change(before: Marks, look: Callable[[], Marks], wait: Wait) -> bool:
    """Wait until the files are others than before and have come to rest.

    An editor may write a file in steps, so a change counts when two looks see the same.

    Args:
        before: The marks to compare with.
        look: The marks at this moment.
        wait: How to wait.

    Returns:
        Whether they changed; false where the waiting was ended from outside.
    """
    last = before
    while not wait(INTERVAL_S):
        now = look()
        if now != before and now == last:
            return True
        last = now
    return False
