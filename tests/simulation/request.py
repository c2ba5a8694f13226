"""One request as it runs through a world, by chance: calls, loops, fan-outs, queues, faults."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

from otx.model.telemetry import SpanKind
from tests.simulation.execution import Engine, Pause, Signal, Stamp, Steps, Thread
from tests.simulation.records import Record
from tests.simulation.world import MS, US, Process, World

DEEPEST = 7


@dataclass(eq=False)
class Task:
    """A piece of work; where it runs changes in a reactive process."""

    process: Process
    thread: Thread


class Request:
    """Runs one request to its end.

    Attributes:
        records: All spans, in the order of their true start.
    """

    def __init__(self, random: Random, world: World, *, is_rough: bool = False) -> None:
        """A request that has not begun.

        Args:
            random: Of what chance decides.
            world: Where it runs.
            is_rough: Whether some work loses its context, and becomes another root, and gRPC's
                deadlines are told by status codes, the server's too.
        """
        self.records: list[Record] = []
        self._is_rough = is_rough
        self._weights = ROUGH_WEIGHTS if is_rough else WEIGHTS
        self._random = random
        self._world = world
        self._engine = Engine()
        self._left = random.randint(8, 60)
        self._groups = count(1)
        self._topics: dict[str, list[tuple[Record, Stamp]]] = {}

    def run(self) -> None:
        """Run all of it, what is left behind included."""
        process = self._random.choice(self._world.services[0])
        self._engine.start(self._serve(process, None, None, Signal(), 0, "GET /"))
        self._engine.run()

    # What every span does.

    def _begin(self, task: Task, parent: Record | None, kind: SpanKind, name: str) -> Record:
        span_id = f"{self._random.getrandbits(64):016x}"
        stamp = task.thread.tick()
        now_ns = self._engine.now_ns
        made = Record(span_id, parent, name, kind, task.process, task.thread, now_ns, stamp)
        self.records.append(made)
        self._left -= 1
        return made

    def _end(self, task: Task, record: Record, failed: bool = False) -> None:
        if self._random.random() < 0.03:
            self._link(task, record)
        record.failed = failed
        record.end_ns = self._engine.now_ns
        record.ended = task.thread.tick()

    def _link(self, task: Task, record: Record) -> None:
        """Late in its life a span links to one that its task knows of.

        A consumer's links name the messages that it had (semantic conventions, messaging spans).
        """
        if record.kind == "CONSUMER":
            return
        known = task.thread.tick().known
        others = [
            one
            for one in self.records
            if one is not record and known.get(one.started.thread, 0) >= one.started.nth
        ]
        if others:
            record.links.append(self._random.choice(others))

    def _fail(self, record: Record, error_type: str) -> bool:
        record.origin = True
        record.error_type = error_type
        return True

    # What a task does between its spans.

    def _work(self, task: Task, most_ns: int = 2 * MS) -> Steps[None]:
        least = min(most_ns, 10 * US)
        yield Pause(self._random.randint(least, most_ns))
        self._hop(task)

    def _wait(self, task: Task, signal: Signal, most_ns: int | None = None) -> Steps[bool]:
        """Whether the signal came in time."""
        yield Pause(most_ns, signal)
        if signal.stamp is None:
            self._hop(task)
            return False
        self._hop(task)
        task.thread.learn(signal.stamp)
        yield Pause(self._random.randint(US, 20 * US))
        return True

    def _hop(self, task: Task) -> None:
        """In a reactive process work goes on in whichever thread is free."""
        if task.process.runtime == "reactive":
            stamp = task.thread.tick()
            task.thread = task.process.take_thread()
            task.thread.learn(stamp)

    def _spawn(self, task: Task, body: Callable[[Task], Steps[bool]]) -> Signal:
        """Run something beside a task; the signal is its end."""
        sent = task.thread.tick()
        done = Signal()
        self._engine.start(self._spawned(task.process, sent, done, body))
        return done

    def _spawned(
        self, process: Process, sent: Stamp, done: Signal, body: Callable[[Task], Steps[bool]]
    ) -> Steps[None]:
        yield Pause(self._random.randint(2 * US, 60 * US))
        task = Task(process, process.take_thread())
        task.thread.learn(sent)
        failed = yield from body(task)
        self._engine.give(done, task.thread.tick(), failed)
        task.process.give_back(task.thread)

    # The other side of a call.

    def _serve(
        self,
        process: Process,
        parent: Record | None,
        sent: Stamp | None,
        response: Signal,
        depth: int,
        name: str,
    ) -> Steps[None]:
        yield Pause(self._random.randint(2 * US, 200 * US))
        task = Task(process, process.take_thread())
        if sent is not None:
            task.thread.learn(sent)
        span = self._begin(task, parent, "SERVER", name)
        failed = yield from self._handle(task, span, depth + 1)
        is_cancelled = parent is not None and parent.error_type == "TimeoutException"
        if self._is_rough and process.protocol == "grpc" and is_cancelled and not failed:
            span.attributes["rpc.response.status_code"] = "CANCELLED"
        late_ns = process.late_ns()
        if not late_ns:
            self._end(task, span, failed)
            yield Pause(self._random.randint(US, 20 * US))
        elif failed and span.error_type:
            span.failed_ns = self._engine.now_ns
        answer = task.thread.tick()
        way_ns = 0 if parent is None else self._world.delay_ns(process, parent.process)
        self._engine.at(way_ns, partial(self._engine.give, response, answer, failed))
        if late_ns:
            span.is_late = True
            yield Pause(late_ns)
            self._hop(task)
            self._end(task, span, failed)
        process.give_back(task.thread)

    def _handle(self, task: Task, span: Record, depth: int) -> Steps[bool]:
        """What a span is about; whether it failed."""
        yield from self._work(task)
        for _ in range(self._random.randint(1, 4) if depth < DEEPEST else 0):
            if self._left <= 0:
                break
            failed = yield from self._random.choices(ACTIONS, self._weights)[0](
                self, task, span, depth
            )
            yield from self._work(task)
            if failed and self._random.random() < 0.6:
                return True
        if self._random.random() < 0.02:
            return self._fail(span, "IllegalStateException")
        return False

    # The actions; each tells whether it failed.

    def _inner(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        span = self._begin(task, parent, "INTERNAL", f"step {self._random.randint(1, 9)}")
        failed = yield from self._handle(task, span, depth + 1)
        self._end(task, span, failed)
        return failed

    def _call(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        process = self._random.choice(self._random.choice(self._world.services))
        return (yield from self._attempt(task, parent, depth, process, self._route(process)))

    def _route(self, process: Process) -> str:
        return f"GET /{process.service}/{self._random.randint(1, 5)}"

    def _attempt(
        self, task: Task, parent: Record, depth: int, process: Process, name: str, target: str = ""
    ) -> Steps[bool]:
        """A request to another process and its response, or the patience's end."""
        span = self._begin(task, parent, "CLIENT", name)
        span.attributes["server.address"] = process.service
        if process.protocol == "http":
            span.attributes["http.request.method"] = "GET"
            if target:
                span.attributes["url.path"] = target
        else:
            span.attributes["rpc.system.name"] = "grpc"
        yield Pause(self._random.randint(US, 50 * US))
        sent, response = task.thread.tick(), Signal()
        serve = self._serve(process, span, sent, response, depth, name)
        self._engine.at(
            self._world.delay_ns(task.process, process), partial(self._engine.start, serve)
        )
        patience_ns = self._random.randint(MS, 20 * MS) if self._random.random() < 0.08 else None
        if not (yield from self._wait(task, response, patience_ns)):
            if self._is_rough and process.protocol == "grpc":
                span.attributes["rpc.response.status_code"] = "DEADLINE_EXCEEDED"
            self._end(task, span, self._fail(span, "TimeoutException"))
            return True
        if process.protocol == "http":
            span.attributes["http.response.status_code"] = 500 if response.failed else 200
        self._end(task, span, response.failed)
        return response.failed

    def _retry(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        process = self._random.choice(self._random.choice(self._world.services))
        failed, first, group = True, len(self.records), next(self._groups)
        name = self._route(process)
        for attempt in range(3):
            place = len(self.records)
            failed = yield from self._attempt(task, parent, depth, process, name)
            if attempt:
                self.records[place].retry = self.records[first].retry = group
                self.records[place].attributes["http.request.resend_count"] = attempt
            if not failed:
                break
            yield from self._work(task, 10 * MS)
        return failed

    def _each(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        """A call for each of some things; the failure of one may be that of all."""
        process = self._random.choice(self._random.choice(self._world.services))
        name, tells = self._route(process), self._random.random() < 0.5
        has_failed = False
        for place in range(self._random.randint(2, 4)):
            target = f"/things/{self._random.randint(1, 10**6)}/{place}" if tells else ""
            failed = yield from self._attempt(task, parent, depth, process, name, target)
            has_failed = has_failed or failed
            yield from self._work(task)
        return has_failed

    def _query(self, task: Task, parent: Record, _: int = 0, name: str = "") -> Steps[bool]:
        """A database that makes no spans of its own."""
        span = self._begin(task, parent, "CLIENT", name or f"SELECT {self._random.randint(1, 9)}")
        span.attributes |= {"db.system.name": "postgresql", "server.address": "db"}
        answered = Signal()
        sent = task.thread.tick()
        took_ns = self._random.randint(100 * US, 3 * MS)
        self._engine.at(took_ns, lambda: self._engine.give(answered, sent))
        yield from self._wait(task, answered)
        failed = self._random.random() < 0.02 and self._fail(span, "SQLException")
        self._end(task, span, failed)
        return failed

    def _queries(self, task: Task, parent: Record, _: int) -> Steps[bool]:
        """One query a row of another's answer."""
        name, group = f"SELECT item {self._random.randint(1, 9)}", next(self._groups)
        for _ in range(self._random.randint(5, 12)):
            place = len(self.records)
            failed = yield from self._query(task, parent, name=name)
            self.records[place].loop = group
            if failed:
                return True
            yield from self._work(task, 100 * US)
        return False

    def _some(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        action = self._random.choice((Request._inner, Request._call, Request._query))
        return (yield from action(self, task, parent, depth))

    def _fan_out(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        """Several pieces of work beside each other, and all of them waited for."""
        ends = []
        for _ in range(self._random.randint(2, 5)):
            ends.append(self._spawn(task, lambda inner: self._some(inner, parent, depth)))
            yield Pause(self._random.randint(US, 300 * US))
        for end in ends:
            yield from self._wait(task, end)
        return any(end.failed for end in ends)

    def _forget(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        """A piece of work that nobody waits for."""
        self._spawn(task, lambda inner: self._some(inner, parent, depth))
        yield Pause(self._random.randint(US, 20 * US))
        return False

    def _detach(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        """A piece of work that knows nothing of its parent, and may be waited for all the same."""

        def work(inner: Task) -> Steps[bool]:
            span = self._begin(inner, None, "INTERNAL", f"detached from {parent.name}")
            failed = yield from self._handle(inner, span, depth + 1)
            self._end(inner, span, failed)
            return failed

        done = self._spawn(task, work)
        yield Pause(self._random.randint(US, 20 * US))
        if self._random.random() < 0.5:
            yield from self._wait(task, done)
        return False

    def _produce(self, task: Task, parent: Record, depth: int) -> Steps[bool]:
        """A message to a queue, taken out one by one or several at once."""
        process = self._random.choice(self._random.choice(self._world.services))
        topic = f"topic-{process.service}"
        span = self._begin(task, parent, "PRODUCER", f"send {topic}")
        yield Pause(self._random.randint(US, 50 * US))
        waiting = self._topics.setdefault(topic, [])
        waiting.append((span, task.thread.tick()))
        consume = self._consume(process, waiting, topic, depth)
        delay_ns = self._world.delay_ns(task.process, process)
        self._engine.at(delay_ns, partial(self._engine.start, consume))
        yield Pause(self._random.randint(US, 500 * US))
        self._end(task, span)
        return False

    def _consume(
        self, process: Process, waiting: list[tuple[Record, Stamp]], topic: str, depth: int
    ) -> Steps[None]:
        yield Pause(self._random.choice((10 * US, 5 * MS, 30 * MS)))
        taken = waiting[:]
        waiting.clear()
        if not taken:  # another consumer had them all
            return
        task = Task(process, process.take_thread())
        for _, sent in taken:
            task.thread.learn(sent)
        span = self._begin(task, taken[0][0], "CONSUMER", f"process {topic}")
        span.links = [producer for producer, _ in taken[self._random.randint(0, 1) :]]
        failed = yield from self._handle(task, span, depth + 1)
        self._end(task, span, failed)
        process.give_back(task.thread)


ACTIONS = (
    Request._inner,
    Request._call,
    Request._query,
    Request._queries,
    Request._fan_out,
    Request._forget,
    Request._produce,
    Request._retry,
    Request._each,
    Request._detach,
)
WEIGHTS = (4, 6, 4, 1, 1, 1, 1, 1, 1, 0)
ROUGH_WEIGHTS = (*WEIGHTS[:-1], 2)
