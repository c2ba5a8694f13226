"""The receiver as one thing: servers, log, converter and printing, started and ended together.

On the way in everything is claimed before it is announced; on the way out servers stop first, so
that nothing is acknowledged that is not in the log, then the log is closed, then the converter
drains it.
"""

import os
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from otx.errors import missing_extra
from otx.otlp.address import Address, cannot_listen
from otx.otlp.receiver.door import Door
from otx.otlp.receiver.intake import Intake
from otx.otlp.receiver.loop import LoopGuard
from otx.services.converter_guard import ConverterGuard
from otx.services.receive_beside import Beside
from otx.services.receive_door import DoorOptions, GuardedDoor
from otx.services.receive_keep import Keeper
from otx.services.receive_memory import settle_memory
from otx.services.receive_print import Printer
from otx.services.receive_tally import Backlog, ReceiveReport, Tally
from otx.services.receive_tee import TeeFile
from otx.store.layout import Layout, ReceiverLock
from otx.store.manifest import read_manifest
from otx.store.wal import BACKLOG_BYTES, FsyncMode, LogWriter
from otx.system.open_files import allow_open_files
from otx.system.ports import listener_of
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    from otx.services.forward.beside import Forwarding
    from otx.services.forward.orders import Orders
    from otx.services.receive_transform import Transform
    from otx.services.transform_rules import Rules

PrintForm: TypeAlias = Literal["none", "summary", "full", "jsonl"]

STOP_GRACE_S = 5.0
"""For requests in hand when the receiver is asked to stop."""
_LOOK_S = 1.0
_OPEN_FILES = 4096
"""A quarter for HTTP connections; the gRPC library takes as many as it can get."""


@dataclass(frozen=True, slots=True)
class ReceiveOptions:
    """How to receive.

    Attributes:
        store_dir: Where to keep what comes; None keeps nothing.
        max_request_bytes: The largest request, also after decompression.
        backlog_bytes: How much may wait to be converted before requests are refused.
        fsync: `always` acknowledges after fsync, `interval` within a second of it.
        duration_s: When to stop; None for when asked.
        count: Records after which to stop; the request that reaches it is kept whole.
        print_form: What of it goes to stdout.
        retain_age_ns: How long it is kept; None for the store's own rule.
        retain_bytes: How much is kept; None for the store's own rule.
        rules: Reads the OTTL that runs on what arrives, again at every HUP; None for none.
        tee: The file that gets a copy of what is kept; None for none.
        door: Whom it lets in.
        forward: Where what is kept is sent on to; None for nowhere. It needs a store.
        variables: The environment, for what is sent on.
    """

    grpc: Address
    http: Address
    store_dir: Path | None
    max_request_bytes: int = 64 << 20
    backlog_bytes: int = BACKLOG_BYTES
    fsync: FsyncMode = "always"
    duration_s: float | None = None
    count: int | None = None
    print_form: PrintForm = "none"
    retain_age_ns: int | None = None
    retain_bytes: int | None = None
    rules: "Callable[[], Rules] | None" = None
    tee: Path | None = None
    door: DoorOptions = field(default_factory=DoorOptions)
    forward: "Orders | None" = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voice:
    """How a receiver speaks.

    Attributes:
        write: Writes text to stdout, a newline after it.
        note: Says something on stderr.
        warn: Warns on stderr.
    """

    write: Callable[[str], None]
    note: Callable[[str], None]
    warn: Callable[[str], None]


def receive(options: ReceiveOptions, voice: Voice) -> ReceiveReport:
    """Receive until INT or TERM, the duration's end or the count; what came in.

    Call it from the main thread, which signals go to.

    Raises:
        MachineError: An address cannot be had, or the store is another receiver's.
        UsageError: The rules, certificates, tokens, origins or destinations cannot be used,
            or the file of `--tee` cannot be written.
    """
    # The library's C core writes a line for each handshake that fails, as many as strangers like;
    # it reads this when it is loaded.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    with StopSignal() as stop:
        transform = _transform(options, voice)
        loop = LoopGuard(secrets.token_hex(8)) if options.forward is not None else None
        guarded = GuardedDoor(options.door, voice.warn, voice.note, loop)
        _hear_hangup(stop, transform, guarded)
        tally = Tally(voice.warn, transform.report) if transform else Tally(voice.warn)
        odd_before = _odd_spans(options.store_dir)
        keeping = _run(options, voice, stop, tally, transform, guarded)
        odd_spans = _odd_spans(options.store_dir) - odd_before
        return tally.report(keeping.guard.restarts if keeping else 0, odd_spans)


