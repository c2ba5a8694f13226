"""Arguments bound to parameters: by place and by name, each checked against what it may be."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import REQUIRED, Choice, Function, Parameter
from otx.ottl.lift import Bound, Evaluate
from otx.ottl.parameters import ANY, Coerced, Fixed, Pattern, Special
from otx.ottl.syntax import (
    Argument,
    Call,
    Constant,
    EnumSymbol,
    Expression,
    FunctionName,
    Lambda,
    ListLiteral,
    MapLiteral,
    Path,
    Signed,
)
from otx.ottl.values import kind_of

LEFT_OUT = Bound(None)
"""An optional closure that was not given; a literal nil is another thing."""


class Compiler(Protocol):
    """What binding needs of the compiler (`otx.ottl.compiler`)."""

    def value(self, node: Expression) -> Bound:
        """A value expression."""

    def target(self, node: Path) -> Any:
        """A path that is written to."""

    def enum(self, node: EnumSymbol) -> int:
        """An enum symbol."""

    def function(self, node: FunctionName | EnumSymbol) -> Callable[[Any, str], Any]:
        """A converter of one text, by its bare name."""

    def lambda_(self, node: Lambda, formals: int) -> Callable[..., Any]:
        """A lambda of so many formals."""

    def error(self, reason: str, node: Any, hint: str = "") -> OttlError:
        """An error at a node."""


class Binder:
    """Binds the arguments of one call."""

    def __init__(self, compiler: Compiler, function: Function, call: Call) -> None:
        self._compiler = compiler
        self._function = function
        self._call = call

    def bind(self) -> list[Bound]:
        """The arguments in the order of the parameters.

        Raises:
            OttlError: One is missing, too many, unknown, or not what the parameter takes.
        """
        given = self._assign()
        bound = []
        for parameter in self._function.parameters:
            argument = given.get(parameter.name)
            if argument is not None:
                bound.append(self._bind(parameter, argument.value))
            elif parameter.is_optional:
                bound.append(_left_out(parameter))
            else:
                raise self._compiler.error(
                    f"{self._function.name} needs {parameter.name}",
                    self._call,
                    f"it takes {signature(self._function)}",
                )
        return bound

    def _assign(self) -> Mapping[str, Argument]:
        """Which argument belongs to which parameter."""
        parameters = self._function.parameters
        arguments = self._call.arguments
        needed = sum(not one.is_optional for one in parameters)
        if len(arguments) > len(parameters) or len(arguments) < needed:
            wanted = str(needed) if needed == len(parameters) else f"{needed} to {len(parameters)}"
            raise self._compiler.error(
                f"{self._function.name} takes {wanted} arguments, not {len(arguments)}",
                self._call,
                f"it takes {signature(self._function)}",
            )
        given: dict[str, Argument] = {}
        for number, argument in enumerate(arguments):
            name = parameters[number].name
            if argument.name:
                name = self._named(argument)
            elif any(one.name for one in arguments[:number]):
                raise self._compiler.error("an unnamed argument follows a named one", argument)
            if name in given:
                raise self._compiler.error(f"{name} is given twice", argument)
            given[name] = argument
        return given

    def _named(self, argument: Argument) -> str:
        wanted = camel(argument.name)
        names = [one.name for one in self._function.parameters]
        for name in names:
            if camel(name) == wanted:
                return name
        near = difflib.get_close_matches(argument.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it takes {signature(self._function)}"
        raise self._compiler.error(
            f"{self._function.name} has no parameter {argument.name}", argument, hint
        )

    def _bind(self, parameter: Parameter, node: Expression) -> Bound:
        if not parameter.is_list:
            return self._bind_one(parameter, node)
        if isinstance(node, ListLiteral):
            items = [self._bind_one(parameter, item) for item in node.items]
            return _listed(items, is_closure=parameter.is_closure)
        if parameter.name == "vals" and isinstance(node, (Path, Call)):
            return self._slice(parameter, node)
        raise self._wrong(parameter, node, "a list literal")

    def _slice(self, parameter: Parameter, node: Expression) -> Bound:
        """A list from a path where a list of arguments is wanted (since v0.161)."""
        from otx.ottl.coerce import sequence

        value = self._compiler.value(node)
        kind = parameter.kind
        convert = kind.convert if isinstance(kind, Coerced) else lambda one: one
        evaluate = value.closure()
        return Bound(evaluate=lambda record: [convert(one) for one in sequence(evaluate(record))])

    def _bind_one(self, parameter: Parameter, node: Expression) -> Bound:
        kind = parameter.kind
        if isinstance(kind, Special):
            return Bound(self._special(kind, parameter, node))
        if isinstance(kind, Fixed):
            return Bound(self._literal(parameter, node, kind.literal, kind.name))
        if isinstance(kind, Choice):
            return Bound(self._choice(parameter, kind, node))
        if isinstance(node, (Lambda, FunctionName)):
            raise self._wrong(parameter, node, "a value")
        value = self._compiler.value(node)
        if isinstance(kind, Pattern):
            return self._pattern(kind, value, node)
        return self._coerced(kind, parameter, value, node)

    def _coerced(
        self, kind: Coerced, parameter: Parameter, value: Bound, node: Expression
    ) -> Bound:
        is_literal = isinstance(_unsigned(node), (Constant, EnumSymbol, ListLiteral, MapLiteral))
        is_known = is_literal and value.is_constant and kind.literals is not None
        if is_known and type(value.constant) not in (kind.literals or ()):
            raise self._wrong(parameter, node, f"a {kind.name}", kind_of(value.constant))
        if is_literal and isinstance(node, (ListLiteral, MapLiteral)) and kind.literals is not None:
            wanted = list if isinstance(node, ListLiteral) else dict
            if wanted not in kind.literals:
                raise self._wrong(parameter, node, f"a {kind.name}")
        if kind is ANY:
            return value  # as it is: builders look at list literals
        if not value.is_constant:
            return Bound(evaluate=value.evaluate, convert=kind.convert)
        try:
            return Bound(kind.convert(value.constant))
        except ExecutionError as error:
            if isinstance(_unsigned(node), Constant):
                raise self._compiler.error(str(error), node) from None
            return Bound(evaluate=value.closure(), convert=kind.convert)

    def _pattern(self, kind: Pattern, value: Bound, node: Expression) -> Bound:
        from otx.ottl.coerce import text

        compile_ = kind.compile
        if value.is_constant:
            try:
                return Bound(compile_(text(value.constant)))
            except ExecutionError as error:
                if isinstance(node, Constant):
                    raise self._compiler.error(str(error), node) from None
        return Bound(evaluate=value.closure(), convert=lambda given: compile_(text(given)))

    def _special(self, kind: Special, parameter: Parameter, node: Expression) -> Any:
        if kind.name == "path":
            if isinstance(node, Path):
                return self._compiler.target(node)
            raise self._wrong(parameter, node, "a path")
        if kind.name == "enum":
            if isinstance(node, EnumSymbol):
                return self._compiler.enum(node)
            raise self._wrong(parameter, node, "an enum symbol")
        if kind.name == "function":
            if isinstance(node, (FunctionName, EnumSymbol)):
                return self._compiler.function(node)
            raise self._wrong(parameter, node, "the bare name of a converter")
        if isinstance(node, Lambda):
            return self._compiler.lambda_(node, int(kind.name.rpartition(" ")[2]))
        raise self._wrong(parameter, node, "a lambda: (k, v) => …")

    def _literal(self, parameter: Parameter, node: Expression, wanted: type, name: str) -> Any:
        # A sign is an operation (since v0.144), so that what has one is no literal.
        if isinstance(node, Constant) and type(node.value) is wanted:
            return node.value
        but = " without a sign" if isinstance(node, Signed) else ""
        raise self._wrong(parameter, node, f"a {name}{but}")

    def _choice(self, parameter: Parameter, kind: Choice, node: Expression) -> str:
        text = self._literal(parameter, node, str, "string literal")
        if text not in kind.choices:
            raise self._wrong(parameter, node, f"one of {', '.join(kind.choices)}", repr(text))
        return str(text)

    def _wrong(
        self, parameter: Parameter, node: Expression, wanted: str, found: str = ""
    ) -> OttlError:
        but = f", not {found}" if found else ""
        return self._compiler.error(
            f"{self._function.name} takes {wanted} for {parameter.name}{but}",
            node,
            f"it takes {signature(self._function)}",
        )


def camel(name: str) -> str:
    """A parameter's name as the reference compares it."""
    return name.replace("_", "").lower()


def signature(function: Function) -> str:
    """A function's name and parameters as documentation writes them."""
    shown = []
    for one in function.parameters:
        name = f"{one.name}[]" if one.is_list else one.name
        if one.is_optional:
            name = f"[{name}]" if one.default in (None, REQUIRED) else f"[{name} = {one.default!r}]"
        shown.append(name)
    return f"{function.name}({', '.join(shown)})"


def _left_out(parameter: Parameter) -> Bound:
    if parameter.default is None and parameter.is_closure:
        return LEFT_OUT
    return Bound(parameter.default)


def _listed(items: Sequence[Bound], *, is_closure: bool) -> Bound:
    """Several arguments as one list; of closures, where a builder asks for those."""
    if is_closure:
        return Bound([one.closure() for one in items])
    if all(one.is_constant for one in items):
        return Bound([one.constant for one in items])
    closures: list[Evaluate] = [one.closure() for one in items]
    return Bound(evaluate=lambda record: [one(record) for one in closures])


def _unsigned(node: Expression) -> Expression:
    """What stands behind signs: `-1` is a literal to people."""
    while isinstance(node, Signed):
        node = node.operand
    return node
