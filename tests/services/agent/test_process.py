"""One supervised process: what it says, how it ends, and that nothing of it is left."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.services.agent.process import (
    Child,
    adopt_orphans,
    end_adopted,
    end_left_behind,
    start_ticks,
)


class Seen:
    """What is told of a child."""

    def __init__(self) -> None:
        self.output = b""
        self.how: list[str] = []
        self.ended = asyncio.Event()
        self.wrote = asyncio.Event()

    def on_output(self, piece: bytes) -> None:
        self.output += piece
        self.wrote.set()

    def on_exit(self, how: str) -> None:
        self.how.append(how)
        self.ended.set()


def begin(seen: Seen, script: str) -> Child:
    return Child(
        ["/bin/sh", "-c", script],
        dict(os.environ),
        on_output=seen.on_output,
        on_exit=seen.on_exit,
    )


async def test_what_it_said_last_holds_no_secrets() -> None:
    seen = Seen()
    key = "-----BEGIN PRIVATE KEY-----\\nMIIabc\\n-----END PRIVATE KEY-----"
    child = begin(seen, f"printf '%b\\n' '{key}'; echo 'cannot use password=hunter2'; exit 3")
    async with asyncio.timeout(30):
        await seen.ended.wait()
    assert child.last_words == "cannot use password=[REDACTED]\n[REDACTED]"


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
async def test_what_left_the_group_is_ended_too(trap: str, tmp_path: Path) -> None:
    seen, note = Seen(), tmp_path / "pid"
    daemon = f"{trap}echo $$ > {note}; sleep 1000"
    escaped = daemon.replace("$$", "\\$\\$")
    wait = f"while [ ! -s {note} ]; do sleep 0.01; done"
    begin(seen, f'setsid sh -c "{escaped}" & {wait}; exit 0')
    async with asyncio.timeout(30):
        await seen.ended.wait()
    pid = int(note.read_text())
    assert start_ticks(pid) is not None
    other = begin(Seen(), "exec sleep 1000")
    try:
        async with asyncio.timeout(30):
            await end_adopted(0.2)
        assert start_ticks(pid) is None
        assert other.is_running
    finally:
        await other.stop(1)


@pytest.mark.parametrize(
    ("script", "how", "words"),
    [
        ("echo a; echo b >&2; exit 3", "it ended with exit code 3", "b\na"),
        ("kill -9 $$", "it was ended by SIGKILL", ""),
        ("printf 'no newline'; exit 0", "it ended with exit code 0", "no newline"),
        (
            "echo before; echo 'panic: nil map'; echo; echo 'goroutine 1 [running]:'; exit 2",
            "it ended with exit code 2",
            "panic: nil map\nbefore\ngoroutine 1 [running]:",
        ),
        (
            "echo ready; echo 'otx: error: port 80 is in use'; echo '  by nginx';"
            " echo '  hint: pick another'; exit 5",
            "it ended with exit code 5",
            "otx: error: port 80 is in use\nready\n  by nginx\n  hint: pick another",
        ),
        (
            "echo 'error: lost the peer'; echo a; echo b; echo c; exit 1",
            "it ended with exit code 1",
            "c\nerror: lost the peer\na\nb",
        ),
        ("echo '  hint: alone'; exit 1", "it ended with exit code 1", "  hint: alone"),
    ],
)
async def test_it_is_told_how_it_ended_and_what_it_said_last(
    script: str, how: str, words: str
) -> None:
    seen = Seen()
    child = begin(seen, script)
    async with asyncio.timeout(30):
        await seen.ended.wait()
    assert seen.how == [how]
    assert child.last_words == words
    assert not child.is_running
    await child.stop(1)  # nothing is left to stop


async def test_what_it_writes_is_bounded_in_memory() -> None:
    seen = Seen()
    child = begin(seen, "head -c 3000000 /dev/zero | tr '\\0' x; echo; seq 100000; exit 1")
    async with asyncio.timeout(60):
        await seen.ended.wait()
    assert len(seen.output) > 3_000_000
    assert len(child.last_words) < 3000
    assert child.last_words.startswith("100000\n")


@pytest.fixture(autouse=True)
def adopting() -> Iterator[None]:
    adopt_orphans()
    yield
    adopt_orphans(False)


async def test_a_stop_ends_it_and_its_children_even_those_that_do_not_listen() -> None:
    seen = Seen()
    child = begin(seen, "trap '' TERM; (trap '' TERM; echo $$; exec sleep 1000) & exec sleep 1000")
    async with asyncio.timeout(30):
        await seen.wrote.wait()
    await child.stop(0.1)
    assert not child.is_running
    assert seen.how == []
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


async def test_what_cannot_be_started_is_an_error() -> None:
    seen = Seen()
    with pytest.raises(FileNotFoundError):
        Child(["/nowhere/x"], {}, on_output=seen.on_output, on_exit=seen.on_exit)


async def test_what_a_former_agent_left_is_ended_and_nobody_else() -> None:
    seen = Seen()
    child = begin(seen, "trap '' TERM; echo up; while :; do sleep 0.1; done")
    async with asyncio.timeout(30):
        await seen.wrote.wait()
    ticks = start_ticks(child.pid)
    assert ticks == child.started_ticks
    assert not await end_left_behind(None, 1)
    assert not await end_left_behind((child.pid, child.started_ticks + 1), 1)
    assert child.is_running
    assert await end_left_behind((child.pid, child.started_ticks), 0.1)
    async with asyncio.timeout(30):
        await seen.ended.wait()
    assert seen.how == [f"it was ended by {signal.SIGKILL.name}"]


async def test_the_process_of_another_agent_that_lives_is_left_alone(tmp_path: Path) -> None:
    # A state that was copied names it; its parent is told by its words.
    note = tmp_path / "pid"
    program = (
        "import subprocess; p = subprocess.Popen(['sleep', '1000']);"
        f" print(p.pid, file=open({str(note)!r}, 'w'), flush=True); p.wait()"
    )
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "otx.services.agent"
    )
    try:
        async with asyncio.timeout(30):
            while not (note.exists() and note.read_text()):
                await asyncio.sleep(0.01)
        pid = int(note.read_text())
        ticks = start_ticks(pid)
        assert ticks is not None
        assert not await end_left_behind((pid, ticks), 0.2)
        assert start_ticks(pid) == ticks
        os.kill(pid, signal.SIGKILL)
    finally:
        await agent.wait()
