"""A server that does what a test says and remembers what an agent said; and a real agent for it."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from otx.opamp.framing import decode_frame, frame
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    ConnectionSettingsStatus,
    ConnectionSettingsStatuses,
    RemoteConfigStatus,
    RemoteConfigStatuses,
    ServerToAgent,
)
from otx.services.agent.options import AgentOptions

SUPERVISED = Path(__file__).parent / "supervised.sh"
WAIT_S = 60
APPLIED = RemoteConfigStatuses.RemoteConfigStatuses_APPLIED
APPLYING = RemoteConfigStatuses.RemoteConfigStatuses_APPLYING
FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED

SETTINGS_APPLIED = ConnectionSettingsStatuses.ConnectionSettingsStatuses_APPLIED
SETTINGS_APPLYING = ConnectionSettingsStatuses.ConnectionSettingsStatuses_APPLYING
SETTINGS_FAILED = ConnectionSettingsStatuses.ConnectionSettingsStatuses_FAILED

GOOD, OTHER = "marker: good\n", "marker: other\n"
BAD = "marker: bad\nexit: 3\n"


def hash_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class ScriptedServer:
    """One agent's server.

    Attributes:
        known: The agent's last report of each part.
        statuses: Each remote_config_status in the order in which they came.
        assigned: What is offered whenever the agent reports another hash; None: nothing.
        is_silent: Nothing is answered.
        headers: Of the last opening.
        answer: Changes each answer before it is sent.
    """

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[AgentToServer] = []
        self.known: dict[str, Any] = {}
        self.statuses: list[RemoteConfigStatus] = []
        self.assigned: str | None = None
        self.answer: Callable[[AgentToServer, ServerToAgent], None] = lambda message, reply: None
        self.connection: ServerConnection | None = None
        self.headers: dict[str, str] = {}
        self.is_silent = False
        self._sequence: int | None = None
        self._needs_full = True
        self._changed = asyncio.Condition()

    @property
    def status(self) -> RemoteConfigStatus:
        found = self.known.get("remote_config_status", RemoteConfigStatus())
        assert isinstance(found, RemoteConfigStatus)
        return found

    @property
    def settings_status(self) -> ConnectionSettingsStatuses:
        found = self.known.get("connection_settings_status", ConnectionSettingsStatus())
        assert isinstance(found, ConnectionSettingsStatus)
        return found.status

    @property
    def effective(self) -> str:
        config = self.known.get("effective_config")
        return config.config_map.config_map[""].body.decode() if config else ""

    def assign(self, text: str) -> bytes:
        """Offer a configuration with the next answer, and push it where there is a connection."""
        self.assigned = text
        return hash_of(text)

    async def push(self, text: str, uid: bytes | None = None) -> bytes:
        """Offer a configuration now."""
        self.assigned = text
        message = ServerToAgent(instance_uid=uid or self.messages[-1].instance_uid)
        self._offer(message, text)
        await self.send(message)
        return hash_of(text)

    async def send(self, message: ServerToAgent) -> None:
        try:
            if self.connection is not None:
                await self.connection.send(frame(message))
        except ConnectionClosed:
            return

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds, looking after each message."""
        try:
            async with asyncio.timeout(WAIT_S), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"not within {WAIT_S} s: {what}; {self.statuses[-4:]}") from None

    async def until_status(self, config_hash: bytes, *values: RemoteConfigStatuses) -> None:
        await self.until(
            lambda: (
                self.status.last_remote_config_hash == config_hash and self.status.status in values
            ),
            f"{config_hash.hex()[:8]} is one of {values}",
        )

    async def talk(self, connection: ServerConnection) -> None:
        self.connection = connection
        if connection.request is not None:
            self.headers = dict(connection.request.headers.raw_items())
        try:
            async for data in connection:
                assert isinstance(data, bytes)
                message = decode_frame(AgentToServer, data)
                reply = self._note(message)
                self.answer(message, reply)
                if not self.is_silent:
                    await connection.send(frame(reply))
                async with self._changed:
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            async with self._changed:
                self._changed.notify_all()

    def _note(self, message: AgentToServer) -> ServerToAgent:
        self.messages.append(message)
        is_full = message.HasField("agent_description")
        fits = self._sequence is not None and message.sequence_num == self._sequence + 1
        self._needs_full = not is_full and (self._needs_full or not fits)
        self._sequence = message.sequence_num
        for field, value in message.ListFields():
            if field.message_type is not None:
                self.known[field.name] = value
        if message.HasField("remote_config_status"):
            self.statuses.append(message.remote_config_status)
        reply = ServerToAgent(
            instance_uid=message.instance_uid, capabilities=0x7F, flags=int(self._needs_full)
        )
        if (
            self.assigned is not None
            and not self._needs_full
            and not message.HasField("agent_disconnect")
            and self.status.last_remote_config_hash != hash_of(self.assigned)
        ):
            self._offer(reply, self.assigned)
        return reply

    @staticmethod
    def _offer(message: ServerToAgent, text: str) -> None:
        message.remote_config.config_hash = hash_of(text)
        one = message.remote_config.config.config_map[""]
        one.body, one.content_type = text.encode(), "text/yaml"


