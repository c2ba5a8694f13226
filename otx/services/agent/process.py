"""The supervised process: never an orphan, and its last words are kept.

It leads a process group of its own, so that its children end with it and Ctrl-C in a terminal
reaches the agent alone. What leaves the group comes to the agent, its subreaper, when its parent
ends, and is ended with the process (`end_adopted`). The kernel sends it TERM when the agent dies
without a word (prctl, PR_SET_PDEATHSIG). What even that does not reach, a process that ignores
TERM, is found by the next agent: pid and start time are in the agent's state.
"""

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from otx.services.agent.redaction import redacted_words

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
# Resolved here: after a fork beside other threads no library may be looked up.
_PRCTL = ctypes.CDLL(None).prctl

LINES_KEPT = 20
LONGEST_LINE = 1024
OTHERS_SHOWN, LONGEST_OTHER = 5, 200
ERROR_WITHIN = 3
"""Lines at the end of which one that is marked as an error is the one that counts."""
_ERROR = re.compile(r"(\S+: )?(error|fatal)\b", re.IGNORECASE)
_ADVICE = re.compile(r"\s*(hint|usage)\b", re.IGNORECASE)
_PANICS = (b"panic: ", b"fatal error: ")
_CHUNK = 1 << 16
_LOOK_S, _FIRST_LOOK_S = 0.05, 0.002
_KILLED_LOOKS = 100
_own_pids: set[int] = set()
"""The children that were started here and are waited for here; any other one was adopted."""


class Child:
    """One run of the command.

    Attributes:
        pid: Also the id of its process group.
        code: Its exit code, negative for a signal; None while it runs.
        started_ticks: When it started, in clock ticks since boot: with the pid it is unique.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        *,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[str], None],
        is_told: bool = False,
    ) -> None:
        """Start the command.

        Args:
            on_output: Told what it writes to stdout and stderr, in pieces.
            on_exit: Told once how it ended, unless it was ended by `stop`.
            is_told: Its input stays open until `tell`; else it has none.

        Raises:
            OSError: It cannot be started.
        """
        self._on_output = on_output
        self._on_exit = on_exit
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._panic = ""
        self._unfinished = b""
        self.code: int | None = None
        self._is_wanted = True
        self._ended = asyncio.Event()
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(  # noqa: S603 (the user's own command)
                command,
                stdin=subprocess.PIPE if is_told else subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                env=environment,
                process_group=0,
                preexec_fn=_end_with(os.getpid()),
            )
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self.pid = self._process.pid
        _own_pids.add(self.pid)
        self.started_ticks = start_ticks(self.pid) or 0
        self._output = reader
        self._pidfd = os.pidfd_open(self.pid)
        self._loop = asyncio.get_running_loop()
        os.set_blocking(reader, False)
        self._loop.add_reader(reader, self._read)
        self._loop.add_reader(self._pidfd, self._exited)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.is_set()

    def tell(self, line: bytes, on_exit: Callable[[str], None]) -> bool:
        """Write its whole input, and tell another of its end; whether it lives to read it."""
        self._on_exit = on_exit
        pipe = self._process.stdin
        if pipe is None or not self.is_running:
            return False
        try:
            with pipe:
                pipe.write(line)
        except OSError:
            return False
        return True

    @property
    def last_words(self) -> str:
        """The line that says what it died of, as a rule the last; then a few before it.

        Programs that say what to do about an error end with that: the error stands before it. Their
        secrets are hidden: what a process died of goes to the server, which keeps it.
        Go's runtime is the exception: what it says stands before its traces.
        """
        rest = [_line(self._unfinished)] if self._unfinished else []
        said = redacted_words("\n".join([*self._lines, *rest]))
        lines = [line for line in said.split("\n") if line.strip()]
        if not lines:
            return ""
        first = redacted_words(self._panic) or _error_line(lines)
        others = [line for line in lines if line != first][-OTHERS_SHOWN:]
        return "\n".join([first, *(_cut(line) for line in others)])

    async def stop(self, grace_s: float) -> None:
        """End it and its whole group: TERM, after `grace_s` KILL; they are gone on return."""
        self._is_wanted = False
        if not self.is_running:
            return
        _signal_group(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._ended.wait()
                pause_s = _FIRST_LOOK_S
                while _is_there(self.pid):  # a shell ends before what it started
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LOOK_S)
        except TimeoutError:
            _signal_group(self.pid, signal.SIGKILL)
            await self._ended.wait()
            for _ in range(_KILLED_LOOKS):
                if not _is_there(self.pid):
                    return
                await asyncio.sleep(_LOOK_S)

    def _read(self) -> bool:
        """Take what it wrote; whether there was something."""
        if self._output < 0:
            return False
        try:
            chunk = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._close_output()
            return False
        self._on_output(chunk)
        *whole, self._unfinished = (self._unfinished + chunk).split(b"\n")
        for line in whole[-LINES_KEPT:]:
            self._lines.append(_line(line))
            if line.startswith(_PANICS):
                self._panic = self._lines[-1]
        self._unfinished = self._unfinished[-LONGEST_LINE:]
        return True

    def _close_output(self) -> None:
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            os.close(self._output)
            self._output = -1

    def _exited(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        while self._read():
            pass
        if self._is_wanted:
            # Before it is waited for: as long as it is a zombie, its group's id is nobody else's.
            _signal_group(self.pid, signal.SIGKILL)
        code = self.code = self._process.wait()
        _own_pids.discard(self.pid)
        self._close_output()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._ended.set()
        if self._is_wanted:
            self._loop.call_later(_LOOK_S, _is_there, self.pid)
            self._on_exit(_how(code))


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] == b"Z" else int(fields[19])


async def end_left_behind(process: tuple[int, int] | None, grace_s: float) -> bool:
    """End what a former agent started and could not end; whether there was something."""
    if process is None:
        return False
    pid, ticks = process
    if start_ticks(pid) != ticks:
        # Its leader is gone, and its pid may be anyone's: a group without leader is left alone.
        return False
    if _is_of_living_agent(pid):
        return False  # the state is a copy of that agent's
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(pid, number)
        looks = int(grace_s / _LOOK_S) if number is signal.SIGTERM else 100
        for _ in range(looks):
            if start_ticks(pid) != ticks:
                return True
            await asyncio.sleep(_LOOK_S)
    return True


def _is_of_living_agent(pid: int) -> bool:
    """Whether the parent of a process is another agent: what is left behind has another parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        parent = int(stat.rpartition(b")")[2].split()[1])
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return parent != os.getpid() and b"otx.services.agent" in words


