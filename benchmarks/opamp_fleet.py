"""What one `otx opamp serve` carries: ten thousand agents with heartbeats every 30 s.

The real command runs in a process of its own, the agents are simulated by this one. Phases: all
connect; steady state (latency of answers, memory); a configuration to a group of 1 000; the server
is restarted, killed, and everybody comes back. Prints each figure beside its aim.

    python benchmarks/opamp_fleet.py [--agents N] [--steady SECONDS] [--heartbeat SECONDS]
"""

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.agents import LONGEST_RETRY_S, Crowd

START_S = 60.0
BACK_S = 120.0
GROUP = 1_000
"""Agents of a group: what a configuration is pushed to."""


class Server:
    """The real command on a port that stays the same."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._db = folder / "fleet.db"
        self.port = port
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def restart(self, number: signal.Signals) -> None:
        """End it by a signal and start it again."""
        self.end(number)
        self._process = self._start()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self._process.send_signal(number)
        code = self._process.wait(60)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code

    def get(self, path: str) -> Any:
        """A document of the API."""
        with urllib.request.urlopen(f"{self._api}/{path}", timeout=60) as response:
            return json.load(response)

    def post(self, path: str, wanted: Any) -> Any:
        """Have something done through the API."""
        request = urllib.request.Request(
            f"{self._api}/{path}", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def memory_mib(self) -> float:
        """What it has in memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.pid)

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "otx", "opamp", "serve"),
                *("--db", str(self._db), "--listen", f"127.0.0.1:{self.port}"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("ready "):
                self.port = int(line.split()[1].rpartition(":")[2].partition("/")[0])
                return process
        raise RuntimeError("the server did not start")


async def measure(
    server: Server,
    agents: int,
    steady_s: float,
    heartbeat_s: float,
    retry_s: float = LONGEST_RETRY_S,
) -> dict[str, float]:
    """Run the phases; figure by name."""
    figures: dict[str, float] = {"agents": agents}
    crowd = Crowd(agents, ("127.0.0.1", server.port), heartbeat_s, retry_s)
    try:
        started_s = time.perf_counter()
        await crowd.connect(rate_per_s=600)
        await crowd.until_connected(agents, START_S)
        figures["connected_s"] = time.perf_counter() - started_s
        await _steady(server, crowd, steady_s, figures)
        await _push(server, crowd, min(GROUP, agents), figures)
        for name, number in (("restart", signal.SIGTERM), ("kill", signal.SIGKILL)):
            asked = crowd.seen.full_asks
            await asyncio.to_thread(server.restart, number)
            figures[f"{name}_back_s"] = await _back(server, crowd, agents)
            figures[f"{name}_full_asks"] = crowd.seen.full_asks - asked
            figures[f"{name}_memory_mib"] = server.memory_mib()
        found = (await asyncio.to_thread(server.get, "agents"))["agents"]
        figures["kept"] = len(found)
        figures["known"] = sum(not agent["needs_full_state"] for agent in found)
        figures["in_sync"] = sum(agent["config"]["standing"] == "in_sync" for agent in found)
    finally:
        crowd.close()
    return figures


async def _steady(server: Server, crowd: Crowd, seconds: float, figures: dict[str, float]) -> None:
    crowd.seen.latencies_s.clear()
    before_s = server.cpu_s()
    figures["own_lag_ms"] = await _pass_time(seconds) * 1e3
    status = await asyncio.to_thread(server.get, "status")
    figures["server_lag_ms"] = status["worst_lag_ms"]
    latencies = sorted(crowd.seen.latencies_s) or [0.0]
    figures["steady_reports_per_s"] = len(latencies) / seconds
    figures["steady_p50_ms"] = statistics.median(latencies) * 1e3
    figures["steady_p99_ms"] = latencies[int(len(latencies) * 0.99)] * 1e3
    figures["steady_max_ms"] = latencies[-1] * 1e3
    figures["steady_cpu_percent"] = (server.cpu_s() - before_s) / seconds * 100
    figures["memory_mib"] = server.memory_mib()


async def _pass_time(seconds: float) -> float:
    """Wait; how late this process's own loop was at worst, which is in the latencies, too."""
    loop = asyncio.get_running_loop()
    ends_s, worst_s = loop.time() + seconds, 0.0
    while (due_s := loop.time() + 0.02) < ends_s:
        await asyncio.sleep(0.02)
        worst_s = max(worst_s, loop.time() - due_s)
    return worst_s


async def _push(server: Server, crowd: Crowd, count: int, figures: dict[str, float]) -> None:
    wanted = {
        "selector": "group=0",
        "objects": {"": {"body": "receivers: {otlp: {protocols: {grpc: {}}}}\n" * 50}},
        "name": "bench.yaml",
    }
    started_s = time.perf_counter()
    push = await asyncio.to_thread(server.post, "pushes", wanted)
    await crowd.until_applied(count, START_S)
    figures["push_applied_s"] = time.perf_counter() - started_s
    while push["agents"]["applied"] < count:
        push = await asyncio.to_thread(server.get, f"pushes/{push['number']}")
    figures["push_known_s"] = time.perf_counter() - started_s


async def _back(server: Server, crowd: Crowd, agents: int) -> float:
    """Seconds until everybody is back, by what the agents and the server say."""
    started_s = time.perf_counter()
    await crowd.until_connected(agents, BACK_S)
    while True:
        states = (await asyncio.to_thread(server.get, "status"))["agents"]
        if states["connected"] == agents:
            return time.perf_counter() - started_s
        await asyncio.sleep(0.2)


AIMS = {
    "steady_p99_ms": 100.0,
    "memory_mib": 1536.0,
    "restart_memory_mib": 1536.0,
    "kill_memory_mib": 1536.0,
    "push_known_s": 5.0,
    "restart_back_s": 60.0,
    "kill_back_s": 60.0,
}


def allow_files(wanted: int) -> int:
    """Raise how many files a process may open as far as that goes; how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--steady", type=float, default=60.0)
    parser.add_argument("--heartbeat", type=float, default=30.0)
    arguments = parser.parse_args()
    allowed = allow_files(arguments.agents + 200)
    if allowed < arguments.agents + 200:
        print(f"this machine allows {allowed} open files: {allowed - 200} agents instead")
        arguments.agents = allowed - 200
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as folder:
        server = Server(Path(folder))
        try:
            figures = asyncio.run(
                measure(server, arguments.agents, arguments.steady, arguments.heartbeat)
            )
        finally:
            server.end()
    for name, figure in figures.items():
        aim = f"  aim {AIMS[name]:g}" if name in AIMS else ""
        print(f"{name:22} {figure:10,.1f}{aim}")


if __name__ == "__main__":
    main()