@asynccontextmanager
async def scripted_server(port: int = 0) -> AsyncIterator[ScriptedServer]:
    script = ScriptedServer()
    async with serve(script.talk, "127.0.0.1", port, max_size=1 << 24) as server:
        script.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/opamp"
        yield script


class RealAgent:
    """An agent on a folder of its own, started and killed as often as a test wants.

    It is the process that `otx agent run` becomes; the command line itself is tried in tests/e2e.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        base: str = "marker: base\n",
        observation: str = "300ms",
        stop_timeout: str = "2s",
    ) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.journal.touch()
        self.config = folder / "base.yaml"
        self.config.write_text(
            f"agent:\n  stop_timeout: {stop_timeout}\n"
            f"  health: {{window: 50ms, timeout: {WAIT_S}s, observation: {observation}}}\n{base}"
        )
        self.options = AgentOptions(
            servers=(url,),
            state=str(folder / "state"),
            config=str(self.config),
            command=("/bin/sh", str(SUPERVISED), "{config}"),
            allows_remote=True,
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        number = os.memfd_create("options")
        os.write(number, self.options.to_json().encode())
        os.lseek(number, 0, os.SEEK_SET)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "otx.services.agent", str(number)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "JOURNAL": str(self.journal), "HOME": str(self.folder)},
                cwd=self.folder,
                pass_fds=(number,),
            )
        os.close(number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, WAIT_S)

    def launches(self) -> list[tuple[int, str]]:
        """Each launch of the supervised process: pid and marker."""
        lines = self.journal.read_text().splitlines()
        return [(int(pid), marker) for pid, _, marker in (line.partition(" ") for line in lines)]

    def alive(self) -> list[str]:
        """The markers of the supervised processes that run now."""
        return [marker for pid, marker in self.launches() if self.is_ours(pid)]

    async def crash(self, marker: str) -> None:
        """End the supervised process of a marker, once it runs, as a crash does."""
        await until(lambda: marker in self.alive(), f"{marker} runs")
        for pid, name in self.launches():
            if name == marker and self.is_ours(pid):
                os.kill(pid, signal.SIGKILL)

    def is_ours(self, pid: int) -> bool:
        """Whether a pid is that of a process of this agent, and not someone else's by now."""
        try:
            return f"JOURNAL={self.journal}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def state(self) -> dict[str, Any]:
        whole = json.loads((self.folder / "state" / "state.json").read_text())
        body = json.loads(whole["state"])
        assert isinstance(body, dict)
        return body

    def status(self) -> dict[str, Any]:
        body = json.loads((self.folder / "state" / "status.json").read_text())
        assert isinstance(body, dict)
        return body

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def end(self) -> None:
        """End whatever is left, by its own id."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid, _ in self.launches():
            if self.is_ours(pid):
                os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def real_agent(
    folder: Path,
    script: ScriptedServer,
    base: str = "marker: base\n",
    observation: str = "300ms",
    stop_timeout: str = "2s",
    **options: Any,
) -> AsyncIterator[RealAgent]:
    """A running agent; `options` replace those of `AgentOptions`."""
    agent = RealAgent(folder, script.url, base, observation, stop_timeout)
    agent.options = replace(agent.options, **options)
    agent.start()
    try:
        yield agent
    finally:
        agent.end()


def healthy(script: ScriptedServer) -> bool:
    return "health" in script.known and bool(script.known["health"].healthy)


async def begun(script: ScriptedServer, agent: RealAgent) -> None:
    await script.until(lambda: healthy(script), "the base is well")
    await until(lambda: "base" in agent.alive(), "the base runs")


async def until(holds: object, what: str) -> None:
    """Look again and again: what happens to other processes has no event to wait for."""
    assert callable(holds)
    ends_s = time.monotonic() + WAIT_S
    while True:
        try:
            if holds():
                return
        except (OSError, KeyError):
            pass
        assert time.monotonic() < ends_s, f"not within {WAIT_S} s: {what}"
        await asyncio.sleep(0.01)
