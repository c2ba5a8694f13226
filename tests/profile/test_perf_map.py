"""Perf maps: what their lines mean, how they grow, and whose are read."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame
from otx.profile import perf_map as perf_map_module
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from otx.profile.perf_map import PerfMap, frame_of_name
from tests.profile.conftest import Start, Take
from tests.profile.sessions import open_session

SECOND_NS = 1_000_000_000
BURN_JS = """
function hot(n) { let x = 0; for (let i = 0; i < n; i++) { x += Math.sqrt(i) * i; } return x; }
class Cart {
  total(n) { return hot(n) + 1; }
}
const cart = new Cart();
for (let i = 0; i < 2000; i++) cart.total(1000);
console.log('ready');
while (true) cart.total(100000);
"""


class Clock:
    """A monotonic clock that a test moves on."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp" / "perf-7.map"


def open_map(written: Path, clock: Clock, owner: int | None = None) -> PerfMap:
    return PerfMap(written.parents[1], os.getuid() if owner is None else owner, 7, clock)


def name_at(perf_map: PerfMap, address: int) -> str | None:
    frame = perf_map.find(address)
    return frame.name if frame else None


def test_an_address_is_named_by_what_holds_it(written: Path, clock: Clock) -> None:
    written.write_text("1000 10 first\n0x1020 0x20 Lcom/Shop;::second and more\nno line\n")
    perf_map = open_map(written, clock)
    assert [name_at(perf_map, at) for at in (0xFFF, 0x1000, 0x100F, 0x1010, 0x103F, 0x1040)] == [
        *(None, "first", "first"),
        *(None, "Lcom/Shop;::second and more", None),
    ]


def test_the_later_line_is_right(written: Path, clock: Clock) -> None:
    written.write_text("1000 100 old\n1080 10 inside\n1000 40 new\n10c0 80 over the end\n")
    perf_map = open_map(written, clock)
    assert [name_at(perf_map, at) for at in (0x1000, 0x1050, 0x1084, 0x10D0)] == [
        *("new", None, "inside", "over the end"),
    ]


def test_what_is_appended_is_read_when_it_is_whole(written: Path, clock: Clock) -> None:
    perf_map = open_map(written, clock)
    assert name_at(perf_map, 0x1000) is None
    written.write_text("1000 10 first\n2000 10 sec")
    assert name_at(perf_map, 0x1000) is None  # not looked at again so soon
    clock.now_ns += SECOND_NS
    assert (name_at(perf_map, 0x1000), name_at(perf_map, 0x2000)) == ("first", None)
    with written.open("a") as file:
        file.write("ond\n1000 10 again\n")
    clock.now_ns += SECOND_NS
    assert (name_at(perf_map, 0x1000), name_at(perf_map, 0x2000)) == ("again", "second")


def test_a_map_that_is_written_anew_replaces_the_old_one(written: Path, clock: Clock) -> None:
    written.write_text("1000 10 first\n2000 10 second\n")
    perf_map = open_map(written, clock)
    assert name_at(perf_map, 0x2000) == "second"
    written.write_text("1000 10 other\n")
    clock.now_ns += SECOND_NS
    assert (name_at(perf_map, 0x1000), name_at(perf_map, 0x2000)) == ("other", None)


@pytest.mark.parametrize("junk", [b"x", b"\0"])
def test_junk_without_end_is_read_once(
    written: Path, clock: Clock, junk: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perf_map_module, "MAX_SIZE", 8 << 20)
    written.write_bytes(b"1000 10 first\n" + junk * (5 << 20) + b"\n2000 10 second\n")
    os.truncate(written, 20 << 30)
    perf_map = open_map(written, clock)
    assert (name_at(perf_map, 0x1000), name_at(perf_map, 0x2000)) == ("first", "second")
    before = read_so_far()
    for _ in range(10):
        clock.now_ns += SECOND_NS
        assert name_at(perf_map, 0x3000) is None
    assert read_so_far() - before < 1 << 20


