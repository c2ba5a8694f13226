"""The OpAMP server as one thing: database, keeper, fleet and port, begun and ended together."""

import asyncio
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from otx.errors import MachineError, OtxError, missing_extra
from otx.services.opamp_serve.api import Api
from otx.services.opamp_serve.app import App, Doors
from otx.services.opamp_serve.database import damaged, open_to_write
from otx.services.opamp_serve.keeper import Keeper
from otx.services.opamp_serve.loading import Kept, share_tokens
from otx.services.opamp_serve.machine import BACKLOG, claimed, listen_on, most_links
from otx.services.opamp_serve.options import (
    ServeOptions,
    authority_of,
    check_guarded,
    tls_context,
)
from otx.services.opamp_serve.polling import Polling
from otx.services.opamp_serve.sockets import Sockets
from otx.services.opamp_serve.station import Station
from otx.services.opamp_serve.tokens import Tokens
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    import uvicorn

PING_S = 30.0
PING_TIMEOUT_S = 60.0
STOP_GRACE_S = 5
KEEP_ALIVE_S = 75
"""Longer than the polling interval, or an idle connection would end just when it is used."""


def serve(options: ServeOptions, note: Callable[[str], None], warn: Callable[[str], None]) -> None:
    """Serve until INT or TERM. Call it from the main thread, which signals go to.

    Raises:
        MachineError: The address or the database cannot be had.
        UsageError: Tokens or certificates cannot be used, or the way in is not guarded.
    """
    check_guarded(options)
    _check_installed()
    with StopSignal() as stop, ExitStack() as running:
        tokens = Tokens(options.token_file) if options.token_file else None
        context = tls_context(options)
        authority = authority_of(options)
        running.enter_context(claimed(options.db))
        connection = open_to_write(options.db)
        try:
            kept = Kept(connection)
        except sqlite3.DatabaseError as error:
            raise damaged(options.db, error) from None
        keeper = Keeper(connection, warn)
        running.callback(keeper.close)
        fleet = kept.fleet(options, keeper, authority, time.time_ns())
        if tokens is not None:
            share_tokens(fleet, tokens)
        listener = listen_on(options.listen)
        running.callback(listener.close)
        station = Station(fleet, keeper, options.limits)
        station.warn = warn
        station.most_links = most_links(options.most_agents, warn)
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


def _check_installed() -> None:
    try:
        import httptools  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401 - uvicorn would serve no WebSocket without a word
    except ImportError as error:
        raise missing_extra(error.name or "uvicorn", "opamp") from None


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
        self._station.is_ending = True
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
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            self.fault = MachineError(f"the server ended: {type(error).__name__}: {error}")
        finally:
            self._started.set()
            self._stop.ask()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            app = self._app(tasks)
            server = self._server = uvicorn_server(app, self._options, self._context)
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


def uvicorn_server(
    app: App, options: ServeOptions, context: ssl.SSLContext | None
) -> "uvicorn.Server":
    """A server of uvicorn's, set up for many quiet connections."""
    import uvicorn

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
    return uvicorn.Server(config)


def _aborter(server: Any) -> Callable[[str], None]:
    """What drops the connection of a peer, given as HOST:PORT, with all that waits for it."""

    def abort(peer: str) -> None:
        for connection in list(server.server_state.connections):
            client = connection.client
            if client and f"{client[0]}:{client[1]}" == peer:
                connection.transport.abort()

    return abort
