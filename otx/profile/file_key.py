"""What tells a file and its contents from any other."""

import os
from typing import TypeAlias

from otx.profile.maps import Mapping

FileKey: TypeAlias = tuple[str, int, int, int]
"""Device, inode, size, time of the last change. A build-id would not do: that of a program is the
same without its symbols, and anybody can write one."""


def file_key(mapping: Mapping, descriptor: int) -> FileKey:
    """The key of the mapped file that is open."""
    status = os.fstat(descriptor)
    return mapping.device, status.st_ino, status.st_size, status.st_mtime_ns
