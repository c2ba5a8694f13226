"""What it costs to watch a conversation: time for a report and its answer, memory for an agent.

Heartbeats with their answers, as most messages of a fleet are; least CPU time of several runs.

    python benchmarks/opamp_monitor.py [--messages N] [--agents N] [--runs N]
"""

import argparse
import time
import tracemalloc

from otx.opamp.monitor import Monitor, Watch
from otx.opamp.opamp_pb2 import AgentDescription, AgentToServer, ComponentHealth, ServerToAgent

CAPABILITIES = 0x3807
"""Status, remote configuration, effective configuration, health, its status, heartbeats."""


def first_report(uid: bytes) -> AgentToServer:
    """What an agent says first."""
    return AgentToServer(
        instance_uid=uid,
        sequence_num=1,
        capabilities=CAPABILITIES,
        agent_description=AgentDescription(),
        health=ComponentHealth(healthy=True),
    )


def pair_us(messages: int) -> float:
    """Microseconds for a heartbeat and its answer."""
    uid = b"u" * 16
    monitor = Watch().connection()
    monitor.client_sent(first_report(uid), 0)
    heartbeat = AgentToServer(instance_uid=uid, capabilities=CAPABILITIES)
    answer = ServerToAgent(instance_uid=uid, capabilities=1)
    monitor.server_sent(answer, 0)
    began = time.process_time()
    for number in range(messages):
        heartbeat.sequence_num = number + 2
        monitor.client_sent(heartbeat, number)
        monitor.server_sent(answer, number)
    return (time.process_time() - began) / messages * 1e6


def agent_bytes(agents: int) -> float:
    """Bytes for an agent on a connection of its own."""
    watch = Watch()
    kept: list[Monitor] = []
    tracemalloc.start()
    for number in range(agents):
        uid = number.to_bytes(16, "big")
        monitor = watch.connection()
        monitor.client_sent(first_report(uid), 0)
        monitor.server_sent(ServerToAgent(instance_uid=uid, capabilities=1), 0)
        kept.append(monitor)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / len(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--agents", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    wanted = parser.parse_args()
    least_us = min(pair_us(wanted.messages) for _ in range(wanted.runs))
    print(f"a report and its answer: {least_us:.0f} µs")
    print(f"an agent on a connection: {agent_bytes(wanted.agents) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
