"""What parses and checks and is still not what was meant: the classic traps of the language."""

from collections.abc import Iterator, Sequence

from otx.model.frozen import Frozen
from otx.ottl.compare import gives_texts
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.expression_kinds import KindFinder, bound_arguments
from otx.ottl.failures import Failing, FailureFinder, accepted_kinds
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import infer
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.pattern_traps import pattern_traps
from otx.ottl.static_kinds import Kinds, can_be_equal, with_article
from otx.ottl.syntax import (
    And,
    Call,
    Comparison,
    Constant,
    Expression,
    Node,
    Not,
    Or,
    Parenthesis,
    Path,
    Place,
    Statement,
    walk,
)
from otx.ottl.trap_hints import comparison_hint, conversion_hint, setting_hint, unequal_text_hint

_IDS = {"trace_id": "TraceID", "profile_id": "ProfileID"}
_ID_SECTIONS = ("trace_id", "span_id", "parent_span_id", "profile_id")
_ID_KINDS = frozenset(("TraceID", "SpanID", "ProfileID"))
_EVERYTHING = FunctionSet()


class Trap(Frozen):
    """A warning at a place of a text."""

    place: Place
    message: str
    hint: str = ""


class Surroundings(Frozen):
    """Where a text runs.

    Attributes:
        contexts: The contexts that it may run in; the one, where it is given.
        functions: What it may call.
        is_given: Whether its context is given, and not inferred from its paths.
    """

    contexts: Sequence[Context]
    functions: FunctionSet = _EVERYTHING
    is_given: bool = False


ANYWHERE = Surroundings(tuple(CONTEXTS.values()))


def traps_in(text: str, surroundings: Surroundings = ANYWHERE) -> list[Trap]:
    """The traps in a statement or condition; none where it does not parse."""
    tree = _tree(text)
    if tree is None:
        return []
    typed = _typed(text, tree, surroundings)
    found: list[Trap] = []
    for node in walk(tree):
        found += _plain(node, text, has_kinds=typed is not None)
        if typed is not None:
            found += typed.of(node)
    if not isinstance(tree, Statement):
        found += _of_condition(tree, typed)
    return list(dict.fromkeys(found))


def _tree(text: str) -> "Statement | Expression | None":
    for parse in (parse_statement, parse_condition):
        try:
            tree: Statement | Expression = parse(text)
        except OttlError:
            continue
        return tree
    return None


def _typed(
    text: str, tree: "Statement | Expression", surroundings: Surroundings
) -> "_Typed | None":
    """The traps that kinds tell; None where the context is not known, or the text not in order."""
    contexts, functions = surroundings.contexts, surroundings.functions
    found: Context | None = contexts[0] if surroundings.is_given else None
    if found is None:
        allowed = [one.name for one in contexts]
        found = infer([tree], functions, allowed).context
    if found is None:
        return None
    compiler = ExpressionCompiler(text, found, functions, needs_prefix=not surroundings.is_given)
    try:
        if isinstance(tree, Statement):
            compiler.editor(tree.editor)
            if tree.condition is not None:
                compiler.condition(tree.condition)
        else:
            compiler.condition(tree)
    except OttlError:
        return None
    kinds = KindFinder(tree, found, functions)
    return _Typed(text, found, kinds, FailureFinder(text, kinds, compiler))


def _plain(node: Node, text: str, *, has_kinds: bool) -> Iterator[Trap]:
    """The traps that the text alone tells."""
    if isinstance(node, Statement) and node.condition is not None and _is_false(node.condition):
        yield Trap(node.condition.place, "the condition is false: the statement never runs")
    elif isinstance(node, Comparison):
        if isinstance(node.left, Constant) and isinstance(node.right, Constant):
            yield Trap(node.place, "both sides are literals: this is always the same")
        elif not has_kinds:
            yield from _ids(node, text)
    elif isinstance(node, Call):
        yield from (Trap(*found) for found in pattern_traps(node))
        target = node.arguments[0].value if node.name == "set" and node.arguments else None
        if isinstance(target, Path) and _sections(target) == ("metric", "type"):
            yield Trap(
                target.place,
                "setting a metric's type does nothing",
                "convert_sum_to_gauge() and its kin change it",
            )


def _of_condition(tree: Expression, typed: "_Typed | None") -> Iterator[Trap]:
    """The traps of a text that is a condition as a whole."""
    if _is_false(tree):
        yield Trap(tree.place, "the condition is never true")
    if typed is not None:
        yield from typed.of_condition(tree)


def _is_false(node: Node) -> bool:
    """Whether a condition is false by its literals alone."""
    if isinstance(node, Parenthesis):
        return _is_false(node.inner)
    if isinstance(node, And):
        return any(map(_is_false, node.operands))
    if isinstance(node, Or):
        return all(map(_is_false, node.operands))
    if isinstance(node, Not):
        return isinstance(node.operand, Constant) and node.operand.value is True
    return isinstance(node, Constant) and node.value is False


def _sections(path: Path) -> tuple[str, ...]:
    return tuple(field.name for field in path.fields)


