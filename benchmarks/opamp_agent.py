"""What an agent costs as a supervisor, and how soon an offer runs and is called APPLIED.

    python benchmarks/opamp_agent.py [SECONDS]

Prints resident memory and CPU of the idle agent (a connection, a heartbeat each 30 s, one process),
then for ten offers: until the new process runs, and until APPLIED has arrived at the server, which
is never sooner than the health window (1 s). Last, for an agent without a command: until otx's own
receiver accepts on the address that was offered (aim 300 ms), without a transform and with one of
ten statements, and what the processes cost that wait for such an offer; and for how long
connections are refused when a receiver with the same addresses takes over.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from otx.opamp.framing import decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, RemoteConfigStatuses, ServerToAgent

OFFERS = 10
SETTLED_S = 3.0
"""After APPLIED, so that an offer finds what waits for it ready, as it does in a quiet hour."""
COMMAND = 'echo "$(date +%s%N) $(head -1 "$0")" >> "$JOURNAL"; exec sleep 100000'
STATEMENTS = [
    'delete_key(span.attributes, "user.email")',
    'set(span.name, Concat([span.attributes["http.request.method"], span.name], " "))',
    'replace_pattern(span.attributes["url.full"], "token=[^&]*", "token=***")',
    "truncate_all(span.attributes, 256)",
    'limit(span.attributes, 64, ["service.name"])',
    'set(span.status.code, 2) where span.attributes["http.response.status_code"] >= 500',
    'set(span.attributes["slow"], true) where span.end_time_unix_nano > 1000',
    'delete_matching_keys(span.attributes, "^internal[.]")',
    'set(resource.attributes["env"], "bench") where resource.attributes["env"] == nil',
    'keep_matching_keys(resource.attributes, "^(service|environment|host)")',
]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Server:
    """Answers every report, and offers what it is told to."""

    def __init__(self) -> None:
        self.connection: ServerConnection | None = None
        self.uid = b""
        self.applied: asyncio.Queue[bytes] = asyncio.Queue()

    async def talk(self, connection: ServerConnection) -> None:
        """Answer until the agent leaves."""
        with contextlib.suppress(ConnectionClosed):
            await self._answer_all(connection)

    async def _answer_all(self, connection: ServerConnection) -> None:
        self.connection = connection
        async for data in connection:
            message = decode_frame(AgentToServer, data if isinstance(data, bytes) else b"")
            self.uid = message.instance_uid
            status = message.remote_config_status
            if status.status == RemoteConfigStatuses.RemoteConfigStatuses_APPLIED:
                self.applied.put_nowait(status.last_remote_config_hash)
            answer = ServerToAgent(instance_uid=self.uid, capabilities=0x7)
            await connection.send(frame(answer))

    async def offer(self, text: str) -> None:
        """Push a configuration."""
        message = ServerToAgent(instance_uid=self.uid)
        message.remote_config.config_hash = text.encode()
        message.remote_config.config.config_map[""].body = text.encode()
        if self.connection is not None:
            await self.connection.send(frame(message))


def rss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def waiting_kib(agent: int) -> list[int]:
    """Resident memory of each child that has its imports done and waits."""
    pids = Path(f"/proc/{agent}/task/{agent}/children").read_text().split()
    return [
        rss_kib(int(pid))
        for pid in pids
        if b"otx.standby" in Path(f"/proc/{pid}/cmdline").read_bytes()
        and Path(f"/proc/{pid}/comm").read_text() != "otx-receive\n"
    ]


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def begin_agent(
    folder: Path, port: int, base_text: str, *command: str
) -> "subprocess.Popen[bytes]":
    base = folder / "base.yaml"
    base.write_text(base_text)
    words = [
        sys.executable, "-m", "otx", "agent", "run",
        "--server", f"ws://127.0.0.1:{port}/v1/opamp", "--config", str(base),
        "--state", str(folder / "state"), "--allow-remote-config", "--log", str(folder / "log"),
        *command,
    ]  # fmt: skip
    variables = {**os.environ, "JOURNAL": str(folder / "journal")}
    return subprocess.Popen(words, env=variables)


async def measure(seconds: float) -> None:
    server = Server()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with serve(server.talk, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            agent = begin_agent(
                folder, port, "offer: none\n", "--", "/bin/sh", "-c", COMMAND, "{config}"
            )
            try:
                await asyncio.sleep(3)
                before_s = cpu_s(agent.pid)
                await asyncio.sleep(seconds)
                share = (cpu_s(agent.pid) - before_s) / seconds
                memory = f"RSS {rss_kib(agent.pid) / 1024:.1f} MiB (aim 40)"
                print(f"idle: {memory}, CPU {share:.3%} of a core (aim 0.1%)")
                await measure_offers(server, folder / "journal")
                print(f"after {OFFERS} offers: RSS {rss_kib(agent.pid) / 1024:.1f} MiB")
            finally:
                agent.send_signal(signal.SIGTERM)
                await asyncio.to_thread(agent.wait)


async def measure_parts(rules: str) -> None:
    """The same for otx's own receiver.

    Args:
        rules: A further key of the local `receive`, or "".
    """
    server = Server()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = f"grpc: 127.0.0.1:0, http: 127.0.0.1:{free_port()}, store: {name}/store"
        base = f"receive: {{{places}{rules}}}\n"
        async with serve(server.talk, "127.0.0.1", 0) as listening:
            agent = begin_agent(folder, listening.sockets[0].getsockname()[1], base)
            try:
                await asyncio.sleep(6)
                accepts_ms = [await until_accepts(server) for _ in range(OFFERS)]
                await asyncio.sleep(2)
                waiting = sorted(waiting_kib(agent.pid))
            finally:
                agent.send_signal(signal.SIGTERM)
                await asyncio.to_thread(agent.wait)
    least, median, most = min(accepts_ms), statistics.median(accepts_ms), max(accepts_ms)
    what = f"with {len(STATEMENTS)} statements " if rules else ""
    print(
        f"offer -> otx's receiver {what}accepts: "
        f"median {median:.0f} ms, least {least:.0f}, most {most:.0f} (aim 300)"
    )
    sizes = ", ".join(f"{kib / 1024:.1f}" for kib in waiting)
    print(f"what waits for the next: RSS {sizes} MiB")


async def until_accepts(server: Server) -> float:
    """Milliseconds from an offer of another port to the first connection to it."""
    port = free_port()
    text = f"receive: {{http: 127.0.0.1:{port}}}\n"
    began_s = time.perf_counter()
    await server.offer(text)
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        await asyncio.sleep(0.002)
    taken_s = time.perf_counter() - began_s
    while await server.applied.get() != text.encode():
        pass
    await asyncio.sleep(SETTLED_S)
    return 1e3 * taken_s


async def measure_gap() -> None:
    """Milliseconds during which connections to unchanged addresses are refused at a change."""
    server = Server()
    with tempfile.TemporaryDirectory() as name:
        ports = {"grpc": free_port(), "http": free_port()}
        places = ", ".join(f"{key}: 127.0.0.1:{port}" for key, port in ports.items())
        base = f"receive: {{{places}, store: {name}/store}}\n"
        async with serve(server.talk, "127.0.0.1", 0) as listening:
            agent = begin_agent(Path(name), listening.sockets[0].getsockname()[1], base)
            gaps_ms: dict[str, list[float]] = {key: [] for key in ports}
            try:
                await asyncio.sleep(6)
                for number in range(OFFERS):
                    text = f"receive: {{max-request: {number + 1}MiB}}\n"
                    async with asyncio.TaskGroup() as group:
                        probes = {
                            key: group.create_task(until_back(port)) for key, port in ports.items()
                        }
                        await server.offer(text)
                    for key, probe in probes.items():
                        gaps_ms[key].append(probe.result())
                    while await server.applied.get() != text.encode():
                        pass
                    await asyncio.sleep(SETTLED_S)
            finally:
                agent.send_signal(signal.SIGTERM)
                await asyncio.to_thread(agent.wait)
    for key, values in gaps_ms.items():
        print(
            f"same address, {key} is refused for: "
            f"median {statistics.median(values):.0f} ms, most {max(values):.0f} ms"
        )


async def until_back(port: int) -> float:
    """Milliseconds from the first refused connection to the first one after it that is not."""
    refused_s = 0.0
    while True:
        with socket.socket() as probe:
            is_refused = probe.connect_ex(("127.0.0.1", port)) != 0
        now_s = time.perf_counter()
        if not is_refused and refused_s:
            return 1e3 * (now_s - refused_s)
        if is_refused and not refused_s:
            refused_s = now_s
        await asyncio.sleep(0.001)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def measure_offers(server: Server, journal: Path) -> None:
    applied_ms = []
    sent_ns = {}
    for number in range(OFFERS):
        text = f"offer: {number}"
        sent_ns[text] = time.time_ns()
        await server.offer(text)
        while await server.applied.get() != text.encode():
            pass
        applied_ms.append((time.time_ns() - sent_ns[text]) / 1e6)
    lines = [line.partition(" ") for line in journal.read_text().splitlines()]
    # A merged configuration keeps the order of the local file: its first line is the offer's.
    runs_ms = [(int(at) - sent_ns[text]) / 1e6 for at, _, text in lines if text in sent_ns]
    for what, values in (("runs", runs_ms), ("APPLIED", applied_ms)):
        print(
            f"offer -> {what}: median {statistics.median(values):.0f} ms, max {max(values):.0f} ms"
        )


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
    asyncio.run(measure_parts(""))
    transform = json.dumps({"transform/bench": {"trace_statements": STATEMENTS}})
    asyncio.run(measure_parts(f", transform: {transform}"))
    asyncio.run(measure_gap())
