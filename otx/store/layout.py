"""Where everything in a store lies, and who may write to it.

    <store>/
      MANIFEST.json      what can be read: segments, and how far each log is converted; and a copy
      segments/          Parquet, its indexes, and requests of profiles beside their samples
      logs/<writer>/     one write-ahead log a writing process, `lock` held while it lives
      imports/           which files were imported, and what of one is not to be seen yet
      forward/           what destinations of `--forward` still need, and how far each of them is
      aside/             what was cut off a log or could not be decoded, for a person to look at
      receiver.lock      held by the receiver; receiver.json says who and where
      converter.lock     held by the one process that turns logs into segments

A directory is a store from the first writer on; nothing has to be set up.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from otx.errors import MachineError
from otx.store.durable import FileLock, is_locked, make_directory, replace_durably


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one store."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The one file that says what readers see."""
        return self.root / "MANIFEST.json"

    @property
    def segments(self) -> Path:
        """Finished segments, and those still being written beside them."""
        return self.root / "segments"

    @property
    def logs(self) -> Path:
        """One directory a writer."""
        return self.root / "logs"

    @property
    def aside(self) -> Path:
        """Damaged and undecodable stretches, kept for a person."""
        return self.root / "aside"

    @property
    def forward(self) -> Path:
        """What `otx.store.kept_logs` keeps for other places."""
        return self.root / "forward"

    @property
    def converter_lock(self) -> Path:
        """Held by the process that converts."""
        return self.root / "converter.lock"

    @property
    def receiver_lock(self) -> Path:
        """Held by the process that receives."""
        return self.root / "receiver.lock"

    @property
    def receiver_info(self) -> Path:
        """Who receives and where; true only while the lock is held."""
        return self.root / "receiver.json"

    def is_there(self) -> bool:
        """Whether anything was ever kept here."""
        return self.manifest.is_file() or self.logs.is_dir()

    def create(self) -> None:
        """Make the directories, durably; fine when they are there.

        Raises:
            MachineError: The directory cannot be made or written.
        """
        try:
            for directory in (self.segments, self.logs, self.aside):
                make_directory(directory)
        except OSError as error:
            raise MachineError(
                f"cannot make the store in {self.root}: {error.strerror}",
                hint="--store DIR or OTX_STORE picks another place",
            ) from None


@dataclass(frozen=True, slots=True)
class ReceiverInfo:
    """Who receives for a store. Addresses are "" until it listens, or where it doesn't."""

    pid: int
    grpc: str = ""
    http: str = ""


class ReceiverLock:
    """Claims being "the receiver" of a store for as long as the context lasts.

    A profiler or another writer needs no such claim: it has a log of its own. This keeps two
    receivers from being started by accident where the second would find its ports taken.
    """

    def __init__(self, store_dir: Path) -> None:
        self._layout = Layout(store_dir)
        self._lock = FileLock(self._layout.receiver_lock)

    def __enter__(self) -> Self:
        self.claim()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def claim(self) -> None:
        """Become the receiver.

        Raises:
            MachineError: Another receiver writes to this store, or it cannot be made.
        """
        self._layout.create()
        if not self._lock.acquire():
            raise _taken(self._layout, self.holder(self._layout.root))
        self.announce()

    def announce(self, grpc: str = "", http: str = "") -> None:
        """Tell others where this receiver listens (HOST:PORT or `unix:PATH`)."""
        info = ReceiverInfo(os.getpid(), grpc, http)
        replace_durably(self._layout.receiver_info, json.dumps(asdict(info)).encode())

    def release(self) -> None:
        """Stop being the receiver; fine when it never was."""
        self._lock.release()

    @staticmethod
    def holder(store_dir: Path) -> ReceiverInfo | None:
        """Who receives for a store now; None when nobody does, whatever the file says."""
        layout = Layout(store_dir)
        if not is_locked(layout.receiver_lock):
            return None
        try:
            known = json.loads(layout.receiver_info.read_bytes())
            return ReceiverInfo(int(known["pid"]), str(known["grpc"]), str(known["http"]))
        except (OSError, ValueError, KeyError, TypeError):
            return ReceiverInfo(pid=0)


def _taken(layout: Layout, holder: ReceiverInfo | None) -> MachineError:
    who = f"process {holder.pid}" if holder and holder.pid else "another process"
    return MachineError(
        f"{who} already receives for the store {layout.root}",
        hint="stop it, or pick another store with --store DIR",
    )
