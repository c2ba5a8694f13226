"""Go functions by the runtime's own table: as it is written, and that of a stripped program."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Sample
from otx.profile.errors import UnreadableError
from otx.profile.go_functions import GoFunctions, read_go_functions
from otx.profile.session import ProfileSession, Target
from tests.profile.conftest import Start, Take

TEXT = 0x401000
NAMES = b"main.main\0main.(*Cart).Total\0"
SHOP_GO = """
package main

import "fmt"

type Cart struct{ sink float64 }

//go:noinline
func (c *Cart) add(price float64) { c.sink += price }

//go:noinline
func (c *Cart) Total(n int) {
	for i := 0; i < n; i++ {
		x := float64(i)
		for j := 0; j < 100; j++ {
			x *= 1.0000001
		}
		c.add(x)
	}
}

//go:noinline
func checkout(c *Cart, done chan bool) {
	for {
		c.Total(1000000)
	}
}

func main() {
	done := make(chan bool)
	go checkout(&Cart{}, done)
	fmt.Println("ready")
	<-done
}
"""


def table(magic: int) -> bytes:
    """A table of two functions: 0x10 and 0x30 bytes from the text's beginning, up to 0x50."""
    is_old = magic == 0xFFFFFFFA
    form, base = ("Q", TEXT) if is_old else ("I", 0)
    names_at, functions_at = 128, 192
    index = struct.calcsize(f"<5{form}")
    entry = struct.calcsize(f"<{form}") + 4
    described = [index, index + entry]
    head = struct.pack("<IHBB", magic, 0, 1, 8)
    if is_old:
        head += struct.pack("<7Q", 2, 0, names_at, 0, 0, 0, functions_at)
    else:
        head += struct.pack("<8Q", 2, 0, 0, names_at, 0, 0, 0, functions_at)
    pairs = (base + 0x10, described[0], base + 0x30, described[1], base + 0x50)
    body = struct.pack(f"<5{form}", *pairs)
    body += struct.pack(f"<{form}i", base + 0x10, 0) + struct.pack(f"<{form}i", base + 0x30, 10)
    return (head.ljust(names_at, b"\0") + NAMES).ljust(functions_at, b"\0") + body


@pytest.mark.parametrize("magic", [0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1])
def test_functions_are_found_by_address(magic: int) -> None:
    found = read_go_functions(table(magic), TEXT)
    at = [TEXT + offset for offset in (0, 0x10, 0x2F, 0x30, 0x4F, 0x50)]
    assert [found.find(address) for address in at] == [
        *(None, "main.main", "main.main"),
        *("main.(*Cart).Total", "main.(*Cart).Total", None),
    ]
    assert [found.start(address) for address in at[1:4]] == [at[1], at[1], at[3]]


@pytest.mark.parametrize("cut", [0, 7, 40, 100, 200, 215])
def test_a_cut_table_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableError):
        read_go_functions(table(0xFFFFFFF1)[:cut], TEXT)


def test_a_description_outside_of_the_table_is_refused() -> None:
    raw = bytearray(table(0xFFFFFFFA))
    struct.pack_into("<Q", raw, 192 + 8, (1 << 64) - 1)
    with pytest.raises(UnreadableError):
        read_go_functions(bytes(raw), TEXT)


@given(st.binary(max_size=300), st.integers(0, (1 << 64) - 1))
def test_hostile_tables_raise_the_rooms_error_only(raw: bytes, address: int) -> None:
    for magic in (0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1):
        head = struct.pack("<IHBB", magic, 0, 1, 8)
        small = struct.pack("<8Q", 3, 0, 0, 64, 0, 0, 0, 80)
        for attempt in (raw, head + raw, head + small + raw):
            try:
                found = read_go_functions(attempt, TEXT)
            except UnreadableError:
                continue
            assert isinstance(found, GoFunctions)
            found.find(address)


@pytest.fixture
def stripped_go(tmp_path: Path) -> Path:
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not Path(go).exists():
        pytest.skip("go is not installed")
    source, program = tmp_path / "shop.go", tmp_path / "shop"
    source.write_text(SHOP_GO)
    subprocess.run(
        [go, "build", "-ldflags", "-s -w", "-o", program, source],
        check=True,
        timeout=300,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GOFLAGS": "-p=1"},
    )
    return program


@pytest.mark.bpf
@pytest.mark.long  # the compiler builds Go's library first, half a minute
@pytest.mark.usefixtures("bpf_machine")
def test_functions_of_a_stripped_go_program_are_named(
    stripped_go: Path, start: Start, take: Take
) -> None:
    process = start(stripped_go)
    with ProfileSession(Target((process.pid,)), frequency_hz=499) as session:
        samples: list[Sample] = take(session, 100)
    stacks = [[frame.name for frame in sample.stack] for sample in samples]
    inside = [stack for stack in stacks if "main.(*Cart).Total" in stack]
    assert len(inside) > 0.8 * len(stacks)
    for stack in inside:
        assert stack.index("main.checkout") < stack.index("main.(*Cart).Total")
    assert {stack[0] for stack in inside} == {"runtime.goexit"}
