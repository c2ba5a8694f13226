"""The tap as one thing: port, proxy, screen and record, begun and ended together."""

import asyncio
import ipaddress
import resource
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from otx.errors import MachineError, OtxError, UsageError
from otx.model.units import counted
from otx.opamp.framing import Limits
from otx.opamp.transport.endpoint import PORTS, Endpoint, Tls
from otx.otlp.address import Address, bind, cannot_listen
from otx.services.opamp_tap.events import Event
from otx.services.opamp_tap.faults import Faults, Injector
from otx.services.opamp_tap.observer import Observer, warm_up
from otx.services.opamp_tap.outbox import Outbox
from otx.services.opamp_tap.proxy import MOST_CONNECTIONS, Proxy, Target
from otx.services.opamp_tap.record import Recorder
from otx.services.opamp_tap.summary import Summary
from otx.system.ports import listener_of
from otx.system.stop import StopSignal

TAKE_S = 0.2
SPARE_FILES = 100
"""Descriptors that are no connections."""


@dataclass(frozen=True, slots=True)
class TapOptions:
    """How to tap.

    Attributes:
        to: URL of the server; with a path, that path replaces the one agents ask for.
        tls: How the server's side is spoken to.
        tls_cert: PEM certificate chain of the tap and, with `tls_key`, its key.
        client_ca: PEM of the CA that must have signed agents' certificates.
        record: Where everything is kept.
    """

    listen: Address
    to: str
    tls: Tls = field(default_factory=Tls)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    faults: Faults = field(default_factory=Faults)
    fault_text: str = ""
    seed: int = 0
    record: Path | None = None
    limits: Limits = field(default_factory=Limits)


class Screen(Protocol):
    """Where events are told."""

    def show(self, event: Event) -> None:
        """Tell one event."""

    def idle(self) -> None:
        """Nothing waits: what is buffered can go out."""

    def end(self, summary: Summary, lost: int) -> None:
        """Tell what there is to tell at the end."""


def tap(
    options: TapOptions,
    screen: Screen,
    note: Callable[[str], None],
    warn: Callable[[str], None],
    clock: Callable[[], int],
) -> None:
    """Tap until INT or TERM. Call it from the main thread, which signals go to.

    Raises:
        MachineError: The address or the record's file cannot be had.
        UsageError: The URL or a certificate cannot be used.
    """
    target = target_of(options)
    context = server_context(options)
    warm_up()
    with StopSignal() as stop, ExitStack() as running:
        listener = _listen(options.listen)
        running.callback(_forget, listener, options.listen)
        outbox, recorder = Outbox(), _recorder(options)
        if recorder is not None:
            running.callback(recorder.close)

        def told(event: Event) -> None:
            outbox.put(event)
            if recorder is not None:
                recorder.outbox.put(event)

        observer = Observer(told, options.limits)
        injector = Injector(options.faults, options.seed)
        proxy = Proxy(listener, context, target, observer, injector, clock, _most_connections())
        thread = _Thread(proxy, stop)
        thread.start()
        running.callback(thread.stop)
        place = options.listen.with_port(
            listener.getsockname()[1] if not options.listen.path else 0
        )
        note(f"ready {'wss' if context else 'ws'}://{place} to={Endpoint.of(options.to).shown}")
        _show(outbox, screen, stop)
        thread.stop()
        while (event := outbox.take(0)) is not None:
            screen.show(event)
        screen.end(observer.summary, outbox.lost)
        if recorder is not None:
            recorder.close()
            _tell_record(recorder, note, warn)
        if thread.fault is not None:
            raise thread.fault


def target_of(options: TapOptions) -> Target:
    """Where everything goes.

    Raises:
        UsageError: The URL or the TLS settings cannot be used.
    """
    endpoint = Endpoint.of(options.to, tls=options.tls)
    parts = urlsplit(options.to)
    if parts.username or parts.query:
        raise UsageError(
            "--to takes no user, password or query",
            hint="the agents' own headers and queries are passed on",
        )
    context = endpoint.tls.context() if endpoint.is_secure else None
    port = parts.port or PORTS[parts.scheme]
    # Virtual hosts and certificates have names; who is reached by an address has neither.
    netloc = "" if _is_address(endpoint.host) else parts.netloc
    return Target(endpoint.host, port, netloc, parts.path.rstrip("/"), context)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def server_context(options: TapOptions) -> ssl.SSLContext | None:
    """TLS towards the agents, where it is asked for.

    Raises:
        UsageError: A file cannot be used.
    """
    if options.tls_cert is None:
        if options.client_ca or options.tls_key:
            raise UsageError("--client-ca and --tls-key need --tls-cert")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
        if options.client_ca is not None:
            context.load_verify_locations(options.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"the certificates cannot be used: {error}") from None
    return context


class _Thread:
    """The event loop in a thread of its own: a screen that is stopped must not stop the agents."""

    def __init__(self, proxy: Proxy, stop: StopSignal) -> None:
        self._proxy = proxy
        self._stop = stop
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="tap")
        self.fault: OtxError | None = None

    def start(self) -> None:
        self._task = self._loop.create_task(self._proxy.run())
        self._thread.start()

    def stop(self) -> None:
        """Cut every connection, and end."""
        if self._thread.is_alive() and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            if self._task is not None:
                self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.fault = MachineError(f"the tap ended: {type(error).__name__}: {error}")
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._stop.ask()


def _show(outbox: Outbox, screen: Screen, stop: StopSignal) -> None:
    while not stop.is_set:
        event = outbox.take(TAKE_S)
        if event is None:
            screen.idle()
        else:
            screen.show(event)


def _recorder(options: TapOptions) -> Recorder | None:
    if options.record is None:
        return None
    head = {
        "to": Endpoint.of(options.to).shown,
        "faults": options.fault_text,
        "seed": options.seed,
    }
    return Recorder(options.record, head)


def _tell_record(
    recorder: Recorder, note: Callable[[str], None], warn: Callable[[str], None]
) -> None:
    if recorder.fault is not None:
        warn(f"the record is not whole: {recorder.fault.message}")
    elif recorder.outbox.lost:
        warn(f"the record lacks {counted(recorder.outbox.lost, 'event')}: the disk was too slow")
    else:
        note(f"recorded in {recorder.path}")


def _most_connections() -> int:
    """How many there may be: each is two open files, which the kernel counts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * MOST_CONNECTIONS + SPARE_FILES
    if soft < needed:
        soft = min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST_CONNECTIONS, max(1, (soft - SPARE_FILES) // 2))


def _forget(listener: socket.socket, address: Address) -> None:
    listener.close()
    if address.path:
        Path(address.path).unlink(missing_ok=True)


def _listen(address: Address) -> socket.socket:
    try:
        return bind(address)
    except OSError as error:
        owner = listener_of(address.port) if address.port else ""
        raise cannot_listen(address, "--listen", error, owner) from None
