"""What was worked out of files, kept on disk: the second start reads what the first one made.

A file is a head (magic, format version, checksum) and what was made. What is not so to the byte is
none: it is made anew and written over. Files are written beside and renamed, and the directory is
kept below a size by deleting what was used longest ago.
"""

import mmap
import os
import stat
import struct
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

MAX_SIZE = 64 << 20
HEAD_SIZE = 16
_HEAD = struct.Struct("<8sII")  # magic, version, crc32
_PIECE = 1 << 20
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_LEAST_MAPPED = 1 << 18
"""A mapped file keeps a descriptor: smaller ones are read."""

Bytes: TypeAlias = bytes | memoryview


@dataclass(frozen=True)
class FileCache:
    """A directory of files of one kind.

    What cannot be read or written there is not cached, without a word: it is made instead.

    Attributes:
        directory: Made when the first file is stored.
        suffix: Of the files' names, with the dot.
        magic: Eight bytes that such a file begins with.
        version: To be raised whenever the same source comes out different.
        max_size: Of all files together, in bytes.
        is_trusted: Whether more harm than a wrong name can be done by a file, so that only those
            are read that this user wrote: root may run with the HOME of somebody else.
    """

    directory: Path
    suffix: str
    magic: bytes
    version: int
    max_size: int = MAX_SIZE
    is_trusted: bool = False

    def load(self, name: str) -> bytes | mmap.mmap | None:
        """A file, what was stored from byte 16 on; None where it is not there, or is not whole."""
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            if not (self._may_be_read(descriptor) and self._is_whole(descriptor)):
                return None
            with suppress(OSError):
                os.utime(descriptor)
            size = os.fstat(descriptor).st_size
            if size < _LEAST_MAPPED:
                return os.pread(descriptor, size, 0)
            # No other process makes it shorter: files are replaced and deleted, never changed.
            return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def store(self, name: str, parts: Sequence[Bytes]) -> None:
        """Keep what was made, in parts that follow each other; of too much nothing is kept."""
        if sum(map(len, parts)) > self.max_size // 2:
            return
        checksum = 0
        for part in parts:
            checksum = zlib.crc32(part, checksum)
        with suppress(OSError):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            head = _HEAD.pack(self.magic, self.version, checksum)
            _write_beside(self._path(name), (head, *parts))
            self._trim()

    def _may_be_read(self, descriptor: int) -> bool:
        status = os.fstat(descriptor)
        is_own = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
        return stat.S_ISREG(status.st_mode) and (is_own or not self.is_trusted)

    def _is_whole(self, descriptor: int) -> bool:
        """Read from the file and not where it is mapped: what nobody asks for takes no memory."""
        head = os.read(descriptor, HEAD_SIZE)
        if len(head) < HEAD_SIZE:
            return False
        magic, version, wanted = _HEAD.unpack(head)
        if (magic, version) != (self.magic, self.version):
            return False
        checksum = 0
        while piece := os.read(descriptor, _PIECE):
            checksum = zlib.crc32(piece, checksum)
        return bool(checksum == wanted)

    def _path(self, name: str) -> Path:
        return self.directory / (name + self.suffix)

    def _trim(self) -> None:
        """Delete what was used longest ago until the rest fits."""
        found = []
        for path in self.directory.glob("*" + self.suffix):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, path))
        left = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if left <= self.max_size:
                return
            path.unlink(missing_ok=True)
            left -= size


def _write_beside(path: Path, parts: Sequence[Bytes]) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                file.write(part)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
