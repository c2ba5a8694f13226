"""What can go wrong on a record, told from the text: kinds that do not fit, functions that fail."""

from collections.abc import Iterator

from otx.model.frozen import Frozen
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.expression_kinds import KindFinder, PathFacts, bound_arguments, calculated, is_id_text
from otx.ottl.functions.registry import Function, Parameter
from otx.ottl.parameters import Coerced, Pattern, Special
from otx.ottl.static_kinds import (
    NUMBERS,
    STORABLE,
    Kinds,
    is_known,
    may_be,
    may_be_other,
    with_article,
)
from otx.ottl.syntax import (
    And,
    Arithmetic,
    Call,
    Constant,
    EnumSymbol,
    Expression,
    Lambda,
    ListLiteral,
    Node,
    Not,
    Or,
    Path,
    Place,
    Signed,
    Statement,
    walk,
)

_OF_LAMBDAS = {"predicate": "bool", "condition": "bool", "key_mapper": "string"}
"""Parameters that take lambdas -> the kind that the lambda has to give."""


class Failing(Frozen):
    """A way to fail.

    Attributes:
        place: What fails.
        text: Why, in a sentence without its head.
        is_certain: Whether it does on every record that it runs on.
    """

    place: Place
    text: str
    is_certain: bool = False


class FailureFinder:
    """Finds what can fail in one text, node by node."""

    def __init__(self, text: str, kinds: KindFinder, compiler: ExpressionCompiler) -> None:
        """Prepare to find.

        Args:
            text: The whole text.
            kinds: What its expressions give.
            compiler: Compiles parts of it, to try what is made of literals alone.
        """
        self._text = text
        self._kinds = kinds
        self._compiler = compiler

    def of(self, node: Node) -> Iterator[Failing]:
        """How a node fails by itself; what is below it is not looked at."""
        if isinstance(node, Call):
            yield from self._call(node)
        elif isinstance(node, Path):
            yield from self._path(node)
        elif isinstance(node, Arithmetic):
            yield from self._arithmetic(node)
        elif isinstance(node, Signed):
            yield from self._operand(node, self._kinds.of(node.operand), NUMBERS)
        elif isinstance(node, Statement) and node.condition is not None:
            yield from self.of_condition(node.condition)
        elif isinstance(node, (And, Or)):
            for operand in node.operands:
                yield from self.of_condition(operand)
        elif isinstance(node, Not):
            yield from self.of_condition(node.operand)

    def of_condition(self, node: Expression) -> Iterator[Failing]:
        """How a converter fails as a condition."""
        if not isinstance(node, Call):
            return
        shown = self._shown(node)
        yield from _unless(node.place, self._kinds.of(node), ("bool",), f"{shown}: it", "bool")

    def _call(self, call: Call) -> Iterator[Failing]:
        function = self._kinds.function(call)
        if function is None:
            return
        if self._is_tried(function, call):
            yield from self._tried(call)
            return
        for parameter, value in bound_arguments(function, call):
            yield from self._argument(function, parameter, value)
        if function.name == "set" and len(call.arguments) > 1:
            yield from self._set(call.arguments[0].value, call.arguments[1].value)
        if function.fails:
            yield Failing(call.place, f"{function.name}: {function.fails}")
        if call.keys:
            yield from self._indexed(call, function.kinds)

    def _is_tried(self, function: Function, call: Call) -> bool:
        """Whether a call can be carried out without a record: it is made of literals alone."""
        if function.is_editor or not function.parameters:
            return False
        for node in walk(call):
            if isinstance(node, (Path, Lambda)):
                return False
            if isinstance(node, Call):
                called = self._kinds.function(node)
                if called is None or not called.is_pure or called.contexts:
                    return False
        return True

    def _tried(self, call: Call) -> Iterator[Failing]:
        try:
            self._compiler.value(call).closure()(None)
        except (ExecutionError, OttlError) as error:
            reason = error.reason if isinstance(error, OttlError) else str(error)
            is_named = reason.startswith(call.name)
            yield Failing(call.place, reason if is_named else f"{call.name}: {reason}", True)

    def _argument(
        self, function: Function, parameter: Parameter, value: Expression
    ) -> Iterator[Failing]:
        kind = parameter.kind
        head = f"{function.name}: {parameter.name}"
        if isinstance(value, Lambda):
            wanted = _OF_LAMBDAS.get(parameter.name)
            if wanted:
                given = self._kinds.of(value.body)
                yield from _unless(value.place, given, (wanted,), f"{head}'s result", wanted)
        elif isinstance(kind, Special):
            if function.target and isinstance(value, Path):
                yield from self._edited(function, value)
        elif isinstance(value, ListLiteral) and parameter.is_list:
            for item in value.items:
                yield from self._converted(kind, item, head)
        elif not parameter.is_list:
            yield from self._converted(kind, value, head)

    def _edited(self, function: Function, target: Path) -> Iterator[Failing]:
        head = f"{function.name}: {self._shown(target)}"
        given = self._kinds.of(target)
        yield from _unless(target.place, given, (function.target,), head, function.target)

    def _converted(self, kind: object, value: Expression, head: str) -> Iterator[Failing]:
        """An argument that is brought to a kind; a literal was by now."""
        if isinstance(value, (Constant, EnumSymbol)):
            return
        given = self._kinds.of(value)
        if isinstance(kind, Pattern):
            if may_be(given, ("string",)):
                yield Failing(value.place, f"{head} may be no {kind.name}")
            else:
                yield Failing(value.place, f"{head} is no string", is_certain=True)
        if not isinstance(kind, Coerced) or kind.takes is None:
            return
        takes = kind.takes | ({"string"} if kind.reads else frozenset())
        name = kind.name.removesuffix("-like")
        found = list(_unless(value.place, given, takes, head, name))
        if found or not kind.reads or not may_be(given, ("string",)):
            yield from found
        else:
            yield Failing(value.place, f"{head} may not be {kind.reads}")

    def _set(self, target: Expression, value: Expression) -> Iterator[Failing]:
        facts = self._kinds.path(target) if isinstance(target, Path) else None
        if facts is None:
            return
        shown = self._shown(target)
        if facts.accessor.set is None:
            yield Failing(target.place, f"{shown} is read-only", is_certain=True)
            return
        given = self._kinds.of(value)
        accepted = accepted_kinds(facts)
        if accepted is STORABLE:
            # What records hold can be stored: only what is made here may have no form in OTLP.
            if is_known(given) and may_be_other(given, STORABLE):
                what = with_article(given - STORABLE)
                yield Failing(
                    value.place,
                    f"{shown}: what is set is {what}, which OTLP cannot hold",
                    is_certain=not may_be(given, STORABLE),
                )
            return
        wanted = facts.accessor.type if not facts.keys else "string"
        yield from _unless(value.place, given, accepted, f"{shown}: what is set", wanted)
        if facts.accessor.texts and may_be(given, ("string",)):
            yield from self._one_of(value, facts.accessor.texts, shown)
        if facts.id_bytes and may_be(given, ("string",)):
            yield from self._id_text(value, facts.id_bytes, shown)
        if facts.accessor.is_optional and facts.context == "datapoint":
            yield Failing(target.place, f"{shown}: not every data point has it")

    def _one_of(self, value: Expression, texts: tuple[str, ...], shown: str) -> Iterator[Failing]:
        is_literal = isinstance(value, Constant)
        if isinstance(value, Constant) and value.value in texts:
            return
        verb = "is" if is_literal else "may be"
        reason = f"{shown}: what is set {verb} none of {', '.join(texts)}"
        yield Failing(value.place, reason, is_certain=is_literal)

    def _id_text(self, value: Expression, id_bytes: int, shown: str) -> Iterator[Failing]:
        is_literal = isinstance(value, Constant)
        if isinstance(value, Constant) and is_id_text(value.value, id_bytes):
            return
        verb = "is" if is_literal else "may be"
        reason = f"{shown}: what is set {verb} no text of {2 * id_bytes} hexadecimal digits"
        yield Failing(value.place, reason, is_literal)

    def _path(self, path: Path) -> Iterator[Failing]:
        facts = self._kinds.path(path)
        if facts is None or not facts.keys or facts.accessor.keys == "text":
            return
        shown = self._shown(path)
        kinds = ("string",) if facts.accessor.keys == "map" else ("string", "int")
        for key in facts.keys:
            words = " or ".join(kinds)
            yield from _unless(key.place, self._kinds.of(key), kinds, f"{shown}: the key", words)
            kinds = ("string", "int")
        if len(facts.keys) > 1 or facts.accessor.keys == "value":
            yield Failing(path.place, f"{shown}: a key on what is no map or list")

    def _indexed(self, call: Call, kinds: Kinds) -> Iterator[Failing]:
        shown = self._shown(call)
        if not may_be(kinds, ("map", "list")):
            what = with_article(kinds)
            yield Failing(call.place, f"{shown}: {what} takes no keys", is_certain=True)
            return
        what = "element" if kinds == {"list"} else "key" if kinds == {"map"} else "key or element"
        yield Failing(call.place, f"{shown}: there may be no such {what}")

    def _arithmetic(self, node: Arithmetic) -> Iterator[Failing]:
        left, right = self._kinds.of(node.left), self._kinds.of(node.right)
        shown = self._shown(node)
        made = calculated(node.operator, left, right)
        divides = node.operator == "/" and may_be(right, NUMBERS)
        by_zero = ", or by zero" if divides and not _is_above_zero(node.right) else ""
        if not is_known(made):
            yield Failing(node.place, f"{shown}: an operand that is no number{by_zero}")
        elif not made:
            words = f"{with_article(left)} and {with_article(right)}"
            reason = f"{shown}: {words} do not go together"
            yield Failing(node.place, reason, is_certain=True)
        elif "nil" in left | right:
            yield Failing(node.place, f"{shown}: an operand that is nil{by_zero}")
        elif by_zero:
            is_zero = isinstance(node.right, Constant)
            yield Failing(node.place, f"{shown}: a division by zero", is_certain=is_zero)

    def _operand(self, node: Signed, given: Kinds, wanted: Kinds) -> Iterator[Failing]:
        yield from _unless(node.place, given, wanted, self._shown(node.operand), "number")

    def _shown(self, node: Node) -> str:
        return " ".join(self._text[node.place.start : node.place.end].split())


