"""Real control groups for a test, taken away with it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.profile.cgroups import UNIFIED, Hierarchy, pids_below, read_hierarchies
from tests.conftest import wait_until


def hierarchies(*, unified: bool) -> list[Hierarchy]:
    """The hierarchies of one version that this machine has; skips where there are none."""
    try:
        found = [one for one in read_hierarchies() if (one.number == UNIFIED) == unified]
    except UsageError as error:
        pytest.skip(error.message)
    if not found:
        pytest.skip(f"no control groups of version {2 if unified else 1} are mounted")
    return found


@contextlib.contextmanager
def made_group(mount: Path, name: str) -> Iterator[Path]:
    """A group below a mount; its processes are killed and it is removed at the end."""
    outermost = mount / f"otx-test-{os.getpid()}"
    group = outermost / name
    try:
        group.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no control group can be made in {mount}: {error.strerror}")
    try:
        yield group
    finally:
        for pid in pids_below(outermost):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not pids_below(outermost), "the group is empty")
        for folder, _, _ in os.walk(outermost, topdown=False):
            Path(folder).rmdir()


def move(pid: int, group: Path) -> None:
    """Put a process into a group."""
    (group / "cgroup.procs").write_text(str(pid))
