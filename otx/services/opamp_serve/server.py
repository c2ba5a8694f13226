"""The OpAMP server as one thing: database, keeper, fleet and port, begun and ended together."""

import asyncio
import resource
import socket
import sqlite3
import ssl
import threading
from asyncio import sslproto
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otx.errors import MachineError, OtxError, UsageError, missing_extra
from otx.opamp.framing import Limits
from otx.opamp.server.agent import Patience
from otx.opamp.server.authority import Authority
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.settings import given_tokens
from otx.otlp.address import Address, bind, cannot_listen
from otx.services.opamp_serve.api import Api
from otx.services.opamp_serve.app import API_PREFIX, App, Doors
from otx.services.opamp_serve.database import (
    open_to_write,
    read_agents,
    read_configurations,
    read_pushes,
    read_settings,
)
from otx.services.opamp_serve.keeper import Keeper
from otx.services.opamp_serve.polling import Polling
from otx.services.opamp_serve.sockets import Sockets
from otx.services.opamp_serve.station import Station
from otx.services.opamp_serve.tokens import Tokens
from otx.store.durable import FileLock
from otx.system.ports import listener_of
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 4096
PING_S = 30.0
PING_TIMEOUT_S = 60.0
STOP_GRACE_S = 5
KEEP_ALIVE_S = 75
"""Longer than the polling interval, or an idle connection would end just when it is used."""
MOST_LINKS = 20_000
ENOUGH_LINKS = 900
"""With fewer a person should know."""
SPARE_FILES = 100
"""Descriptors that are no connections."""
USER_TIMEOUT_MS = 60_000
TLS_RECORD_BYTES = 16 << 10
"""The most that one record carries (RFC 8446, 5.1): more at once cannot be read."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    Attributes:
        tls_cert: PEM certificate chain and, with `tls_key`, its key.
        client_ca: PEM of the CA that must have signed agents' certificates.
        ca_cert: PEM of the authority that signs what agents ask for, with `ca_key`.
        heartbeat_s: The interval agents are offered; 0 leaves it to them.
        most_agents: Connections at a time; None for as many as this machine allows.
    """

    listen: Address
    path: str
    db: Path
    token_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    ca_cert: Path | None = None
    ca_key: Path | None = None
    heartbeat_s: int = 0
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)
    most_agents: int | None = None


def serve(options: ServeOptions, note: Callable[[str], None], warn: Callable[[str], None]) -> None:
    """Serve until INT or TERM. Call it from the main thread, which signals go to.

    Raises:
        MachineError: The address or the database cannot be had.
        UsageError: Tokens or certificates cannot be used, or the way in is not guarded.
    """
    check_guarded(options)
    with StopSignal() as stop, ExitStack() as running:
        tokens = Tokens(options.token_file) if options.token_file else None
        context = tls_context(options)
        authority = _authority(options)
        running.enter_context(_claimed(options.db))
        connection = open_to_write(options.db)
        kept = _Kept(connection)
        keeper = Keeper(connection, warn)
        running.callback(keeper.close)
        fleet = kept.fleet(options, keeper, authority)
        if tokens is not None:
            _share_tokens(fleet, tokens)
        listener = _listen(options.listen)
        running.callback(listener.close)
        station = Station(fleet, keeper, options.limits)
        station.warn = warn
        station.most_links = _most_links(options.most_agents, warn)
        server = _Server(options, station, tokens, context, listener, stop, warn)
        server.start()
        running.callback(server.stop)
        scheme = "wss" if context else "ws"
        place = options.listen.with_port(listener.getsockname()[1])
        station.housekeeping.settle()
        note(f"ready {scheme}://{place}{options.path} db={options.db}")
        while not stop.wait(1.0):
            server.reload_tokens()
        if server.fault is not None:
            raise server.fault


def check_guarded(options: ServeOptions) -> None:
    """Who can reach the port can push configurations: beyond this machine that needs tokens.

    Raises:
        UsageError: It listens to others and nothing is asked of them.
    """
    if not options.path.startswith("/") or options.path.startswith(API_PREFIX):
        raise UsageError(f"{options.path!r} cannot be OpAMP's path", hint="--path /v1/opamp")
    if options.listen.path:
        raise UsageError("an OpAMP server listens on HOST:PORT, not on a Unix socket")
    host = options.listen.host
    is_local = host in ("localhost", "::1") or host[:4] == "127."
    if not is_local and options.token_file is None and options.client_ca is None:
        raise UsageError(
            f"{options.listen} can be reached by others, and nothing says who may speak",
            hint="--token-file FILE, or --client-ca FILE with --tls-cert and --tls-key",
        )


def tls_context(options: ServeOptions) -> ssl.SSLContext | None:
    """TLS as the options ask for it.

    Raises:
        UsageError: A file cannot be used.
    """
    if options.tls_cert is None:
        if options.client_ca or options.tls_key:
            raise UsageError("--client-ca and --tls-key need --tls-cert")
        return None
    # asyncio gives each TLS connection a zeroed buffer of 256 KiB: 2.5 GiB for ten thousand.
    sslproto.SSLProtocol.max_size = TLS_RECORD_BYTES
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


@contextmanager
def _claimed(db: Path) -> Iterator[None]:
    """Hold a database for this server: two that wrote to one would undo each other's memory."""
    try:
        db.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(db.with_name(db.name + ".lock"))
    except OSError as error:
        raise MachineError(f"cannot use {db}: {error}", hint="--db names another file") from None
    if not lock.acquire():
        raise MachineError(
            f"another server has {db}", hint="stop it, or --db FILE keeps another fleet"
        )
    try:
        yield
    finally:
        lock.release()


