"""What a prompt remembers: the records, which of them is looked at, what ran, and the way back."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from otx.errors import NotThere, UsageError
from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parser import parse_condition
from otx.ottl.program import compile_condition, compile_statement, compile_value_expression
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.repl.loading import LoadedRecord, load
from otx.ottl.repl.running import (
    Prepared,
    StatementResult,
    Sweep,
    ask,
    prepare,
    run_statement,
    runs_on,
    sweep,
)
from otx.ottl.repl.seen_keys import SeenKeys
from otx.ottl.tracing import Part, TracedCondition, TracedStatement
from otx.ottl.values import Value

Source: TypeAlias = Callable[[], Iterable[Request]]
"""Reads the input from its beginning: a store may have more each time."""

T = TypeVar("T")
MAX_UNDO = 1000


@dataclass(frozen=True, slots=True)
class Typed:
    """A statement that ran.

    Attributes:
        prepared: What it is and where it runs.
        signals: Of the records that it ran on.
        records: Their indexes.
    """

    prepared: Prepared
    signals: frozenset[Signal]
    records: frozenset[int]


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """What a condition gave on each record of its context: its parts, the whole first."""

    prepared: Prepared
    answers: Sequence[tuple[str, Sequence[Part]]]


@dataclass(frozen=True, slots=True)
class ValueResult:
    """What a value expression gave on each record of its context; failures stand as values."""

    prepared: Prepared
    values: Sequence[tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        text: The statement.
        before: The record that is looked at, as the statement had left it.
        after: As it is again.
        index: Which record that is.
        others: How many other records are what they were.
    """

    text: str
    index: int
    before: LoadedRecord
    after: LoadedRecord
    others: int


@dataclass(frozen=True, slots=True)
class _Memory:
    """What stood before a statement: the records it changed, and what had run."""

    text: str
    records: Mapping[int, LoadedRecord]
    typed: tuple[Typed, ...]
    index: int