def _hear_hangup(stop: StopSignal, transform: "Transform | None", guarded: GuardedDoor) -> None:
    """Read rules and certificates again at HUP; without either it asks for the end as TERM does."""

    def renew() -> None:
        if transform is not None:
            transform.reload()
        guarded.renew()

    if transform is not None or guarded.hears_hangup:
        stop.hear_hangup(renew)
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which is how nohup starts us
        stop.hear_hangup(stop.ask)


def _transform(options: ReceiveOptions, voice: Voice) -> "Transform | None":
    """The rules, ready to run."""
    if options.rules is None:
        return None
    from otx.services.receive_transform import Transform  # 150 ms

    return Transform(options.rules, voice.warn, voice.note)


def _odd_spans(store_dir: Path | None) -> Counter[str]:
    """What converters have counted in a store so far."""
    if store_dir is None:
        return Counter()
    return Counter(read_manifest(Layout(store_dir).manifest).odd_spans)


def _run(
    options: ReceiveOptions,
    voice: Voice,
    stop: StopSignal,
    tally: Tally,
    transform: "Transform | None",
    guarded: GuardedDoor,
) -> "_Keeping | None":
    with ExitStack() as running:
        keeping = _open_store(options, voice, running, guarded.door.loop)
        beside = _beside(options, voice, stop, tally, running)
        if transform is not None:
            running.callback(transform.close)
        keeper = Keeper(
            keeping.log if keeping else None,
            beside,
            tally,
            time.time_ns,
            options.count,
            stop.ask,
            transform.apply if transform else None,
        )
        grpc, http = _serve(options, keeper, guarded.door, running)
        running.callback(keeper.end)
        if keeping is not None:
            keeping.begin(grpc, http, tally)
        voice.note(f"ready grpc={grpc} http={http}")
        settle_memory()

        def look() -> None:
            guarded.look()
            if keeping is not None:
                keeping.look_after(tally)

        _wait(options, voice, stop, tally, look)
    return keeping


@dataclass(frozen=True, slots=True)
class _Keeping:
    """What stands behind a receiver that keeps what it takes."""

    lock: ReceiverLock
    guard: ConverterGuard
    log: LogWriter
    forwarding: "Forwarding | None"

    def begin(self, grpc: Address, http: Address, tally: Tally) -> None:
        """Tell others where it listens, and begin to send on.

        Raises:
            UsageError: A destination leads back there.
        """
        if self.forwarding is not None:
            self.forwarding.refuse_loop(grpc, http)
            tally.watch(self.forwarding.report)
            self.forwarding.check()
        self.lock.announce(str(grpc), str(http))

    def look_after(self, tally: Tally) -> None:
        """See that a converter and what forwards run, and how far the converter is."""
        self.guard.check()
        if self.forwarding is not None:
            self.forwarding.check()
        waiting = self.log.waiting()
        age_s = 0.0 if waiting.since_s is None else time.monotonic() - waiting.since_s
        tally.waiting(Backlog(waiting.bytes, age_s))


def _open_store(
    options: ReceiveOptions, voice: Voice, running: ExitStack, loop: LoopGuard | None
) -> _Keeping | None:
    if options.store_dir is None:
        return None
    lock = running.enter_context(ReceiverLock(options.store_dir))
    start = partial(
        _start_converter, options.store_dir, options.retain_age_ns, options.retain_bytes
    )
    guard = running.enter_context(ConverterGuard(start, voice.warn))
    forwarding = _forwarding(options, voice, running, loop)
    log = running.enter_context(
        LogWriter(
            options.store_dir,
            fsync=options.fsync,
            backlog_bytes=options.backlog_bytes,
            is_kept=forwarding is not None,
        )
    )
    return _Keeping(lock, guard, log, forwarding)


