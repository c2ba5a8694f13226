"""Hosts with clocks that disagree, processes with threads, and the network between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal, TypeAlias

from otx.model.telemetry import AttributeValue
from tests.simulation.execution import Thread

Runtime: TypeAlias = Literal["threads", "loop", "tasks", "reactive"]

EPOCH_NS = 1_790_000_000_000_000_000
US, MS, S = 1_000, 1_000_000, 1_000_000_000
SKEWS_NS = (0, 0, 3 * MS, -80 * MS, 5 * S, 120 * S)
LOOP_THREADS = 3
LANGUAGES: Mapping[Runtime, str] = {
    "threads": "java",
    "loop": "nodejs",
    "tasks": "python",
    "reactive": "java",
}
CLOSES_LATE, OFTEN_LATE = 0.15, 0.7
"""Services whose servers close their span behind the answer, and how often these do."""
FLUSH_NS = (10 * US, 2_500 * US)
LATE_NS: Mapping[Runtime, tuple[int, int]] = {
    "threads": (3 * MS, 10 * MS),
    "reactive": (3 * MS, 10 * MS),
    "tasks": (3 * MS, 10 * MS),
    "loop": (8 * MS, 15 * MS),
}
"""So much longer than a way over the network that it can be seen, and than what a loop takes to
flush an answer."""


@dataclass(frozen=True)
class Host:
    """A machine and its clock.

    Attributes:
        skew_ns: What its clock is ahead by.
        drift_ppm: What it gains, in millionths.
    """

    name: str
    skew_ns: int
    drift_ppm: float

    def offset_ns(self, true_ns: int) -> int:
        """What its clock is ahead by at a time."""
        return self.skew_ns + round(true_ns * self.drift_ppm / 1e6)


@dataclass(eq=False)
class Process:
    """One instance of a service.

    Attributes:
        runtime: `threads`: a call blocks its thread, and work beside it has its own. `loop`: one
            thread runs everything, one piece at a time (Node). `tasks`: so does one by a
            fine clock, and it may have a name (asyncio). `reactive`: few threads run
            everything; work goes on in any of them once what it waits for has come.
        resolution_ns: Of the times that it records; a loop's spans begin at whole milliseconds, and
            are as long as they are (OpenTelemetry for JavaScript).
        protocol: That it serves.
        closes_late: Whether its servers may close their span behind their answer, by work that goes
            on. A loop's always do, by what it takes until the answer is flushed.
        says_remote: Whether its spans say that their parent is remote (trace.proto, SpanFlags).
    """

    service: str
    instance: str
    host: Host
    runtime: Runtime
    resource: Mapping[str, AttributeValue]
    resolution_ns: int
    closes_late: bool
    says_remote: bool
    protocol: Literal["http", "grpc"]
    random: Random
    numbers: "count[int]"
    threads: list[Thread] = field(default_factory=list)
    idle: list[Thread] = field(default_factory=list)

    def take_thread(self) -> Thread:
        """A thread to run a piece of work in."""
        if self.runtime == "threads":
            return self.idle.pop() if self.idle else self._new_thread("pool-1-thread")
        if self.runtime in ("loop", "tasks"):
            return self.threads[0] if self.threads else self._new_thread("main")
        if len(self.threads) < LOOP_THREADS:
            return self._new_thread("reactor-http-epoll")
        return self.random.choice(self.threads)

    def give_back(self, thread: Thread) -> None:
        """The piece of work is done."""
        if self.runtime == "threads":
            self.idle.append(thread)

    def reads_ns(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """What its clock shows at the true times of a span's start and end."""
        start, end = (
            EPOCH_NS + true_ns + self.host.offset_ns(true_ns) for true_ns in (start_ns, end_ns)
        )
        if self.runtime == "loop":
            begun = start - start % MS
            return begun, begun + end - start
        return start - start % self.resolution_ns, end - end % self.resolution_ns

    def late_ns(self) -> int:
        """How long after its answer a server closes its span; 0 where it does so before."""
        flush_ns = self.random.randint(*FLUSH_NS) if self.runtime == "loop" else 0
        if self.closes_late and self.random.random() < OFTEN_LATE:
            return flush_ns + self.random.randint(*LATE_NS[self.runtime])
        return flush_ns

    def _new_thread(self, name: str) -> Thread:
        nth = len(self.threads) + 1
        made = Thread(next(self.numbers), 20 + nth, f"{name}-{nth}")
        self.threads.append(made)
        return made


class World:
    """A system by chance: its services, their processes, and how long messages take."""

    def __init__(self, random: Random, runtimes: Sequence[Runtime]) -> None:
        self._random = random
        hosts = [
            Host(f"host-{number}", random.choice(SKEWS_NS), random.choice((0, 0, 20, -50)))
            for number in range(random.randint(1, 4))
        ]
        numbers = count()
        self._latency_ns: dict[tuple[str, str], int] = {}
        self.services: list[list[Process]] = []
        for service in range(random.randint(2, 6)):
            runtime = random.choice(runtimes)
            closes_late = random.random() < CLOSES_LATE
            self.services.append(
                [
                    self._process(
                        f"service-{service}", instance, runtime, closes_late, hosts, numbers
                    )
                    for instance in range(random.choice((1, 1, 2)))
                ]
            )

    def _process(
        self,
        service: str,
        instance: int,
        runtime: Runtime,
        closes_late: bool,
        hosts: list[Host],
        numbers: "count[int]",
    ) -> Process:
        random = self._random
        host = random.choice(hosts)
        protocol: Literal["http", "grpc"] = "http" if int(service[-1]) % 2 else "grpc"
        resource: dict[str, AttributeValue] = {"service.name": service}
        resource["telemetry.sdk.language"] = LANGUAGES[runtime]
        names_host = random.random() < 0.7
        if names_host:
            resource[random.choice(("host.id", "host.name"))] = host.name
        if not names_host or random.random() < 0.6:
            resource["service.instance.id"] = f"{service}-{instance}"
        else:
            resource["process.pid"] = 100 + len(self.services) * 10 + instance
        return Process(
            service,
            f"{service}-{instance}",
            host,
            runtime,
            resource,
            random.choice((1, 1, 1, US)),
            closes_late,
            random.random() < 0.8,
            protocol,
            random,
            numbers,
        )

    def delay_ns(self, source: Process, target: Process) -> int:
        """How long one message takes; each direction and each message by its own chance."""
        if source.host is target.host:
            return self._random.randint(20 * US, 100 * US)
        pair = (source.host.name, target.host.name)
        least = self._latency_ns.setdefault(pair, self._random.randint(50 * US, MS))
        return round(least * (1 + self._random.expovariate(3)))
