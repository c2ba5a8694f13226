"""A statement explained: its tree with types, the context it runs in and why, what can fail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.errors import UsageError
from otx.ottl.arguments import signature
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.expression_kinds import KindFinder
from otx.ottl.failures import FailureFinder
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import Inference, infer, undefined
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression
from otx.ottl.static_kinds import is_known, words_of
from otx.ottl.syntax import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    ListLiteral,
    MapLiteral,
    Node,
    Parenthesis,
    Path,
    Signed,
    Statement,
)
from otx.ottl.values import kind_of

Kind: TypeAlias = Literal["statement", "condition", "value expression"]

_PARSERS: tuple[tuple[Kind, Callable[[str], Node]], ...] = (
    ("statement", parse_statement),
    ("condition", parse_condition),
    ("value expression", parse_value_expression),
)


@dataclass(frozen=True, slots=True)
class Explained:
    """One node of the tree, in words."""

    depth: int
    what: str
    text: str
    type: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text explained.

    Attributes:
        inference: How the context was found; None where it was given.
        failures: What can go wrong on a record.
    """

    kind: Kind
    context: Context
    inference: Inference | None
    nodes: tuple[Explained, ...]
    failures: tuple[str, ...]

    def lines(self) -> list[str]:
        """The explanation for people."""
        lines = [f"{self.kind}, runs on every {self.context.name}"]
        if self.inference is not None:
            lines.append(f"  {self.inference.reason}")
            lines += [
                f"  {one.name}: {one.refusal}" for one in self.inference.candidates if one.refusal
            ]
        lines.append("")
        width = max(2 * one.depth + len(one.text) for one in self.nodes)
        for one in self.nodes:
            shown = f"{'  ' * one.depth}{one.text}"
            note = f"  {one.note}" if one.note else ""
            lines.append(f"{shown.ljust(min(width, 70))}  {one.what}: {one.type}{note}")
        if self.failures:
            lines += ["", "can fail on a record:", *(f"  {one}" for one in self.failures)]
        return lines

    def document(self) -> dict[str, Any]:
        """The explanation for programs."""
        return {
            "kind": self.kind,
            "context": self.context.name,
            "inferred": self.inference is not None,
            "candidates": [
                {"context": one.name, "refusal": one.refusal}
                for one in (self.inference.candidates if self.inference else ())
            ],
            "reason": self.inference.reason if self.inference else "",
            "tree": [
                {
                    "depth": one.depth,
                    "kind": one.what,
                    "text": one.text,
                    "type": one.type,
                    "note": one.note,
                }
                for one in self.nodes
            ],
            "can_fail": list(self.failures),
        }


def explain_text(text: str, context: str, functions: FunctionSet) -> Explanation:
    """Explain a statement, a condition or a value expression.

    Raises:
        OttlError: It is none of them, or does not check.
        UsageError: No context can be inferred.
    """
    kind, tree = parse_text(text)
    inference = None if context else infer([tree], functions)
    found = CONTEXTS[context] if context else inference.context if inference else None
    if found is None:
        if error := undefined(text, tree, functions):
            raise error
        assert inference is not None  # noqa: S101 - a named context was found
        refused = "; ".join(f"{one.name}: {one.refusal}" for one in inference.candidates)
        raise UsageError(
            f"the context cannot be inferred: {inference.reason}",
            hint=refused or f"--context {'|'.join(CONTEXTS)}",
        )
    compiler = ExpressionCompiler(text, found, functions, needs_prefix=inference is not None)
    _compile(compiler, kind, tree)
    kinds = KindFinder(tree, found, functions)
    walker = _Walker(text, found, kinds, FailureFinder(text, kinds, compiler))
    nodes = tuple(walker.explain(tree, 0))
    return Explanation(kind, found, inference, nodes, tuple(dict.fromkeys(walker.failures)))


