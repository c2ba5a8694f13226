"""An agent as seen from outside: started in the background, asked how it is, told to end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from otx.errors import ExitCode, MachineError, NotThere, OtxError
from otx.services.agent.lock import running_pid
from otx.services.agent.options import AgentOptions
from otx.services.agent.reload import Outcome

STATUS = "status.json"
LOG = "agent.log"
START_TIMEOUT_S = 15.0
SLOW_S = 2.0
_LOOK_S = 0.02
_TAIL_BYTES = 1 << 18
_MODULE = "otx.services.agent"


def become(options: AgentOptions) -> NoReturn:
    """Turn this process into the agent: same pid, without the command line's libraries."""
    number = _handed_over(options)
    os.set_inheritable(number, True)
    sys.stderr.flush()
    os.execv(sys.executable, _command(number))  # noqa: S606 (otx itself)


def start(options: AgentOptions) -> int:
    """Start the agent in the background and wait until it runs; its pid.

    Raises:
        OtxError: It ended instead, with what it said.
    """
    folder = options.state_folder
    number = _handed_over(options)
    told = os.memfd_create("stderr")
    try:
        process = subprocess.Popen(  # noqa: S603 (otx itself)
            _command(number),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            pass_fds=(number,),
            start_new_session=True,
        )
        ends_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < ends_s:
            code = process.poll()
            if code is not None:
                raise _ended(code, told)
            if running_pid(folder) == process.pid and _status_of(folder, process.pid):
                return process.pid
            time.sleep(_LOOK_S)
        process.terminate()
        raise OtxError(
            f"the agent is not ready within {START_TIMEOUT_S:g} s",
            hint=f"its log is {options.log}",
            code=ExitCode.TIMEOUT,
        )
    finally:
        os.close(number)
        os.close(told)


def stop(
    folder: Path, timeout_s: float, on_slow: Callable[[str], None] = lambda text: None
) -> bool:
    """End the agent and what it supervises; False where none runs.

    Args:
        on_slow: Told once what is waited for, where it takes its time.

    Raises:
        OtxError: It has not ended in time.
    """
    pid = running_pid(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    begun_s = time.monotonic()
    ends_s, is_told = begun_s + timeout_s, False
    while running_pid(folder) == pid:
        if time.monotonic() > ends_s:
            raise OtxError(
                f"the agent, process {pid}, has not ended within {timeout_s:g} s",
                hint=_how_to_end(pid),
                code=ExitCode.TIMEOUT,
            )
        if not is_told and time.monotonic() > begun_s + SLOW_S:
            is_told = True
            on_slow(f"waiting for the end of process {pid}, at most {timeout_s:g} s")
        time.sleep(_LOOK_S)
    return True


def reload(folder: Path, timeout_s: float | None) -> tuple[int, dict[str, Any]]:
    """Have the agent read its local file again; its pid, and what became of the file.

    Args:
        timeout_s: How long to wait for that; None: not at all, and nothing is known.

    Raises:
        NotThere: None runs.
        OtxError: Nothing was decided in time, or the agent ended.
    """
    pid = running_pid(folder)
    if pid is None:
        raise not_running(folder)
    told_ns = time.monotonic_ns()
    os.kill(pid, signal.SIGHUP)
    if timeout_s is None:
        return pid, {}
    while time.monotonic_ns() < told_ns + timeout_s * 1e9:
        if running_pid(folder) != pid:
            raise OtxError(f"the agent, process {pid}, ended meanwhile", hint="otx agent logs")
        found = _read_status(folder).get("local_file", {})
        is_own = found.get("begun_monotonic_nano", 0) >= told_ns
        if is_own and found["outcome"] != Outcome.PENDING.value:
            return pid, found
        time.sleep(_LOOK_S)
    raise OtxError(
        f"nothing is decided about the local file within {timeout_s:g} s",
        hint="`otx agent status` shows what the agent waits for",
        code=ExitCode.TIMEOUT,
    )


def status(folder: Path) -> dict[str, Any]:
    """What the agent says of itself, or said last; its `state` is what is true now."""
    pid = running_pid(folder)
    body = _read_status(folder)
    if pid is None:
        known = "stopped" if body.get("state") in (None, "stopped") else "died"
        return {**body, "state": known, "pid": None}
    return {**body, "state": "running", "pid": pid}


def log_tail(folder: Path, lines: int) -> list[str]:
    """The last lines of the log.

    Raises:
        NotThere: There is no log: the agent was never started in the background.
    """
    try:
        with (folder / LOG).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        raise NotThere(
            f"no log in {folder}",
            hint="`otx agent run` writes to stderr; under systemd, journalctl -u otx-agent",
        ) from None
    return text.splitlines()[-lines:] if lines else []


def follow_log(folder: Path) -> Iterator[str]:
    """What is written to the log from now on, over rotations, without end."""
    path = folder / LOG
    file = path.open("rb")
    file.seek(0, os.SEEK_END)
    while True:
        text = file.read().decode(errors="replace")
        if text:
            yield text
            continue
        try:
            is_other = path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            is_other = False
        if is_other:
            file.close()
            file = path.open("rb")
        else:
            time.sleep(0.2)


def not_running(folder: Path) -> NotThere:
    """The answer to a question that only a running agent has an answer to."""
    return NotThere(f"no agent runs in {folder}", hint="`otx agent start` starts one")


def _how_to_end(pid: int) -> str:
    """What helps against an agent that does not end."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        state = b""
    if state in (b"T", b"t"):
        return f"it is stopped and does nothing: `kill -CONT {pid}` lets it go on, and end"
    return f"`otx agent stop` again ends it at once; if not, `kill -KILL {pid}` does"


def _command(number: int) -> list[str]:
    return [sys.executable, "-m", _MODULE, str(number)]


def _handed_over(options: AgentOptions) -> int:
    """The options in a file without a name: tokens are seen in no list of processes."""
    number = os.memfd_create("options")
    os.write(number, options.to_json().encode())
    os.lseek(number, 0, os.SEEK_SET)
    return number


def _ended(code: int, told: int) -> OtxError:
    os.lseek(told, 0, os.SEEK_SET)
    text = os.read(told, 1 << 16).decode(errors="replace").strip()
    first, _, rest = text.partition("\n")
    message = first.removeprefix("otx: error: ") or f"the agent ended with exit code {code}"
    hint = rest.strip().removeprefix("hint: ") if rest.strip().startswith("hint: ") else ""
    known = {one.value for one in ExitCode}
    return OtxError(message, hint, ExitCode(code) if code in known else ExitCode.MACHINE)


def _status_of(folder: Path, pid: int) -> bool:
    return _read_status(folder).get("pid") == pid


def _read_status(folder: Path) -> dict[str, Any]:
    try:
        try:
            body = json.loads((folder / STATUS).read_bytes())
        except ValueError:
            time.sleep(_LOOK_S)  # on a full disk it is written in its place
            body = json.loads((folder / STATUS).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        return {}
    except PermissionError as error:
        raise MachineError(
            f"cannot read {folder / STATUS}", hint="the agent belongs to another user"
        ) from error
    return body if isinstance(body, dict) else {}
