"""What `otx opamp tap` costs between an agent and a server: time a message, memory, large ones.

    python benchmarks/opamp_tap.py [--reports N] [--agents N]

The same agents talk to the same small server (websockets, a process of its own), directly and then
through the tap, and each report waits for its answer.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import connect

from otx.opamp.framing import frame
from otx.opamp.opamp_pb2 import AgentToServer

SERVER = """
import asyncio
from websockets.asyncio.server import serve
async def answer(connection):
    async for data in connection:
        await connection.send(b"\\x00\\x0a\\x10" + data[3:19] + b"\\x38\\x01")
async def main():
    async with serve(answer, "127.0.0.1", 0, compression=None, max_size=None) as server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
"""
LARGE_BYTES = 60 << 20
UID_AT = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2_000)
    parser.add_argument("--agents", type=int, default=200)
    options = parser.parse_args()
    server = started([sys.executable, "-c", SERVER], subprocess.PIPE)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[1])
        direct = asyncio.run(latencies(port, options.reports))
        with tempfile.TemporaryDirectory() as folder:
            measure_tap(port, direct, options.reports, options.agents, Path(folder))
    finally:
        server.kill()
        server.wait()


def measure_tap(port: int, direct: list[float], reports: int, agents: int, folder: Path) -> None:
    command = [sys.executable, "-m", "otx", "opamp", "tap", "--to", f"ws://127.0.0.1:{port}"]
    more = ["--listen", "127.0.0.1:0", "--format", "jsonl", "-o", str(folder / "told")]
    tap = started([*command, *more, "--record", str(folder / "record")], stderr=subprocess.PIPE)
    try:
        assert tap.stderr is not None
        at = int(tap.stderr.readline().split()[1].rpartition(":")[2])
        asyncio.run(latencies(at, 50))
        through = asyncio.run(latencies(at, reports))
        for name, values in (("direct", direct), ("tap", through)):
            middle, slow = at_share(values, 0.5), at_share(values, 0.99)
            print(f"{name:7} p50 {middle:7.3f} ms  p99 {slow:7.3f} ms")
        print(f"the tap adds {at_share(through, 0.5) - at_share(direct, 0.5):.3f} ms at the median")
        began = time.perf_counter()
        asyncio.run(fleet(at, agents, reports // agents + 1))
        rate = agents * (reports // agents + 1) / (time.perf_counter() - began)
        print(f"{agents} agents at once: {rate:,.0f} reports/s, RSS {rss_mib(tap.pid):.0f} MiB")
        asyncio.run(large(at))
        print(
            f"a report of {LARGE_BYTES >> 20} MiB: RSS at most {rss_mib(tap.pid, 'VmHWM'):.0f} MiB"
        )
        tap.send_signal(signal.SIGINT)
        print(f"exit code {tap.wait(60)}; {tap.stderr.read().strip()}")
    finally:
        if tap.poll() is None:
            tap.kill()
            tap.wait()


def started(
    command: list[str], stdout: int | None = None, stderr: int | None = None
) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=stdout, stderr=stderr, text=True)


def report(number: int, uid: bytes = bytes(16)) -> bytes:
    message = AgentToServer(instance_uid=uid, sequence_num=number, capabilities=0x2803)
    message.health.healthy = True
    message.health.status_time_unix_nano = number
    return frame(message)


async def latencies(port: int, reports: int) -> list[float]:
    """Milliseconds from a report to its answer, one after the other."""
    found = []
    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None) as agent:
        for number in range(1, reports + 1):
            began = time.perf_counter()
            await agent.send(report(number))
            await agent.recv()
            found.append((time.perf_counter() - began) * 1e3)
    return found


async def fleet(port: int, agents: int, reports: int) -> None:
    async def one(number: int) -> None:
        uid = number.to_bytes(16, "big")
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as agent:
            for sequence in range(1, reports + 1):
                await agent.send(report(sequence, uid))
                await agent.recv()

    await asyncio.gather(*(one(number) for number in range(agents)))


async def large(port: int) -> None:
    message = AgentToServer.FromString(report(1)[1:])
    message.effective_config.config_map.config_map[""].body = b"x: 1\n" * (LARGE_BYTES // 5)
    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None) as agent:
        await agent.send(frame(message))
        await agent.recv()


def at_share(values: list[float], share: float) -> float:
    return sorted(values)[int((len(values) - 1) * share)]


def rss_mib(pid: int, name: str = "VmRSS") -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
