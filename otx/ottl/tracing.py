"""Why a statement did or did not do something to a record.

Told are each part of its condition with its value, what it changed and added, and how long it took.

Only `--trace`, the REPL and the TUI's bench come here. A traced statement is the same closures as
one that just runs, with more closures beside it for the parts that people ask about.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.ottl.changes import Change
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.lift import Evaluate
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.program import CompiledStatement, words
from otx.ottl.record_state import RecordState
from otx.ottl.syntax import (
    And,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    ListLiteral,
    MapLiteral,
    Node,
    Not,
    Or,
    Parenthesis,
    Path,
)
from otx.ottl.values import Value
from otx.ottl.watched_targets import Watch, watch_of

Verdict: TypeAlias = Literal["ran", "not matched", "failed"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition and what it was for a record.

    Attributes:
        text: As it stands in the statement.
        value: What it gave; an ExecutionError where it failed.
        depth: How deep it lies in the condition.
    """

    text: str
    value: Value
    depth: int


@dataclass(frozen=True, slots=True)
class Step:
    """One statement on one record.

    Attributes:
        parts: The parts of its condition; empty without one.
        changed: What it made another in the record.
        added: The records that it added.
        reason: Why it failed; "" where it did not.
        ns: How long condition and editor took.
    """

    statement: str
    verdict: Verdict
    parts: Sequence[Part]
    changed: Sequence[Change]
    reason: str
    ns: int
    added: Sequence[RecordState] = ()


@dataclass(frozen=True, slots=True)
class _Probe:
    text: str
    depth: int
    evaluate: Evaluate


class TracedStatement:
    """A statement that can tell what it does.

    Attributes:
        text: As it was written.
    """

    def __init__(
        self, text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
    ) -> None:
        """Parse, check and compile.

        Raises:
            OttlError: It does not parse or check.
        """
        self.text = text
        tree = parse_statement(text)
        compiler = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
        condition = None if tree.condition is None else compiler.condition(tree.condition)
        self.compiled = CompiledStatement(text, compiler.editor(tree.editor), condition)
        self._probes = list(_probes(tree.condition, compiler)) if tree.condition else []
        self._watch: Watch = watch_of(tree.editor, compiler, functions, context)

    def run(self, record: Any) -> Step:
        """Run it on a record and say what happened."""
        parts: list[Part] = []
        before = self._watch.before(record)
        begun = time.perf_counter_ns()
        reason = ""
        verdict: Verdict = "ran"
        try:
            if self.compiled.condition is not None and not self.compiled.condition(record):
                verdict = "not matched"
            else:
                self.compiled.run(record)
        except (ExecutionError, RecursionError) as error:
            verdict, reason = "failed", words(error)
        took = time.perf_counter_ns() - begun
        if verdict != "ran":
            parts = [
                Part(one.text, _asked(one.evaluate, record), one.depth) for one in self._probes
            ]
        if verdict == "not matched":
            return Step(self.text, verdict, parts, (), reason, took)
        seen = self._watch.since(record, before)
        return Step(self.text, verdict, parts, seen.changed, reason, took, seen.added)


class TracedCondition:
    """A condition that can tell what made it true or false.

    Attributes:
        text: As it was written.
    """

    def __init__(
        self, text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
    ) -> None:
        """Parse, check and compile.

        Raises:
            OttlError: It does not parse or check.
        """
        self.text = text
        compiler = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
        tree = parse_condition(text)
        self._holds = compiler.condition(tree)
        self._probes = list(_probes(tree, compiler))

    def ask(self, record: Any) -> Step:
        """Ask it of a record and say what happened: it "ran" where it is true."""
        begun = time.perf_counter_ns()
        reason = ""
        verdict: Verdict = "not matched"
        try:
            verdict = "ran" if self._holds(record) else "not matched"
        except (ExecutionError, RecursionError) as error:
            verdict, reason = "failed", words(error)
        took = time.perf_counter_ns() - begun
        parts = () if verdict == "ran" else self.parts(record)
        return Step(self.text, verdict, parts, (), reason, took)

    def parts(self, record: Any) -> list[Part]:
        """The condition and its parts with their values; the whole is the first."""
        return [Part(one.text, _asked(one.evaluate, record), one.depth) for one in self._probes]


def _asked(evaluate: Evaluate, record: Any) -> Value:
    try:
        return evaluate(record)
    except ExecutionError as error:
        return error
    except RecursionError as error:
        return ExecutionError(words(error))


def _probes(node: Expression, compiler: ExpressionCompiler, depth: int = 0) -> Iterator[_Probe]:
    """The parts of a condition that people ask about: what is compared, and what came of it."""
    if isinstance(node, Parenthesis):
        yield from _probes(node.inner, compiler, depth)
        return
    yield _Probe(_text(node, compiler), depth, _ask(node, compiler))
    if isinstance(node, (And, Or)):
        for operand in node.operands:
            yield from _probes(operand, compiler, depth + 1)
    elif isinstance(node, Not):
        yield from _probes(node.operand, compiler, depth + 1)
    elif isinstance(node, Comparison):
        yield from _operands((node.left, node.right), compiler, depth + 1)
    elif isinstance(node, Call):
        yield from _operands([one.value for one in node.arguments], compiler, depth + 1)


def _operands(nodes: Sequence[Node], compiler: ExpressionCompiler, depth: int) -> Iterator[_Probe]:
    for node in nodes:
        literal = isinstance(node, (Constant, EnumSymbol, ListLiteral, MapLiteral))
        if not literal and isinstance(node, (Path, Call, Parenthesis)):
            evaluate = compiler.value(node).closure()
            yield _Probe(_text(node, compiler), depth, evaluate)


def _ask(node: Expression, compiler: ExpressionCompiler) -> Callable[[Any], Value]:
    return compiler.condition(node)


def _text(node: Node, compiler: ExpressionCompiler) -> str:
    return " ".join(compiler.text[node.place.start : node.place.end].split())
