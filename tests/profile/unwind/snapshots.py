"""Stopped threads, recorded: registers, stack, mappings, and the unwind entries that were needed.

    python -m tests.profile.unwind.snapshots    records tests/data/unwind/*.json anew (root, gcc)

A walk over a snapshot needs no BPF, no process and none of the files it was recorded from. Of
unwind tables the bytes of entries that a walk met are kept, and zeros for the others.
"""

import base64
import json
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otx.profile.elf import EhFrame
from otx.profile.errors import UnreadableError
from otx.profile.unwind.table import UnwindTable, build
from otx.profile.unwind.walk import Code, Registers

FOLDER = Path(__file__).parents[2] / "data" / "unwind"


@dataclass(frozen=True)
class MappedCode:
    """An executable mapping; `table` names one of the snapshot's."""

    start: int
    end: int
    bias: int
    table: str


@dataclass(frozen=True)
class Snapshot:
    """A stopped thread.

    Attributes:
        stack: The bytes from the stack pointer on.
        addresses: What a walk of it found when it was recorded, leaf first.
        names: The functions at these by their files' symbols, "" where there is none.
    """

    registers: Registers
    stack: bytes
    code: tuple[MappedCode, ...]
    tables: dict[str, EhFrame]
    addresses: tuple[int, ...]
    names: tuple[str, ...]

    def read_word(self, address: int) -> int:
        """The word of the stack at an address."""
        at = address - self.registers.sp
        if not 0 <= at <= len(self.stack) - 8:
            raise UnreadableError(f"nothing was recorded at {address:#x}")
        return int.from_bytes(self.stack[at : at + 8], "little")

    def finder(self) -> Callable[[int], Code | None]:
        """Finds the mapping that holds an address."""
        tables: dict[str, UnwindTable] = {name: build(table) for name, table in self.tables.items()}

        def find(address: int) -> Code | None:
            for code in self.code:
                if code.start <= address < code.end:
                    return Code(code.bias, tables.get(code.table))
            return None

        return find


def pruned(table: EhFrame, met: list[int]) -> EhFrame:
    """The table with nothing but the entries of functions that hold given addresses."""
    kept = bytearray(len(table.data))
    starts = [table.base + start for start in table.starts]
    indexes = sorted({bisect_right(starts, address) - 1 for address in met} - {-1})
    for index in indexes:
        at = table.base + table.entries[index] - table.address
        pointer = int.from_bytes(table.data[at + 4 : at + 8], "little")
        for begin in (at, at + 4 - pointer):
            end = begin + 4 + int.from_bytes(table.data[begin : begin + 4], "little")
            kept[begin:end] = table.data[begin:end]
    data = bytes(kept).rstrip(b"\0") + bytes(8)
    kept_starts = array("i", [table.starts[index] for index in indexes])
    kept_entries = array("i", [table.entries[index] for index in indexes])
    return EhFrame(table.address, data, kept_starts, kept_entries, table.base)


def load(path: Path) -> Snapshot:
    """Read a snapshot."""
    document = json.loads(path.read_text())
    return Snapshot(
        Registers(*document["registers"]),
        _unpacked(document["stack"]),
        tuple(MappedCode(*code) for code in document["code"]),
        {name: _table(fields) for name, fields in document["tables"].items()},
        tuple(document["addresses"]),
        tuple(document["names"]),
    )


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot."""
    registers = snapshot.registers
    document = {
        "registers": [registers.pc, registers.sp, registers.bp],
        "stack": _packed(snapshot.stack),
        "code": [[code.start, code.end, code.bias, code.table] for code in snapshot.code],
        "tables": {
            name: {
                "address": table.address,
                "data": _packed(table.data),
                "starts": [table.base + start for start in table.starts],
                "entries": [table.base + entry for entry in table.entries],
            }
            for name, table in snapshot.tables.items()
        },
        "addresses": list(snapshot.addresses),
        "names": list(snapshot.names),
    }
    path.write_text(json.dumps(document, indent=None) + "\n")


def _table(fields: dict[str, Any]) -> EhFrame:
    return EhFrame(
        fields["address"], _unpacked(fields["data"]), fields["starts"], fields["entries"]
    )


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


if __name__ == "__main__":
    from tests.profile.unwind.record import record_all

    record_all()
