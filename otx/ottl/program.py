"""Statements made ready, and run over the records of a batch under an error mode."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.lift import Evaluate
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression

ErrorMode: TypeAlias = Literal["propagate", "ignore", "silent"]
Condition: TypeAlias = Callable[[Any], bool]

MAX_FAILURES = 100
"""Failures that are kept with their record; the rest is counted."""


class CompiledStatement(Frozen):
    """A statement that can run.

    Attributes:
        text: As it was written.
        run: Carries its editor out.
        condition: Whether it applies to a record; None for always.
    """

    text: str
    run: Evaluate
    condition: Condition | None = None


class CompiledCondition(Frozen):
    """A condition that can be asked."""

    text: str
    holds: Condition


class Failure(Frozen):
    """A statement or condition that failed on a record."""

    text: str
    record: Any
    reason: str


class ExecutionStopped(Exception):
    """A failure under `propagate`: what was changed before it stays changed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(slots=True)
class Outcome:
    """What happened while statements ran.

    Attributes:
        failures: The first `MAX_FAILURES` of them.
        by_text: How many there were of each statement or condition under each error mode.
    """

    failures: list[Failure] = field(default_factory=list)
    by_text: Counter[tuple[str, ErrorMode]] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many failures there were."""
        return self.by_text.total()

    def add(self, failure: Failure, error_mode: ErrorMode) -> None:
        """Count a failure."""
        self.by_text[failure.text, error_mode] += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(failure)


def compile_statement(
    text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
) -> CompiledStatement:
    """A statement, parsed, checked and compiled for a context.

    Raises:
        OttlError: It does not parse or check.
    """
    tree = parse_statement(text)
    compiler = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
    run = compiler.editor(tree.editor)
    condition = None if tree.condition is None else compiler.condition(tree.condition)
    return CompiledStatement(text, run, condition)


def compile_condition(
    text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
) -> CompiledCondition:
    """A condition, parsed, checked and compiled for a context.

    Raises:
        OttlError: It does not parse or check.
    """
    tree = parse_condition(text)
    compiler = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
    return CompiledCondition(text, compiler.condition(tree))


def compile_value_expression(
    text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
) -> Evaluate:
    """A value expression, parsed, checked and compiled for a context.

    Raises:
        OttlError: It does not parse or check.
    """
    tree = parse_value_expression(text)
    compiler = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
    return compiler.value(tree).closure()


def run_statements(
    statements: Sequence[CompiledStatement],
    records: Iterable[Any],
    error_mode: ErrorMode,
    outcome: Outcome,
    conditions: Sequence[CompiledCondition] = (),
) -> None:
    """Run statements in order on each record.

    Args:
        statements: What to run.
        records: What to run it on; each gets a cache of its own.
        error_mode: What a failure means.
        outcome: Takes the failures.
        conditions: Of these at least one has to hold for a record; without any, all records count.

    Raises:
        ExecutionStopped: A failure under `propagate`.
    """
    steps = [(one.condition, one.run, one.text) for one in statements]
    for record in records:
        record.cache = None
        if conditions and not any_holds(conditions, record, error_mode, outcome):
            continue
        for condition, run, text in steps:
            try:
                if condition is None or condition(record):
                    run(record)
            except (ExecutionError, RecursionError) as error:
                fail(Failure(text, record, words(error)), error_mode, outcome)


def any_holds(
    conditions: Sequence[CompiledCondition], record: Any, error_mode: ErrorMode, outcome: Outcome
) -> bool:
    """Whether one of the conditions is true; one that fails counts as false unless it propagates.

    Raises:
        ExecutionStopped: A failure under `propagate`.
    """
    for condition in conditions:
        try:
            if condition.holds(record):
                return True
        except (ExecutionError, RecursionError) as error:
            fail(Failure(condition.text, record, words(error)), error_mode, outcome)
    return False


def fail(failure: Failure, error_mode: ErrorMode, outcome: Outcome) -> None:
    """Count a failure, and stop where it propagates.

    Raises:
        ExecutionStopped: The mode is `propagate`.
    """
    outcome.add(failure, error_mode)
    if error_mode == "propagate":
        raise ExecutionStopped(failure) from None


def words(error: Exception) -> str:
    """Why a statement failed on a record, for people."""
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
