"""What lookups read of a Go program's tables, recorded beside what Go's own addr2line says.

    python -m tests.profile.go_recorded NAME PROGRAM TWIN    records tests/data/go/NAME.json

PROGRAM is SOURCE as a version of Go built it, stripped, and TWIN the same with its symbols, which
Go's objdump needs. Each address of the functions of SOURCE is looked up; the bytes that were read
are kept, so that a lookup that goes astray finds nothing.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from otx.profile.elf import GO_TABLES, ElfFile, Reader, file_reader
from otx.profile.go_functions import GoFunctions
from otx.profile.go_programs import find_go_functions, find_tree, reader_from

FOLDER = Path(__file__).parents[1] / "data" / "go"
SOURCE = """
package main

import (
	"fmt"
	"sync/atomic"
)

var sink int64

type number interface{ ~int | ~float64 }

func square[T number](x T) T { return x * x }

//go:noinline
func sum[T number](n int, start T) T {
	total := start
	for i := 0; i < n; i++ {
		total += square(T(i))
	}
	return total
}

func inner(n int) int {
	t := 0
	for i := 0; i < n; i++ {
		t += i ^ n
	}
	return t
}

func middle(n int) int { return inner(n) + 1 }

//go:noinline
func outer(n int) int {
	return middle(n) + 2
}

func main() {
	fmt.Println("ready")
	for {
		atomic.AddInt64(&sink, int64(outer(100000)))
		atomic.AddInt64(&sink, int64(sum(100000, 1)))
		atomic.AddInt64(&sink, int64(sum(50000, 1.5)))
	}
}
""".lstrip()
OUTERMOST = ("main.outer", "main.sum[")
FRAMES = r"^main\.(main|outer)$"
_INSTRUCTION = re.compile(r"\s+\S+:\d+\s+(0x[0-9a-f]+)\s+[0-9a-f]+\s+(\S.*?)\s*")
_WORD = 8


@dataclass
class Recording:
    """Bytes of a file by where they were read."""

    stretches: dict[int, bytes] = field(default_factory=dict)

    def around(self, read: Reader) -> Reader:
        """A reader that remembers."""

        def remembering(offset: int, size: int) -> bytes:
            data = read(offset, size)
            if len(self.stretches.get(offset, b"")) < len(data):
                self.stretches[offset] = data
            return data

        return remembering

    def read(self, offset: int, size: int) -> bytes:
        """What was read there."""
        return self.stretches.get(offset, b"")[:size]


@dataclass(frozen=True)
class GoProgram:
    """A recording.

    Attributes:
        said: Of each address what addr2line says: the outermost function, and the innermost's
            file and line.
        hidden: Of each instruction how far from the stack pointer the return address is, where
            rbp does not lead to it, by the code itself; of no instruction in older recordings.
    """

    functions: GoFunctions
    said: dict[int, tuple[str, str, int]]
    hidden: dict[int, int | None]


def load(name: str) -> GoProgram:
    """A recording by its name."""
    raw = json.loads((FOLDER / f"{name}.json").read_text())
    kept = json.loads(zlib.decompress(base64.b64decode(raw["read"])))
    table, tree = (
        Recording({int(at): bytes.fromhex(data) for at, data in kept[part].items()})
        for part in ("table", "tree")
    )
    functions = GoFunctions(table.read, raw["size"], raw["text_start"])
    functions.know_inlined(tree.read)
    hidden = {int(at): distance for at, distance in raw.get("hidden", {}).items()}
    said = {int(at): tuple(said) for at, said in raw["said"].items()}
    return GoProgram(functions, said, hidden)


def build(folder: Path, *options: str, source: str = SOURCE) -> Path:
    """A program as the Go that is installed builds it."""
    file, program = folder / "main.go", folder / "program"
    file.write_text(source)
    subprocess.run(
        [go_command(), "build", *options, "-o", program, file],
        check=True,
        timeout=300,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "GOFLAGS": "-p=1"},
    )
    return program


def go_command() -> str:
    """Where Go is."""
    return shutil.which("go") or "/usr/local/go/bin/go"


def addr2line(program: Path, addresses: list[int]) -> dict[int, tuple[str, str, int]]:
    """What Go's own tool says of addresses."""
    text = "\n".join(f"{address:#x}" for address in addresses)
    words = [go_command(), "tool", "addr2line", str(program)]
    lines = subprocess.run(
        words, input=text, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    said = {}
    for address, name, place in zip(addresses, lines[::2], lines[1::2], strict=True):
        file, _, line = place.rpartition(":")
        said[address] = (name, file, max(int(line), 0))
    return said


def hidden_callers(program: Path, functions: str) -> dict[int, int | None]:
    """Where the return address is missed at each instruction, by the instructions themselves.

    Before a function pushes rbp, and after it has popped it, rbp is its caller's; after the push
    it still is for one instruction. What grows the stack is jumped to before the push, and lies
    behind all else.
    """
    words = [go_command(), "tool", "objdump", "-s", functions, str(program)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[int, int | None] = {}
    has_frame = False
    distance: int | None = 0
    growth = 0
    for line in lines:
        if line.startswith("TEXT "):
            distance, growth, has_frame = 0, 0, False
        instruction = _INSTRUCTION.fullmatch(line)
        if instruction is None:
            continue
        at, code = int(instruction[1], 16), instruction[2]
        if at == growth:
            distance = 0
        found[at] = distance
        if code.startswith("JBE ") and not has_frame:
            growth = int(code.split()[1], 16)
        if code == "PUSHQ BP":
            distance, has_frame = _WORD, True
        elif distance == _WORD or (code == "RET" and has_frame):
            distance = None
        elif code == "POPQ BP":
            distance = 0
    return found


def record(name: str, program: Path, twin: Path) -> None:
    """Look up the functions of a program, and keep what was read."""
    read = file_reader(os.open(program, os.O_RDONLY | os.O_CLOEXEC))
    elf = ElfFile(read)
    table, text = elf.section_extent(*GO_TABLES), elf.section_extent(b".text")
    assert table is not None and text is not None
    known = find_go_functions(elf, lambda: read)
    assert known is not None
    addresses = [
        it for it in range(text.start, text.stop) if (known.find(it) or "").startswith(OUTERMOST)
    ]
    parts = {"table": Recording(), "tree": Recording()}
    from_table = reader_from(read, elf.file_offset(table.start) or 0)
    functions = GoFunctions(parts["table"].around(from_table), len(table), text.start)
    tree = find_tree(elf, table.start, functions.form.tree_in_module)
    assert tree is not None
    from_tree = reader_from(read, elf.file_offset(tree) or 0)
    functions.know_inlined(parts["tree"].around(from_tree))
    for address in addresses:
        functions.calls(address)
    hidden = hidden_callers(twin, FRAMES)
    for address in hidden:
        functions.hidden_caller(address)
    kept = {
        part: {at: data.hex() for at, data in recording.stretches.items()}
        for part, recording in parts.items()
    }
    packed = zlib.compress(json.dumps(kept).encode(), 9)
    whole = {
        "text_start": text.start,
        "size": len(table),
        "said": addr2line(program, addresses[::3]),
        "hidden": hidden,
        "read": base64.b64encode(packed).decode(),
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(whole) + "\n")


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