def _ids(node: Comparison, text: str) -> Iterator[Trap]:
    """Ids by the names of their paths, where no context tells what those are."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        is_id = isinstance(one, Path) and one.fields[-1].name in _ID_SECTIONS
        if not is_id or not isinstance(one, Path) or one.fields[-1].keys:
            continue
        if isinstance(other, Constant) and isinstance(other.value, (str, bytes)):
            shown = text[one.place.start : one.place.end]
            yield _id_trap(node, shown, _IDS.get(one.fields[-1].name, "SpanID"))


def _texts_trap(node: Comparison) -> Trap:
    """A list of `Split` beside another: Go holds it in a form of its own."""
    result = "true" if node.operator == "!=" else "false"
    reason = f"what Split gives equals no other list: this is always {result}"
    return Trap(node.place, reason, 'compare the text, or its parts one by one: Split(…)[0] == "a"')


def _id_trap(node: Comparison, shown: str, constructor: str) -> Trap:
    return Trap(
        node.place,
        "an id never equals a text or bytes",
        f'write {shown}.string == "…" or == {constructor}("…")',
    )


class _Typed:
    """The traps that the kinds of paths, literals and functions tell."""

    def __init__(
        self, text: str, context: Context, kinds: KindFinder, failures: FailureFinder
    ) -> None:
        self._text = text
        self._context = context
        self._kinds = kinds
        self._failures = failures

    def of(self, node: Node) -> Iterator[Trap]:
        """The traps at a node; those below it are not looked at."""
        for failing in self._failures.of(node):
            if failing.is_certain:
                verb = "fails where it is needed" if failing.is_lazy else "always fails"
                yield Trap(
                    failing.place, f"{verb}: {failing.text}", self._conversion(node, failing)
                )
        if isinstance(node, Comparison):
            yield from self._comparison(node)
        elif isinstance(node, Call):
            yield from self._call(node)

    def of_condition(self, node: Expression) -> Iterator[Trap]:
        """The traps of a converter that is a condition as a whole."""
        for failing in self._failures.of_condition(node):
            if failing.is_certain:
                yield Trap(failing.place, f"always fails: {failing.text}")

    def _conversion(self, node: Node, failing: Failing) -> str:
        """What to set where the value of a `set` does not fit."""
        if not isinstance(node, Call) or node.name != "set" or len(node.arguments) < 2:
            return ""
        target, value = (one.value for one in node.arguments[:2])
        if not isinstance(target, Path) or failing.place != value.place:
            return ""
        return conversion_hint(target, value, self._text, self._kinds, self._context)

    def _comparison(self, node: Comparison) -> Iterator[Trap]:
        left, right = self._kinds.of(node.left), self._kinds.of(node.right)
        if isinstance(node.left, Constant) and isinstance(node.right, Constant):
            return
        if not can_be_equal(left, right):
            yield self._never(node, left, right)
            return
        if gives_texts(node.left) is not gives_texts(node.right):
            yield _texts_trap(node)
            return
        for path, other in ((node.left, node.right), (node.right, node.left)):
            facts = self._kinds.path(path) if isinstance(path, Path) else None
            value = other.value if isinstance(other, Constant) else None
            if facts is None or not value or not isinstance(value, str):
                continue
            hint = unequal_text_hint(facts, value)
            if hint:
                reason = f"{self._shown(path)} is never {self._shown(other)}"
                yield Trap(other.place, reason, hint)

    def _never(self, node: Comparison, left: Kinds, right: Kinds) -> Trap:
        ids = (left | right) & _ID_KINDS
        if ids and (left | right) & {"string", "bytes"}:
            side = node.left if left & _ID_KINDS else node.right
            return _id_trap(node, self._shown(side), next(iter(ids)))
        if left == {"nil"} or right == {"nil"}:
            side = node.left if right == {"nil"} else node.right
            reason = f"{self._shown(side)} is never nil"
        else:
            reason = f"{with_article(left)} never equals {with_article(right)}"
        result = "true" if node.operator == "!=" else "false"
        hint = comparison_hint(node, self._text, self._kinds, self._context)
        return Trap(node.place, f"{reason}: this is always {result}", hint)

    def _call(self, node: Call) -> Iterator[Trap]:
        function = self._kinds.function(node)
        if function is None:
            return
        if function.name == "set":
            arguments = {one.name: value for one, value in bound_arguments(function, node)}
            yield from self._set(arguments["target"], arguments["value"])

    def _set(self, target: Expression, value: Expression) -> Iterator[Trap]:
        """What is set: nil, which is no longer nothing."""
        facts = self._kinds.path(target) if isinstance(target, Path) else None
        if facts is None or not isinstance(value, Constant) or value.value is not None:
            return
        if "nil" not in accepted_kinds(facts):
            return
        shown = self._shown(target)
        what = "a key without a value" if facts.keys else "what is empty"
        yield Trap(
            value.place,
            f"nil is written: since v0.161 it leaves {what}; before, nothing was changed",
            setting_hint(target, shown, self._text),
        )

    def _shown(self, node: Node) -> str:
        return self._text[node.place.start : node.place.end]
