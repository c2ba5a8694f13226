"""A receiver in a process of its own, for what shows telemetry while it comes in.

One interpreter lock shared by receiver and screen couples their latencies, so the TUI and the
demo start this instead. The process ends with the thread that started it, and takes its converter
with it.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from otx.environment import Environment
from otx.errors import ExitCode, MachineError, OtxError
from otx.otlp.address import Address
from otx.output import Output, Remarks
from otx.services.receive import ReceiveOptions, Voice, receive
from otx.system.process import end_with_parent, name_process

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
_READY = re.compile(r"ready grpc=(\S+) http=(\S+)")
_REMEMBERED_LINES = 100


class ReceiverProcess:
    """A running receiver.

    Attributes:
        grpc: Where it takes OTLP over gRPC.
        http: Where it takes OTLP over HTTP; `http://` before it makes a base URL of HOST:PORT.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._said: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        self._ready = threading.Event()
        self.grpc = ""
        self.http = ""
        # Its stderr has to be read, or it would stop when the pipe is full.
        self._listener = threading.Thread(target=self._listen, name="receiver", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def said(self) -> tuple[str, ...]:
        """The last lines it wrote to stderr."""
        return tuple(self._said)

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until it accepts requests.

        Raises:
            MachineError: It ended instead, or took too long; it is gone then.
        """
        if self._ready.wait(timeout_s) and self.grpc:
            return
        self.stop()
        raise _cannot_start(self.said)

    def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Wait until it ends by itself, and until all it said is there.

        Raises:
            TimeoutExpired: It did not (`subprocess`).
        """
        self._process.wait(timeout_s)
        self._listener.join()

    def stop(self) -> None:
        """End it: what it acknowledged is kept, and its converter is gone. May be repeated."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it is started with a pipe
        with self._process.stderr as lines:
            for line in lines:
                if ready := _READY.match(line):
                    self.grpc, self.http = ready.groups()
                    self._ready.set()
                else:
                    self._said.append(line.rstrip("\n"))
        self._ready.set()


def start_receiver_process(
    store_dir: Path, grpc: str = "127.0.0.1:0", http: str = "127.0.0.1:0"
) -> ReceiverProcess:
    """Start a receiver that writes to a store and wait until it accepts.

    Call it from a thread that lives as long as the receiver should (see `end_with_parent`).

    Raises:
        MachineError: It cannot run: an address is taken, another receiver has the store.
    """
    wiring = {"parent": os.getpid(), "store": str(store_dir), "grpc": grpc, "http": http}
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", __name__, json.dumps(wiring)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    receiver = ReceiverProcess(process)
    receiver.wait_until_ready()
    return receiver


def main(wiring_text: str) -> int:
    """The receiver process itself; its exit code."""
    wiring = json.loads(wiring_text)
    end_with_parent(int(wiring["parent"]))
    name_process("otx-receive")
    environment = Environment.of_process()
    remarks = Remarks(environment)
    try:
        options = ReceiveOptions(
            grpc=Address.parse(wiring["grpc"]),
            http=Address.parse(wiring["http"]),
            store_dir=Path(wiring["store"]),
        )
        output = Output(environment)
        voice = Voice(write=output.text, note=remarks.note, warn=remarks.warning)
        for line in receive(options, voice).lines():
            remarks.note(line)
    except OtxError as error:
        remarks.error(error)
        return error.code
    return ExitCode.DONE


def _cannot_start(said: tuple[str, ...]) -> MachineError:
    """The child's own error, as ours."""
    message, hint = "it said nothing", ""
    for line in said:
        if line.startswith("otx: error: "):
            message = line.removeprefix("otx: error: ")
        elif line.startswith("  hint: "):
            hint = line.removeprefix("  hint: ")
        elif line and message == "it said nothing":
            message = line
    return MachineError(f"the receiver cannot start: {message}", hint=hint)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
