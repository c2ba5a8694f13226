"""What each statement costs a record, its condition and its editor apart.

Statements are measured one after the other over a handful of records at a time: a clock that is
read between two records costs more than most conditions do, and statements that each go over all
records meet them cold, which they do not in a run. Records are opened anew for each round; what the
statements before did to them is done. The first statement to name the attributes of a record pays
for looking them up, as it does in a run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeAlias

from otx.model.signal import Signal
from otx.ottl.batch import WALKS, Batch
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Evaluate
from otx.ottl.plan import Plan, Step
from otx.ottl.processors.config import Group
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.filter import FilterProcessor
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import CompiledCondition, Condition, Outcome

Clock: TypeAlias = Callable[[], int]

STRETCHES = 5
"""A figure is the best of the medians of so many stretches of the time: a neighbour that takes the
machine for a while spoils one of them, and a single lucky round none."""
HANDFUL = 50
"""Records between two readings of the clock."""
MIN_ROUNDS = 3
MIN_ITEMS = 1000
"""Fewer records are opened more often, so that a round is longer than a clock's grain."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One statement or condition.

    Attributes:
        component: Whose it is; `statements` for a plain list.
        context: What it runs on.
        asked: Records of that context in a round.
        ran: Those that its condition held for.
        failed: Those that it failed on.
        condition_ns: A record that was asked.
        editor_ns: A record that it ran on.
        total_ns: Both, an item of the input.
        share: Of what all statements take.
    """

    component: str
    text: str
    context: str
    asked: int
    ran: int
    failed: int
    condition_ns: float
    editor_ns: float
    total_ns: float
    share: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured for one signal.

    Attributes:
        items: Spans, metrics, log records or profiles in a round.
        rounds: How often all was measured.
        decode_ns: Opening a request, an item.
        encode_ns: Writing it again, an item.
    """

    signal: Signal
    items: int
    rounds: int
    decode_ns: float
    encode_ns: float
    statements: Sequence[Measured]

    @property
    def total_ns(self) -> float:
        """All of it, an item."""
        return self.decode_ns + self.encode_ns + sum(one.total_ns for one in self.statements)


@dataclass(slots=True)
class _Row:
    """A statement and its times, a round each."""

    component: str
    text: str
    context: str
    condition: Condition | None
    run: Evaluate | None
    asked: int = 0
    ran: int = 0
    failed: int = 0
    condition_ns: list[int] = field(default_factory=list)
    editor_ns: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a round."""
        self.asked = self.ran = self.failed = 0
        self.condition_ns.append(0)
        self.editor_ns.append(0)

    def measure(self, records: Sequence[Any], clock: Clock) -> Sequence[Any]:
        """Ask its condition of records and run its editor; those that it ran on."""
        matched = records
        begun = asked = clock()
        if self.condition is not None:
            matched = self._ask(self.condition, records)
            asked = clock()
            self.condition_ns[-1] += asked - begun
        if self.run is not None:
            self._run(self.run, matched)
            self.editor_ns[-1] += clock() - asked
        self.asked += len(records)
        self.ran += len(matched)
        return matched

    def _ask(self, condition: Condition, records: Sequence[Any]) -> list[Any]:
        matched = []
        for record in records:
            try:
                if condition(record):
                    matched.append(record)
            except (ExecutionError, RecursionError):
                self.failed += 1
        return matched

    def _run(self, run: Evaluate, records: Sequence[Any]) -> None:
        for record in records:
            try:
                run(record)
            except (ExecutionError, RecursionError):
                self.failed += 1

    def measured(self, items: int, all_ns: float) -> Measured:
        """Its figures."""
        condition, editor = steady(self.condition_ns), steady(self.editor_ns)
        return Measured(
            self.component,
            self.text,
            self.context,
            self.asked,
            self.ran,
            self.failed,
            condition / max(1, self.asked),
            editor / max(1, self.ran),
            (condition + editor) / max(1, items),
            (condition + editor) / all_ns if all_ns else 0.0,
        )


def bench(
    plan: Plan, signal: Signal, bodies: Sequence[bytes], duration_ns: int, clock: Clock
) -> Bench:
    """Measure a plan's statements over requests of one signal.

    Args:
        plan: Statements, or a configuration's transform and filter processors.
        signal: Whose requests.
        bodies: The requests' protobuf.
        duration_ns: How long to measure, after a round that warms up.
        clock: The time in nanoseconds.
    """
    batches = [Batch(signal, body) for body in bodies]
    items = sum(1 for batch in batches for _ in batch.items())
    bodies = [*bodies] * max(1, -(-MIN_ITEMS // max(1, items)))
    _Round(plan, signal, clock).run(bodies)
    rounds = _Round(plan, signal, clock)
    count, begun = 0, clock()
    while count < MIN_ROUNDS or clock() - begun < duration_ns:
        rounds.run(bodies)
        count += 1
    items = rounds.items
    all_ns = sum(steady(one.condition_ns) + steady(one.editor_ns) for one in rounds.rows)
    return Bench(
        signal,
        items,
        count,
        steady(rounds.decode_ns) / max(1, items),
        steady(rounds.encode_ns) / max(1, items),
        [one.measured(items, all_ns) for one in rounds.rows],
    )


def steady(times: Sequence[int]) -> float:
    """The best of the medians of consecutive stretches."""
    size = max(1, len(times) // STRETCHES)
    stretches = [times[at : at + size] for at in range(0, len(times), size)]
    return min(median(one) for one in stretches if len(one) == size)


def unmeasured(plan: Plan, signal: Signal) -> list[str]:
    """The components that decide on whole items, whose parts are not told apart here."""
    known = (Group, TransformProcessor, FilterProcessor)
    return [
        step.name for step in plan.steps.get(signal, ()) if not isinstance(step.processor, known)
    ]


class _Round:
    """A plan's rows, and what measures them over requests again and again."""

    def __init__(self, plan: Plan, signal: Signal, clock: Clock) -> None:
        self._clock = clock
        self._sections = [
            section for step in plan.steps.get(signal, ()) for section in _sections(step, signal)
        ]
        self.rows = [row for section in self._sections for row in section.rows()]
        self.items = 0
        self.decode_ns: list[int] = []
        self.encode_ns: list[int] = []
        self._signal = signal

    def run(self, bodies: Sequence[bytes]) -> None:
        """Open all requests, run everything, and write them again."""
        begun = self._clock()
        batches = [Batch(self._signal, body) for body in bodies]
        self.decode_ns.append(self._clock() - begun)
        self.items = sum(1 for batch in batches for _ in batch.items())
        for row in self.rows:
            row.begin()
        for section in self._sections:
            section.measure(batches, self._clock)
        begun = self._clock()
        for batch in batches:
            batch.close()
        self.encode_ns.append(self._clock() - begun)


