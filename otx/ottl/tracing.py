"""Why a statement did or did not do something to a record.

Told are each part of its condition with its value, what it changed and added, and how long it took.

Only `--trace`, the REPL and the TUI's bench come here. A traced statement is the same closures as
one that just runs, with others round them that take down what each part gave
(`otx.ottl.recording`).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from otx.ottl.changes import Change
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.enum_symbols import enum_symbol
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.program import CompiledStatement, words
from otx.ottl.record_state import RecordState
from otx.ottl.recording import NOT_REACHED, RecordingCompiler
from otx.ottl.syntax import (
    Constant,
    EnumSymbol,
    Lambda,
    Node,
    Path,
    Signed,
    children,
)
from otx.ottl.values import Value, deep_copy
from otx.ottl.watched_targets import Watch, watch_of

Verdict: TypeAlias = Literal["ran", "not matched", "failed"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a statement or condition and what it was for a record.

    Attributes:
        text: As it stands in the statement.
        value: What it gave; an ExecutionError where it failed.
        depth: How deep it lies in the whole.
        symbol: What the number of an enum is called; "" for anything else.
        is_reached: Whether it was evaluated; it is not where another part decided before.
    """

    text: str
    value: Value
    depth: int
    symbol: str = ""
    is_reached: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One statement on one record.

    Attributes:
        parts: Where it did not run, the parts of its condition; where it failed, also those of its
            editor.
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
    """A part that can be told.

    Attributes:
        path: What it is called where it is a path; "" for anything else.
        until: Which of the probes is the next that does not lie within it.
    """

    text: str
    depth: int
    node: Node
    path: str
    until: int


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
        compiler = RecordingCompiler(text, context, functions, needs_prefix=needs_prefix)
        condition = None if tree.condition is None else compiler.condition(tree.condition)
        self.compiled = CompiledStatement(text, compiler.editor(tree.editor), condition)
        asked = [] if tree.condition is None else [tree.condition]
        self._condition = _Parts(asked, compiler)
        self._whole = _Parts([*asked, *children(tree.editor)], compiler)
        plain = ExpressionCompiler(text, context, functions, needs_prefix=needs_prefix)
        self._watch: Watch = watch_of(tree.editor, plain, functions, context)

    def run(self, record: Any) -> Step:
        """Run it on a record and say what happened."""
        self._whole.forget()
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
        if verdict == "not matched":
            return Step(self.text, verdict, self._condition.told(), (), reason, took)
        parts = self._whole.told() if verdict == "failed" else ()
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
        compiler = RecordingCompiler(text, context, functions, needs_prefix=needs_prefix)
        tree = parse_condition(text)
        self._holds = compiler.condition(tree)
        self._parts = _Parts([tree], compiler)

    def ask(self, record: Any) -> Step:
        """Ask it of a record and say what happened: it "ran" where it is true."""
        self._parts.forget()
        begun = time.perf_counter_ns()
        reason = ""
        verdict: Verdict = "not matched"
        try:
            verdict = "ran" if self._holds(record) else "not matched"
        except (ExecutionError, RecursionError) as error:
            verdict, reason = "failed", words(error)
        took = time.perf_counter_ns() - begun
        parts = () if verdict == "ran" else self._parts.told()
        return Step(self.text, verdict, parts, (), reason, took)

    def parts(self, record: Any) -> list[Part]:
        """The condition and its parts with their values; the whole is the first."""
        self.ask(record)
        return self._parts.told()


class _Parts:
    """The parts of expressions, and what they gave last."""

    def __init__(self, nodes: Sequence[Node], compiler: RecordingCompiler) -> None:
        self._compiler = compiler
        self._wholes = nodes
        self._probes: list[_Probe] = []
        for node in nodes:
            self._find(node, 0)

    def forget(self) -> None:
        """Begin with another record."""
        self._compiler.forget()

    def told(self) -> list[Part]:
        """What each of them gave; of what was not reached the whole alone."""
        return list(self._told())

    def _told(self) -> Iterator[Part]:
        at = 0
        while at < len(self._probes):
            probe = self._probes[at]
            value = self._compiler.value_of(probe.node)
            if value is NOT_REACHED:
                yield Part(probe.text, None, probe.depth, is_reached=False)
                at = probe.until
                continue
            # Statements that follow may change a map that was looked at.
            yield Part(probe.text, deep_copy(value), probe.depth, enum_symbol(probe.path, value))
            at += 1

    def _find(self, node: Node, depth: int) -> None:
        """A part and what it is made of; literals say themselves what they are."""
        if isinstance(node, Lambda):
            return
        is_told = self._compiler.knows(node) and (node in self._wholes or not _is_literal(node))
        place = len(self._probes)
        if is_told:
            text = " ".join(self._compiler.text[node.place.start : node.place.end].split())
            path = text if isinstance(node, Path) else ""
            self._probes.append(_Probe(text, depth, node, path, 0))
        for child in children(node):
            self._find(child, depth + is_told)
        if is_told:
            found = self._probes[place]
            self._probes[place] = replace(found, until=len(self._probes))


def _is_literal(node: Node) -> bool:
    while isinstance(node, Signed):
        node = node.operand
    return isinstance(node, (Constant, EnumSymbol))