def parse_text(text: str) -> tuple[Kind, Node]:
    """What a text is, and its tree.

    A converter or a literal that stands alone may be either a condition or a value; it is taken
    for the value, which shows the more of the two.

    Raises:
        OttlError: It is none of the three; the error is that of the likeliest.
    """
    first: OttlError | None = None
    for kind, parse in _PARSERS:
        try:
            tree: Node = parse(text)
        except OttlError as error:
            if first is None or error.place.start > first.place.start:
                first = error
            continue
        return "value expression" if isinstance(_bare(tree), (Call, Constant)) else kind, tree
    assert first is not None  # noqa: S101 - every parser has failed
    raise first


def _bare(tree: Node) -> Node:
    """What stands in parentheses."""
    while isinstance(tree, Parenthesis):
        tree = tree.inner
    return tree


def _compile(compiler: ExpressionCompiler, kind: Kind, tree: Any) -> None:
    if kind == "statement":
        compiler.editor(tree.editor)
        if tree.condition is not None:
            compiler.condition(tree.condition)
    elif kind == "condition":
        compiler.condition(tree)
    else:
        compiler.value(tree)


class _Walker:
    def __init__(
        self, text: str, context: Context, kinds: KindFinder, failures: FailureFinder
    ) -> None:
        self._text = text
        self._context = context
        self._kinds = kinds
        self._failures = failures
        self.failures: list[str] = []

    def explain(self, node: Node, depth: int) -> Iterator[Explained]:
        """A node and what is below it."""
        self.failures += [one.text for one in self._failures.of(node)]
        if isinstance(node, Statement):
            yield from self.explain(node.editor, depth)
            if node.condition is not None:
                yield Explained(depth, "condition", "where", "bool")
                yield from self.explain(node.condition, depth + 1)
            return
        what, type_, note = self._facts(node)
        yield Explained(depth, what, self._shown(node), type_, note)
        for child in _children(node):
            yield from self.explain(child, depth + 1)

    def _facts(self, node: Node) -> tuple[str, str, str]:
        if isinstance(node, Constant):
            return "literal", kind_of(node.value), ""
        if isinstance(node, EnumSymbol):
            return "enum", "int", f"= {self._context.enums.get(node.name, '?')}"
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, (Arithmetic, Signed)):
            kinds = self._kinds.of(node)
            words = words_of(kinds) if is_known(kinds) else "int, double, time or duration"
            return "calculation", words, ""
        if isinstance(node, Comparison):
            return "comparison", "bool", "never fails; what cannot be compared is unequal"
        if isinstance(node, ListLiteral):
            return "list", "list", ""
        if isinstance(node, MapLiteral):
            return "map", "map", ""
        return type(node).__name__.lower(), "bool", ""

    def _path(self, node: Path) -> tuple[str, str, str]:
        facts = self._kinds.path(node)
        if facts is None:
            return "formal", "any", "of the lambda"
        type_ = words_of(facts.kinds) if facts.keys else facts.accessor.type
        is_absent = facts.keys or facts.accessor.is_optional
        absent = "; nil where it is not there" if is_absent else ""
        return "path", type_, f"of the {facts.context}{absent}"

    def _call(self, node: Call) -> tuple[str, str, str]:
        function = self._kinds.function(node)
        if function is None:
            return "call", "?", ""
        what = "editor" if function.is_editor else "converter"
        type_ = "any" if node.keys else function.result
        return what, type_, signature(function)

    def _shown(self, node: Node) -> str:
        return " ".join(self._text[node.place.start : node.place.end].split())


def _children(node: Node) -> list[Expression]:
    if isinstance(node, Call):
        return [*(one.value for one in node.arguments), *node.keys]
    if isinstance(node, Path):
        return [key for field in node.fields for key in field.keys if not isinstance(key, Constant)]
    if isinstance(node, ListLiteral):
        return list(node.items)
    if isinstance(node, MapLiteral):
        return [one.value for one in node.entries]
    if isinstance(node, Parenthesis):
        return [node.inner]
    names = ("left", "right", "operand", "body")
    found = [getattr(node, name) for name in names if hasattr(node, name)]
    return [*found, *getattr(node, "operands", ())]
