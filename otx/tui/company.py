"""What runs beside the screens of `otx tui`: a receiver, a profiler, a file's store.

Whatever is started here ends when the screens close, in reverse order, however they close.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from otx.environment import Environment
from otx.errors import MachineError
from otx.store.layout import ReceiverLock
from otx.tui.launch import TuiOptions

_CONVERT_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Wishes:
    """What `otx tui` was asked for.

    Attributes:
        store_dir: The store to look at.
        file: An OTLP file to look at instead; "-" is stdin, "" is none.
        pids: Processes to sample.
        grpc: Where to take gRPC.
        http: Where to take HTTP.
        receive: Whether to start a receiver where none writes to the store.
    """

    store_dir: Path
    file: str = ""
    pids: tuple[int, ...] = ()
    grpc: str = ""
    http: str = ""
    receive: bool = True


class Company:
    """A context in which everything that was asked for runs; entering gives what to show."""

    def __init__(self, environment: Environment, wishes: Wishes) -> None:
        self._environment = environment
        self._wishes = wishes
        self._running = ExitStack()

    def __enter__(self) -> TuiOptions:
        with ExitStack() as starting:
            options = self._start(starting)
            self._running = starting.pop_all()
        return options

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _start(self, running: ExitStack) -> TuiOptions:
        wishes = self._wishes
        if wishes.file:
            scratch = running.enter_context(tempfile.TemporaryDirectory(prefix="otx-file-"))
            keep_file(self._environment, wishes.file, Path(scratch))
            return TuiOptions(Path(scratch))
        if wishes.receive and ReceiverLock.holder(wishes.store_dir) is None:
            from otx.services.receive_process import start_receiver_process  # 40 ms

            receiver = start_receiver_process(wishes.store_dir, wishes.grpc, wishes.http)
            running.callback(receiver.stop)
        options = TuiOptions(wishes.store_dir)
        if not wishes.pids:
            return options
        from otx.profile.targets import Target
        from otx.services.profiler import live_profile  # 40 ms
        from otx.services.sampling import SamplingRequest

        sampling = live_profile(self._environment, SamplingRequest(Target(wishes.pids)))
        try:
            profile = running.enter_context(sampling)
        except MachineError as reason:
            return replace(options, profile_missing=reason)
        return replace(options, profile=profile, first="flame")


def keep_file(environment: Environment, file: str, store_dir: Path) -> None:
    """Put the requests of an OTLP file into a store of its own, ready to be read.

    Raises:
        UsageError: The file cannot be read, or holds no OTLP.
        MachineError: The store cannot be written.
    """
    from otx.otlp.files import read_file, read_stream  # 30 ms
    from otx.store.converter import start_converter
    from otx.store.wal import LogWriter

    requests = read_stream(environment.stdin, "stdin") if file == "-" else read_file(Path(file))
    with LogWriter(store_dir) as log:
        for request in requests:
            log.append(request.signal, request.body, environment.clock()).result()
    # What was given to be looked at is all kept, however old or large: the directory goes anyway.
    converter = start_converter(store_dir, retain_age_ns=sys.maxsize, retain_bytes=sys.maxsize)
    try:
        converter.communicate(timeout=_CONVERT_TIMEOUT_S)
    finally:
        converter.kill()
        converter.wait()
    if file == "-":
        _take_terminal_back(environment)


def _take_terminal_back(environment: Environment) -> None:
    """Let keys be read from the terminal after stdin was read from a pipe."""
    if environment.stdin.isatty():
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise MachineError(
            f"no terminal to read keys from: {error.strerror}", hint="otx tui FILE needs no pipe"
        ) from None
    os.dup2(terminal, environment.stdin.fileno())
    os.close(terminal)
