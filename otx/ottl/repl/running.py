"""One text run on records that stand alone: what it did, and what they are afterwards."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.wire import WIRE
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.describe import describe
from otx.ottl.errors import ExecutionError
from otx.ottl.explanation import Kind, parse_text
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import infer, undefined
from otx.ottl.plan import SIGNAL_OF_CONTEXT
from otx.ottl.program import CompiledStatement, words
from otx.ottl.repl.loading import LoadedRecord
from otx.ottl.syntax import Node
from otx.ottl.tracing import Step, TracedStatement
from otx.ottl.values import deep_copy

CONTEXT_OF_SIGNAL = {
    Signal.TRACES: "span",
    Signal.METRICS: "metric",
    Signal.LOGS: "log",
    Signal.PROFILES: "profile",
}
"""Where a text runs that names no context."""

MAX_REASONS = 5
"""Failures of a sweep that are told with their record; the rest is counted."""

Ask: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text that is understood, and where it runs.

    Attributes:
        needs_prefix: Whether its paths name their context, because it was inferred from them.
    """

    text: str
    kind: Kind
    context: Context
    needs_prefix: bool


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What a statement did to one loaded record.

    Attributes:
        steps: What it did to each record of its context, with their titles.
        after: What the record is now; as before where the statement failed.
        origins: For each item now the index of the item it was, -1 for a new one.
    """

    prepared: Prepared
    steps: Sequence[tuple[str, Step]]
    before: LoadedRecord
    after: LoadedRecord
    origins: Sequence[int]

    @property
    def has_failed(self) -> bool:
        """Whether it failed on any of them."""
        return any(step.verdict == "failed" for _, step in self.steps)


@dataclass(slots=True)
class Sweep:
    """What a statement did to all records.

    Attributes:
        records: Records of its context.
        matched: Those that its condition held for.
        changed: Loaded records that are others now.
        kept: Those and the ones whose cache is another, by index.
        failed: Records that it failed on.
        reasons: The first failures, with the titles of their records.
        elapsed_ns: How long it all took.
    """

    text: str
    context: str
    records: int = 0
    matched: int = 0
    changed: int = 0
    kept: dict[int, LoadedRecord] = field(default_factory=dict)
    failed: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    elapsed_ns: int = 0


def prepare(text: str, fixed: str, signal: Signal, functions: FunctionSet) -> Prepared:
    """What a text is, and where it runs.

    Args:
        text: A statement, a condition or a value expression.
        fixed: The context that was asked for; "" to infer it as the Collector does.
        signal: Gives the context of a text that names none.
        functions: What may be called.

    Raises:
        OttlError: It does not parse, or calls what there is not.
        UsageError: Its paths name contexts that do not go together.
    """
    kind, tree = parse_text(text)
    if fixed:
        return Prepared(text, kind, CONTEXTS[fixed], needs_prefix=False)
    context = _inferred(text, tree, functions)
    if context is not None:
        return Prepared(text, kind, context, needs_prefix=True)
    return Prepared(text, kind, CONTEXTS[CONTEXT_OF_SIGNAL[signal]], needs_prefix=False)


def has_changed(before: LoadedRecord, after: LoadedRecord) -> bool:
    """Whether a record says something else than before, however it is encoded."""
    if before.body == after.body:
        return False
    read = WIRE[before.signal].request_class.FromString
    try:
        return read(before.body) != read(after.body)
    except DecodeError:
        return True  # a text that is no UTF-8, which the bytes of both tell apart


def runs_on(context: Context, signal: Signal) -> bool:
    """Whether records of a signal have a context."""
    return SIGNAL_OF_CONTEXT.get(context.name, signal) is signal


def run_statement(
    record: LoadedRecord, prepared: Prepared, statement: TracedStatement
) -> StatementResult:
    """Run a statement on a record. One that fails leaves it as it was."""
    batch = Batch(record.signal, record.body)
    items = list(batch.items())
    found: list[Any] = []
    steps: list[tuple[str, Step]] = []
    for one in _records(batch, record, prepared.context):
        found.append(one)
        steps.append((describe(one), statement.run(one)))
    numbers = {id(one): at for at, one in enumerate(items)}
    origins = [numbers.get(id(one), -1) for one in batch.items()]
    result = StatementResult(prepared, steps, record, record, range(len(items)))
    if result.has_failed or not steps:
        return result
    caches = tuple(deep_copy(one.cache or {}) for one in found)
    after = replace(record, body=batch.close(), cache_context=prepared.context.name, caches=caches)
    return replace(result, after=after, origins=origins)


def ask(record: LoadedRecord, context: Context, question: Ask) -> list[tuple[str, Any]]:
    """What a question gives on each record of a context, with their titles.

    A failure stands where its value would.
    """
    batch = Batch(record.signal, record.body)
    return [(describe(one), _asked(question, one)) for one in _records(batch, record, context)]


def sweep(
    records: Sequence[LoadedRecord],
    prepared: Prepared,
    statement: CompiledStatement,
    clock: Callable[[], int],
) -> Sweep:
    """Run a statement on all records that have its context. Those it fails on stay as they were."""
    done = Sweep(prepared.text, prepared.context.name)
    begun = clock()
    for at, record in enumerate(records):
        if runs_on(prepared.context, record.signal):
            _sweep_one(at, record, prepared, statement, done)
    done.elapsed_ns = clock() - begun
    return done


def _sweep_one(
    at: int, record: LoadedRecord, prepared: Prepared, statement: CompiledStatement, done: Sweep
) -> None:
    batch = Batch(record.signal, record.body)
    found: list[Any] = []
    failed = 0
    for one in _records(batch, record, prepared.context):
        found.append(one)
        done.records += 1
        try:
            if statement.condition is None or statement.condition(one):
                done.matched += 1
                statement.run(one)
        except (ExecutionError, RecursionError) as error:
            failed += 1
            if len(done.reasons) < MAX_REASONS:
                done.reasons.append((f"record {at + 1}: {describe(one)}", words(error)))
    done.failed += failed
    if failed or not found:
        return
    caches = tuple(deep_copy(one.cache or {}) for one in found)
    after = replace(record, body=batch.close(), cache_context=prepared.context.name, caches=caches)
    if after.caches != record.caches or has_changed(record, after):
        done.kept[at] = after
        done.changed += has_changed(record, after)


def _records(batch: Batch, record: LoadedRecord, context: Context) -> Iterator[Any]:
    """The records of a context in a batch, with the caches they had; those too that are added."""
    caches = record.caches if record.cache_context == context.name else ()
    found = WALKS[context.name](batch) if runs_on(context, record.signal) else iter(())
    for at, one in enumerate(found):
        one.cache = deep_copy(caches[at]) if at < len(caches) and caches[at] else None
        yield one


def _asked(question: Ask, record: Any) -> Any:
    try:
        return question(record)
    except (ExecutionError, RecursionError) as error:
        return ExecutionError(words(error))


def _inferred(text: str, tree: Node, functions: FunctionSet) -> Context | None:
    """The context that the paths of a text name; None where they name none."""
    inference = infer([tree], functions)
    if inference.context is None and inference.candidates:
        if error := undefined(text, tree, functions):
            raise error
        refused = "; ".join(f"{one.name}: {one.refusal}" for one in inference.candidates)
        raise UsageError(f"the context cannot be inferred: {inference.reason}", hint=refused)
    return inference.context