def accepted_kinds(facts: PathFacts) -> Kinds:
    """What can be set at a path."""
    accessor = facts.accessor
    if facts.keys and accessor.keys == "text":
        return frozenset(("string",))
    if facts.keys or accessor.type == "any":
        return STORABLE
    accepted = facts.kinds - {"nil"} | {accessor.type}
    if accessor.type.startswith("list of"):
        accepted |= {"list", "list of uint64"}
    return accepted | ({"nil"} if accessor.is_nullable else frozenset())


def _unless(
    place: Place, given: Kinds, wanted: "Kinds | tuple[str, ...]", head: str, name: str
) -> Iterator[Failing]:
    """A value that is, or may be, of another kind than is wanted."""
    if not may_be_other(given, wanted):
        return
    if not may_be(given, wanted):
        yield Failing(place, f"{head} is {_no(name, given)}", is_certain=True)
    elif is_known(given):
        yield Failing(place, f"{head} may be {_no(name, given - frozenset(wanted))}")
    else:
        yield Failing(place, f"{head} may be no {name}")


def _no(name: str, others: Kinds) -> str:
    return "nil" if others == {"nil"} else f"no {name}"


def _is_above_zero(node: Expression) -> bool:
    return isinstance(node, Constant) and type(node.value) in (int, float) and node.value != 0
