"""What the agent keeps on disk: one small file, replaced as a whole, and texts beside it.

A state is written beside, synced and renamed over the old one; the folder is synced after it. So a
crash at any point leaves the old state or the new one. A checksum tells a damaged file (a disk that
failed, a hand that edited) from a whole one; the state before the last is kept for that day.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

STATE = "state.json"
PREVIOUS = "state.previous.json"
DAMAGED = "state.damaged.json"
DAMAGED_PREVIOUS = "state.previous.damaged.json"
TEXTS = "texts"
_FORMAT = 1
_BLOCK = 1 << 14


class StateDirectory:
    """The folder of one agent. Only the process that holds the pid lock writes to it."""

    def __init__(self, folder: Path, remark: Callable[[str], None]) -> None:
        """Keep state in `folder`, which is made; damage is told by `remark`."""
        self.folder = folder
        self._remark = remark
        (folder / TEXTS).mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self) -> dict[str, Any]:
        """The state as it was committed last; {} where there is none."""
        newest = self.folder / STATE
        if not newest.exists() and not (self.folder / PREVIOUS).exists():
            return {}
        for path in (newest, self.folder / PREVIOUS):
            body = _read(path)
            if body is not None:
                if path != newest:
                    self._remark("the state before the last one is used")
                return body
            if path.exists():
                kept = DAMAGED if path == newest else DAMAGED_PREVIOUS
                self._remark(f"{path} is damaged; it is kept as {kept}")
                path.replace(self.folder / kept)
        self._remark("no state could be read: the agent begins anew, with a new uid")
        return {}

    def commit(self, body: dict[str, Any]) -> None:
        """Replace the state, durably."""
        newest, beside = self.folder / STATE, self.folder / (STATE + ".new")
        text = json.dumps(body, sort_keys=True)
        whole = json.dumps({"format": _FORMAT, "sha256": _sum(text.encode()), "state": text})
        _write_synced(beside, whole.encode())
        if newest.exists():
            kept = self.folder / (PREVIOUS + ".new")
            kept.unlink(missing_ok=True)
            kept.hardlink_to(newest)
            kept.replace(self.folder / PREVIOUS)
        beside.replace(newest)
        _sync_folder(self.folder)

    def keep_text(self, content: bytes) -> str:
        """Store a text durably; its name, which is its checksum."""
        name = _sum(content)
        place = self.folder / TEXTS / name
        if self.text(name) is None:
            beside = place.with_suffix(".new")
            _write_synced(beside, content)
            beside.replace(place)
            _sync_folder(place.parent)
        return name

    def text(self, name: str) -> bytes | None:
        """A stored text; None where it is gone or damaged."""
        try:
            content = (self.folder / TEXTS / name).read_bytes()
        except OSError:
            return None
        return content if _sum(content) == name else None

    def forget_texts(self, kept: Collection[str]) -> None:
        """Remove every text that no state names."""
        for path in (self.folder / TEXTS).iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file that others read, in one step; readable by its owner alone.

    A file that is so already is left alone, for that needs no room on the disk.
    """
    if path.exists() and path.read_bytes() == content:
        return
    beside = path.with_name(path.name + ".new")
    _write_synced(beside, content)
    beside.replace(path)


def write_shown(path: Path, content: bytes) -> None:
    """Replace a file that is only looked at, without syncing: nothing rests on it after a crash.

    It ends with blanks up to whole blocks of the disk, so that a shorter one can be written in its
    place where there is no room for a second.

    Raises:
        OSError: Not even that can be done.
    """
    size = -(-len(content) // _BLOCK) * _BLOCK
    beside = path.with_name(path.name + ".new")
    try:
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content.ljust(size))
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        room = path.stat().st_size
        if room < size:
            raise
        number = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        with os.fdopen(number, "wb") as file:
            file.write(content.ljust(room))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        whole = json.loads(path.read_bytes())
        text = whole["state"]
        if whole["format"] != _FORMAT or _sum(text.encode()) != whole["sha256"]:
            return None
        body = json.loads(text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return body if isinstance(body, dict) else None


def _write_synced(path: Path, content: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(number)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