@dataclass(frozen=True, slots=True)
class _Statements:
    """A group: a condition for all of it, where it has one, and its statements."""

    context: str
    gate: _Row | None
    statements: Sequence[_Row]

    def rows(self) -> list[_Row]:
        return [*([self.gate] if self.gate is not None else []), *self.statements]

    def measure(self, batches: Sequence[Batch], clock: Clock) -> None:
        for records in _handfuls(batches, self.context):
            for record in records:
                record.cache = None
            held = records if self.gate is None else self.gate.measure(records, clock)
            for row in self.statements:
                row.measure(held, clock)


@dataclass(frozen=True, slots=True)
class _Rules:
    """A filter: its conditions are asked of all, and then what they name is dropped."""

    processor: FilterProcessor
    conditions: Sequence[_Row]

    def rows(self) -> list[_Row]:
        return [*self.conditions]

    def measure(self, batches: Sequence[Batch], clock: Clock) -> None:
        for row in self.conditions:
            for records in _handfuls(batches, row.context):
                row.measure(records, clock)
        for batch in batches:
            self.processor.run(batch, Outcome(), Drops())


def _handfuls(batches: Sequence[Batch], context: str) -> Iterator[list[Any]]:
    for batch in batches:
        records = list(WALKS[context](batch))
        yield from (records[at : at + HANDFUL] for at in range(0, len(records), HANDFUL))


def _sections(step: Step, signal: Signal) -> Iterator[_Statements | _Rules]:
    processor = step.processor
    if isinstance(processor, Group):
        yield _group(step.name, processor)
    elif isinstance(processor, TransformProcessor):
        for group in processor.groups.get(signal, ()):
            yield _group(step.name, group)
    elif isinstance(processor, FilterProcessor):
        rules = processor.rules.get(signal, ())
        rows = [
            _Row(step.name, one.condition.text, one.context, one.condition.holds, None)
            for one in rules
        ]
        yield _Rules(processor, rows)


def _group(component: str, group: Group) -> _Statements:
    context = group.context.name
    gate = None
    if group.conditions:
        text = " or ".join(one.text for one in group.conditions)
        gate = _Row(component, text, context, _any(group.conditions), None)
    statements = [
        _Row(component, one.text, context, one.condition, one.run) for one in group.statements
    ]
    return _Statements(context, gate, statements)


def _any(conditions: Sequence[CompiledCondition]) -> Condition:
    holds = [one.holds for one in conditions]
    return lambda record: any(one(record) for one in holds)
