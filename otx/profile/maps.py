"""What is mapped where in a process: /proc/PID/maps (proc(5)), its executable lines."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from otx.profile.proc_text import read_lines

_LINE = re.compile(
    r"([0-9a-f]{1,16})-([0-9a-f]{1,16}) (\S{4}) ([0-9a-f]{1,16})"
    r" ([0-9a-f]{1,8}:[0-9a-f]{1,8}) ([0-9]{1,20})(?: +(.*)|)",  # the path may have any character
    re.DOTALL,
)
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A stretch of addresses.

    Attributes:
        offset: Where it begins in the file.
        device: The file's device, `major:minor` in hex.
        path: The file as the process names it, `[vdso]` and the like, or "".
        is_deleted: Whether the file is no more what its path leads to.
    """

    start: int
    end: int
    executable: bool
    offset: int
    device: str
    inode: int
    path: str
    is_deleted: bool = False

    @property
    def base_name(self) -> str:
        """The file's base name; `[anon]` where there is no file."""
        return self.path.rpartition("/")[2] or "[anon]"

    @property
    def is_file(self) -> bool:
        """Whether there is a file behind it."""
        return self.inode != 0


class AddressSpace:
    """The mappings of a process by address."""

    def __init__(self, mappings: Iterable[Mapping] = ()) -> None:
        self.mappings = sorted(mappings, key=lambda mapping: mapping.start)
        self._executable = [mapping for mapping in self.mappings if mapping.executable]
        self._starts = [mapping.start for mapping in self._executable]

    @property
    def executable(self) -> list[Mapping]:
        """The mappings that hold code, lowest first."""
        return self._executable

    def find_code(self, address: int) -> Mapping | None:
        """The executable mapping that holds an address."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self._executable[index].end:
            return self._executable[index]
        return None


def parse_maps(lines: Iterable[str]) -> list[Mapping]:
    """The mappings that lines of a maps file are; those that are none are passed over."""
    mappings = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        start, end, permissions, offset, device, inode, path = match.groups("")
        mappings.append(
            Mapping(
                int(start, 16),
                int(end, 16),
                permissions[2] == "x",
                int(offset, 16),
                device,
                int(inode),
                path.removesuffix(_DELETED),
                path.endswith(_DELETED),
            )
        )
    return mappings


def read_address_space(pid: int) -> AddressSpace:
    """What a process has mapped now; nothing where it is gone or may not be looked at."""
    try:
        return AddressSpace(parse_maps(read_lines(f"/proc/{pid}/maps")))
    except OSError:
        return AddressSpace()