@dataclass(slots=True)
class Session:
    """Records and what was done to them.

    Attributes:
        source: Where they come from.
        name: What that is called.
        functions: What may be called.
        records: All that are loaded.
        is_cut: Whether there was more than fits.
        index: The record that is looked at.
        typed: The statements that ran, in their order.
        context: The context that is fixed; "" to infer it.
    """

    source: Source
    name: str
    functions: FunctionSet
    context: str = ""
    records: list[LoadedRecord] = field(default_factory=list)
    is_cut: bool = False
    index: int = 0
    typed: tuple[Typed, ...] = ()
    clock: Callable[[], int] = time.perf_counter_ns
    _undo: deque[_Memory] = field(default_factory=lambda: deque(maxlen=MAX_UNDO))
    _keys: SeenKeys | None = None

    def load(self, source: Source | None = None, name: str = "") -> None:
        """Read the input, and forget what ran.

        Args:
            source: Another input; None reads the same again.
            name: What the other one is called.

        Raises:
            UsageError: It cannot be read or holds no record; all stays as it was.
        """
        loaded = load((source or self.source)())
        if not loaded.records:
            raise UsageError(f"{name or self.name} holds no record")
        if source is not None:
            self.source, self.name = source, name
            self.index = 0
        self.records, self.is_cut = list(loaded.records), loaded.is_cut
        self.index = min(self.index, len(self.records) - 1)
        self.typed = ()
        self._undo.clear()
        self._keys = None

    @property
    def current(self) -> LoadedRecord:
        """The record that is looked at."""
        return self.records[self.index]

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._undo)

    def states(self) -> list[RecordState]:
        """The current record by path; more than one item where a statement added some."""
        return states_of(self.current.signal, self.current.body, "stored")

    def keys(self) -> SeenKeys:
        """The keys that are in the data."""
        if self._keys is None:
            self._keys = SeenKeys(self.records)
        return self._keys

    def understand(self, text: str) -> Prepared:
        """What a text is and where it runs.

        Raises:
            OttlError: It does not parse.
            UsageError: Its context does not go with the current record.
        """
        prepared = prepare(text, self.context, self.current.signal, self.functions)
        if not runs_on(prepared.context, self.current.signal):
            raise UsageError(
                f"this record has no {prepared.context.name}: it is of {self.current.signal}",
                hint=":next and :find go to other records; :all STATEMENT runs on all",
            )
        return prepared

    def run(self, text: str) -> StatementResult | ConditionResult | ValueResult:
        """Run a text on the current record.

        Raises:
            OttlError: It does not parse or check.
            UsageError: Its context does not go with the record.
        """
        prepared = self.understand(text)
        if prepared.kind == "statement":
            return self._run_statement(prepared)
        if prepared.kind == "condition":
            condition = self._made(prepared, TracedCondition)
            return ConditionResult(prepared, ask(self.current, prepared.context, condition.parts))
        value = self._made(prepared, compile_value_expression)
        return ValueResult(prepared, ask(self.current, prepared.context, value))

    def check(self, text: str) -> None:
        """See whether a text could run on the current record.

        Raises:
            OttlError: It does not parse or check.
            UsageError: Its context does not go with the record.
        """
        prepared = self.understand(text)
        self._made(prepared, _COMPILE[prepared.kind])

    def run_on_all(self, text: str) -> Sweep:
        """Run a statement on every record that has its context.

        Raises:
            OttlError: It does not parse or check.
            UsageError: It is no statement, or no record has its context.
        """
        prepared = prepare(text, self.context, self.current.signal, self.functions)
        if prepared.kind != "statement":
            raise UsageError(f"{text!r} is a {prepared.kind}: only statements run on all records")
        done = self._sweep(prepared, self.records)
        if not done.records:
            raise UsageError(f"no record has a {prepared.context.name}")
        self._remember(prepared, done.kept, self._having(prepared.context))
        return done

    def replay(self) -> list[Sweep]:
        """Run everything that was typed on every record, as it was loaded.

        Raises:
            UsageError: Nothing was typed.
        """
        if not self.typed:
            raise UsageError("no statement ran yet", hint="type one, or :all STATEMENT")
        records = [LoadedRecord(one.signal, one.original, one.original) for one in self.records]
        done: list[Sweep] = []
        for typed in self.typed:
            done.append(self._sweep(typed.prepared, records))
            for at, record in done[-1].kept.items():
                records[at] = record
        changed = {at: one for at, one in enumerate(records) if one != self.records[at]}
        self._push("what ran on all", changed)
        self.typed = tuple(
            Typed(one.prepared, *self._having(one.prepared.context)) for one in self.typed
        )
        return done

    def undo(self) -> Undone:
        """Take back the last statement.

        Raises:
            NotThere: There is none.
        """
        if not self._undo:
            raise NotThere("there is nothing to take back")
        memory = self._undo.pop()
        self.index = memory.index
        before = self.current
        for at, record in memory.records.items():
            self.records[at] = record
        self.typed = memory.typed
        self._keys = None
        others = len(memory.records.keys() - {self.index})
        return Undone(memory.text, self.index, before, self.current, others)

    def move(self, index: int) -> None:
        """Look at another record.

        Raises:
            NotThere: There is none of that index.
        """
        if not 0 <= index < len(self.records):
            edge = "first" if index < 0 else "last"
            raise NotThere(f"there is no record {index + 1}: the {edge} is reached")
        self.index = index

    def find(self, holds: Callable[[LoadedRecord], bool]) -> None:
        """Look at the next record of a kind, from the start again after the last.

        Raises:
            NotThere: There is no other.
        """
        count = len(self.records)
        for step in range(1, count + 1):
            at = (self.index + step) % count
            if holds(self.records[at]):
                self.index = at
                return
        raise NotThere("no record matches")

    def question(self, text: str) -> Callable[[LoadedRecord], bool]:
        """Whether a condition holds for a record, or for a part of it.

        Raises:
            OttlError: It does not parse or check.
        """
        parse_condition(text)
        prepared = prepare(text, self.context, self.current.signal, self.functions)
        condition = self._made(prepared, compile_condition)
        return lambda record: any(
            answer is True for _, answer in ask(record, prepared.context, condition.holds)
        )

    def fix_context(self, name: str) -> None:
        """Fix the context; "" to infer it again.

        Raises:
            UsageError: There is no such context.
        """
        if name and name not in CONTEXTS:
            raise UsageError(f"{name!r} is no context", hint=f"those are {', '.join(CONTEXTS)}")
        self.context = name

    def _run_statement(self, prepared: Prepared) -> StatementResult:
        result = run_statement(self.current, prepared, self._made(prepared, TracedStatement))
        if not result.has_failed and result.steps:
            ran = (frozenset((self.current.signal,)), frozenset((self.index,)))
            self._remember(prepared, {self.index: result.after}, ran)
        return result

    def _sweep(self, prepared: Prepared, records: Sequence[LoadedRecord]) -> Sweep:
        return sweep(records, prepared, self._made(prepared, compile_statement), self.clock)

    def _made(self, prepared: Prepared, make: Callable[..., T]) -> T:
        """A text, compiled.

        Raises:
            OttlError: It does not check.
        """
        return make(
            prepared.text, prepared.context, self.functions, needs_prefix=prepared.needs_prefix
        )

    def _having(self, context: Context) -> tuple[frozenset[Signal], frozenset[int]]:
        """The signals and indexes of the records that have a context."""
        found = [at for at, one in enumerate(self.records) if runs_on(context, one.signal)]
        return frozenset(self.records[at].signal for at in found), frozenset(found)

    def _remember(
        self,
        prepared: Prepared,
        kept: Mapping[int, LoadedRecord],
        ran: tuple[frozenset[Signal], frozenset[int]],
    ) -> None:
        self._push(prepared.text, kept)
        self.typed = (*self.typed, Typed(prepared, *ran))

    def _push(self, text: str, kept: Mapping[int, LoadedRecord]) -> None:
        """Put records in their places, and keep what stood there."""
        before = {at: self.records[at] for at in kept}
        self._undo.append(_Memory(text, before, self.typed, self.index))
        for at, record in kept.items():
            self.records[at] = record
        if self._keys is not None and self.index in kept:
            self._keys.add(self.current)


_COMPILE: Mapping[str, Callable[..., object]] = {
    "statement": compile_statement,
    "condition": compile_condition,
    "value expression": compile_value_expression,
}