def read_so_far() -> int:
    """Bytes that this process has read of files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(lines[0].removeprefix("rchar: "))


def test_a_map_that_does_not_grow_is_not_gone_through_again(written: Path, clock: Clock) -> None:
    written.write_text("".join(f"{at:x} 10 name\n" for at in range(1 << 20, 1 << 24, 64)))
    perf_map = open_map(written, clock)
    began_s = time.process_time()
    perf_map.find(0)
    read_s = time.process_time() - began_s
    for _ in range(100):
        clock.now_ns += SECOND_NS
        perf_map.find(0)
    assert time.process_time() - began_s < 2 * read_s


def test_a_map_of_many_pieces_is_whole(written: Path, clock: Clock) -> None:
    lines = [f"{1000 + 16 * i:x} 10 name {i}" for i in reversed(range(100_000))]
    written.write_text("\n".join(lines) + "\n")
    perf_map = open_map(written, clock)
    for i in (0, 1, 31_415, 99_999):
        assert name_at(perf_map, 1000 + 16 * i + 8) == f"name {i}"


def test_only_a_plain_file_of_the_targets_user_is_read(written: Path, clock: Clock) -> None:
    written.write_text("1000 10 first\n")
    assert name_at(open_map(written, clock, owner=os.getuid() + 1), 0x1000) is None
    elsewhere = written.rename(written.with_name("elsewhere"))
    written.symlink_to(elsewhere)
    assert name_at(open_map(written, clock), 0x1000) is None
    written.unlink()
    os.mkfifo(written)  # nobody writes: opening it plainly would wait for ever
    assert name_at(open_map(written, clock), 0x1000) is None


def test_a_map_is_found_in_the_targets_own_namespaces(start: Start) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("making namespaces needs root and unshare")
    inside = (
        "mount -t tmpfs none /tmp; echo 1000 10 inside > /tmp/perf-$$.map;"
        " echo ready; exec sleep 1000"
    )
    outer = start("unshare", "--pid", "--fork", "--kill-child", "--mount", "sh", "-c", inside)
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    (child,) = map(int, children)
    try:
        assert name_at(PerfMap.of_process(child), 0x1008) == "inside"
        assert name_at(PerfMap.of_process(outer.pid), 0x1008) is None
    finally:
        os.kill(child, signal.SIGKILL)  # unshare waits for it, whatever it is told


@given(st.binary(max_size=300), st.integers(0, 1 << 64))
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, raw: bytes, at: int) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "tmp").mkdir()
    (root / "tmp" / "perf-7.map").write_bytes(b"0 ffffffffffffffff x\n" + raw)
    PerfMap(root, os.getuid(), 7, lambda: 0).find(at)


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("JS:*hot /app/x.js:3:13", Frame("hot", "jit", "/app/x.js", 3, "x.js")),
        ("JS:^total file:///x.mjs:9:1", Frame("total", "jit", "file:///x.mjs", 9, "x.mjs")),
        ("JS:~ /app/my shop/x.js:1:1", Frame("(anonymous)", "jit", "/app/my shop/x.js", 1, "x.js")),
        ("LazyCompile:~go node:events:6:8", Frame("go", "jit", "node:events", 6, "node:events")),
        ("Eval:~", Frame("(anonymous)", "jit")),
        ("Builtin:ArrayPush", Frame("Builtin:ArrayPush", "jit")),
        ("py::Cart.total:/app/cart.py", Frame("Cart.total", "jit", "/app/cart.py", 0, "cart.py")),
        ("Lcom/Shop;::total", Frame("Lcom/Shop;::total", "jit")),
    ],
)  # fmt: skip
def test_names_hold_a_file_where_the_machine_writes_one(name: str, frame: Frame) -> None:
    assert frame_of_name(name) == frame


@given(st.text(max_size=80))
def test_any_name_is_a_frame(name: str) -> None:
    assert frame_of_name(name).kind == "jit"


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_functions_of_node_are_named(start: Start, take: Take, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = tmp_path / "burn.js"
    script.write_text(BURN_JS)
    log = ("--no-logfile-per-isolate", f"--logfile={tmp_path / 'v8.log'}")
    named = ("--perf-basic-prof", "--interpreted-frames-native-stack", "--no-turbo-inlining")
    process = start("node", *named, *log, script)
    try:
        with open_session([process.pid], frequency_hz=499, lines=True) as session:
            samples = take(session, 100)
        dumped = take_dump(find_subject(process.pid), DumpOptions(), pytest.fail)
    finally:
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)
    hot = Frame("hot", "jit", str(script), 2, "burn.js")
    total = Frame("total", "jit", str(script), 4, "burn.js")
    inside = [sample.stack for sample in samples if hot in sample.stack]
    assert len(inside) > 0.8 * len(samples)
    assert sum(total in stack for stack in inside) > 0.5 * len(inside)
    assert total in dumped.threads[0].stack or hot in dumped.threads[0].stack


def test_a_name_of_colons_is_a_name() -> None:
    assert frame_of_name("JS:" + ":" * 1000).name == ":" * 1000
    assert frame_of_name("JS:a b:1:1234567890").file == ""