def _most_links(wanted: int | None, warn: Callable[[str], None]) -> int:
    """How many connections there may be: each is an open file, which the kernel counts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = (wanted or MOST_LINKS) + SPARE_FILES
    if soft < needed:
        soft = min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = min(needed, soft) - SPARE_FILES
    if most < (wanted or ENOUGH_LINKS):
        warn(f"no more than {most} agents at a time: this machine allows {soft} open files")
    return most


class _Server:
    """The event loop in a thread of its own."""

    def __init__(
        self,
        options: ServeOptions,
        station: Station,
        tokens: Tokens | None,
        context: ssl.SSLContext | None,
        listener: socket.socket,
        stop: StopSignal,
        warn: Callable[[str], None],
    ) -> None:
        self._options = options
        self._station = station
        self._tokens = tokens
        self._context = context
        self._listener = listener
        self._stop = stop
        self._warn = warn
        self._thread = threading.Thread(target=self._run, name="opamp")
        self._started = threading.Event()
        self._server: uvicorn.Server | None = None
        self.fault: OtxError | None = None

    def start(self) -> None:
        """Start serving; returns when connections are accepted."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Close every connection and wait until all is kept."""
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def reload_tokens(self) -> None:
        """Read the tokens again if their file changed; bad ones leave the old ones in force."""
        if self._tokens is None:
            return
        try:
            if self._tokens.reload():
                self._warn("the tokens were read again")
        except OtxError as error:
            self._warn(f"the tokens stay as they were: {error.message}")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self.fault = MachineError(f"the server ended: {type(error).__name__}: {error}")
        finally:
            self._started.set()
            self._stop.ask()

    async def _serve(self) -> None:
        import uvicorn

        async with asyncio.TaskGroup() as tasks:
            app = self._app(tasks)
            config = uvicorn_config(app, self._options, self._context)
            server = self._server = uvicorn.Server(config)
            self._station.abort = _aborter(server)
            ticks = tasks.create_task(self._station.run_ticks())
            watch = tasks.create_task(self._watch(server))
            await server.serve(sockets=[self._listener])
            watch.cancel()
            ticks.cancel()
        self._station.tick()
        await self._station.keeper.settle()

    async def _watch(self, server: Any) -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        self._started.set()

    def _app(self, tasks: asyncio.TaskGroup) -> App:
        doors = Doors(self._tokens)
        return App(
            doors,
            self._options.path,
            websocket=Sockets(self._station, tasks),
            poll=Polling(self._station),
            api=Api(self._station, self._options.db, self._options.path, self._tokens),
            turned_away=self._station.turned_away,
            faulted=self._station.faulted,
        )


def uvicorn_config(app: App, options: ServeOptions, context: ssl.SSLContext | None) -> Any:
    """What uvicorn is told as an OpAMP server."""
    try:
        import uvicorn
        import websockets  # noqa: F401 - uvicorn would serve no WebSocket without a word
    except ImportError as error:
        raise missing_extra(error.name or "uvicorn", "opamp") from None
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=options.limits.message_bytes,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_TIMEOUT_S,
        # A compressor a connection costs more memory than the small messages are worth.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_GRACE_S,
        backlog=BACKLOG,
    )
    config.load()
    config.ssl = context
    return config


class _Kept:
    """What a database has of a fleet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._agents = list(read_agents(connection))
        self._configurations = read_configurations(connection)
        self._pushes = read_pushes(connection)
        self._settings = read_settings(connection)

    def fleet(self, options: ServeOptions, keeper: Keeper, authority: Authority | None) -> Fleet:
        """The fleet as it was, nobody connected."""
        rollouts = Rollouts(keeper)
        rollouts.load(self._configurations, self._pushes)
        fleet = Fleet(keeper, rollouts, options.patience, authority=authority)
        fleet.settings.by_number = {one.number: one for one in self._settings}
        fleet.settings.heartbeat_s = options.heartbeat_s
        fleet.settings.tells_certificates = options.client_ca is not None
        fleet.agents = {agent.uid: agent for agent in self._agents}
        fleet.reassign_all()
        fleet.due.clear()
        return fleet


def _share_tokens(fleet: Fleet, tokens: Tokens) -> None:
    """Let agents in with the tokens of settings, and no longer when those are retired."""
    for digest, number in given_tokens(fleet.settings.by_number.values()).items():
        tokens.give(digest, f"settings {number}")
    fleet.on_retired = lambda one: tokens.take(one.token_digest)


def _authority(options: ServeOptions) -> Authority | None:
    if options.ca_cert is None and options.ca_key is None:
        return None
    if options.ca_cert is None or options.ca_key is None:
        raise UsageError("--ca-cert and --ca-key belong together")
    from otx.services.opamp_serve.certificates import FileAuthority  # 60 ms

    return FileAuthority(options.ca_cert, options.ca_key)


def _listen(address: Address) -> socket.socket:
    try:
        listener = bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        owner = listener_of(address.port) if address.port else ""
        raise cannot_listen(address, "--listen", error, owner) from None
    # Inherited by what is accepted: a peer that takes nothing in for so long is gone.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return listener


def _aborter(server: Any) -> Callable[[str], None]:
    """What drops the connection of a peer, given as HOST:PORT, with all that waits for it."""

    def abort(peer: str) -> None:
        for connection in list(server.server_state.connections):
            client = connection.client
            if client and f"{client[0]}:{client[1]}" == peer:
                connection.transport.abort()

    return abort