def _forwarding(
    options: ReceiveOptions, voice: Voice, running: ExitStack, loop: LoopGuard | None
) -> "Forwarding | None":
    """What sends on; where nothing does, what waits since an earlier run is told."""
    if options.forward is None or loop is None:
        if options.store_dir is not None and Layout(options.store_dir).forward.exists():
            from otx.services.forward.places import left_behind

            for waiting in left_behind(Layout(options.store_dir)):
                voice.note(f"{waiting}; --forward sends it on")
        return None
    from otx.services.forward.beside import Forwarding  # 20 ms

    return running.enter_context(
        Forwarding(options.forward, options.variables, voice.warn, voice.note, loop)
    )


def _start_converter(
    store_dir: Path, retain_age_ns: int | None, retain_bytes: int | None
) -> "subprocess.Popen[bytes]":
    from otx.store.converter import start_converter  # after `ready` is soon enough

    return start_converter(store_dir, retain_age_ns=retain_age_ns, retain_bytes=retain_bytes)


def _beside(
    options: ReceiveOptions, voice: Voice, stop: StopSignal, tally: Tally, running: ExitStack
) -> list[Beside]:
    """What shows and copies requests."""
    beside: list[Beside] = []
    if printer := _printer(options, voice, stop):
        beside.append(printer)
    if options.tee is not None:
        file = TeeFile(options.tee, tally.noticed)
        running.callback(file.close)
        beside.append(Beside(file.write, "tee", f"{options.tee} is not written fast enough"))
    for one in beside:
        running.callback(one.close)
    return beside


def _printer(options: ReceiveOptions, voice: Voice, stop: StopSignal) -> Printer | None:
    if options.print_form not in ("full", "jsonl"):
        return None
    indent = options.print_form == "full"
    return Printer(voice.write, indent=indent, on_closed=stop.ask)


def _serve(
    options: ReceiveOptions, intake: Intake, door: Door, running: ExitStack
) -> tuple[Address, Address]:
    """Start both servers; where they listen."""
    try:
        from otx.otlp.receiver.grpc_server import GrpcServer  # 80 ms
        from otx.otlp.receiver.http_connection import MAX_CONNECTIONS, HttpLimits
        from otx.otlp.receiver.http_server import HttpServer  # 40 ms
    except ImportError as error:
        raise missing_extra(error.name or "grpc", "receive") from None
    limit = options.max_request_bytes
    grpc_server = GrpcServer(intake, limit, door)
    running.callback(grpc_server.stop, STOP_GRACE_S)
    files = allow_open_files(_OPEN_FILES)
    connections = min(MAX_CONNECTIONS, files // 4)
    http_limits = HttpLimits(request_bytes=limit, held_bytes=8 * limit, connections=connections)
    http_server = HttpServer(intake, http_limits, door)
    running.callback(http_server.stop, STOP_GRACE_S)
    grpc = _listen(grpc_server.start, options.grpc, "--grpc")
    http = _listen(http_server.start, options.http, "--http")
    return grpc, http


def _listen(start: Callable[[Address], Address], address: Address, flag: str) -> Address:
    try:
        return start(address)
    except OSError as error:
        owner = listener_of(address.port) if address.port else ""
        raise cannot_listen(address, flag, error, owner) from None


def _wait(
    options: ReceiveOptions,
    voice: Voice,
    stop: StopSignal,
    tally: Tally,
    look: Callable[[], None],
) -> None:
    """Look after what runs beside and show the summary until a stop is asked for."""
    ends_s = None if options.duration_s is None else time.monotonic() + options.duration_s
    before = tally.report()
    while not stop.is_set:
        look()
        left_s = _LOOK_S if ends_s is None else min(_LOOK_S, ends_s - time.monotonic())
        if left_s <= 0 or stop.wait(left_s):
            break
        if options.print_form == "summary":
            now = tally.report()
            if line := now.since(before):
                voice.write(line)
            before = now