async def end_adopted(grace_s: float) -> None:
    """End what a process left behind outside its group: daemons, sessions of their own.

    They come to this process, which has to be their subreaper (`adopt_orphans`). TERM, after
    `grace_s` KILL, to all under them too. Nothing is done to the children that were started here.
    """
    ends_s = asyncio.get_running_loop().time() + grace_s
    told: set[int] = set()
    looks, pause_s = 0, _FIRST_LOOK_S
    while adopted := _adopted():
        is_over = asyncio.get_running_loop().time() >= ends_s
        for pid in adopted:
            if is_over or pid not in told:
                told.add(pid)
                _signal(pid, signal.SIGKILL if is_over else signal.SIGTERM)
        looks += is_over
        if looks > _KILLED_LOOKS:
            return  # it hangs in the kernel
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LOOK_S)


def _adopted() -> set[int]:
    """What was adopted and lives, with all that is under it; the dead are buried."""
    found: set[int] = set()
    waiting = [pid for pid in _children(os.getpid()) if pid not in _own_pids]
    for pid in waiting[:]:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0]:
                waiting.remove(pid)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_bytes().split())
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _end_with(parent_pid: int) -> Callable[[], None]:
    def prepare() -> None:
        _PRCTL(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent_pid:
            os.kill(os.getpid(), signal.SIGTERM)

    return prepare


def _signal_group(group: int, number: int) -> bool:
    """Signal a process group; whether there is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _is_there(group: int) -> bool:
    """Whether somebody is left in a group whose leader has ended; the dead in it are buried."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    return _signal_group(group, 0)


def adopt_orphans(does: bool = True) -> None:
    """Become the parent of what a supervised process leaves behind, to see its end and bury it."""
    # A shell may have started something before it became this process: that was not adopted.
    _own_pids.update(_children(os.getpid()))
    _PRCTL(_PR_SET_CHILD_SUBREAPER, int(does), 0, 0, 0)


def _error_line(lines: Sequence[str]) -> str:
    """The last line but for advice; where one just before it is marked as the error, that one."""
    told = [line for line in lines if not _ADVICE.match(line)] or lines
    marked = [line for line in told[-ERROR_WITHIN:] if _ERROR.match(line)]
    return (marked or told)[-1]


def _line(line: bytes) -> str:
    return line[-LONGEST_LINE:].decode(errors="replace").rstrip()


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_OTHER else f"{line[: LONGEST_OTHER - 1]}…"


def _how(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
