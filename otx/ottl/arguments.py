"""Arguments bound to parameters: by place and by name, each checked against what it may be."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from otx.ottl.coerce import sequence, text
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import REQUIRED, Choice, Function, Parameter
from otx.ottl.lift import Always, Bound, Evaluate
from otx.ottl.literals import quote
from otx.ottl.parameters import ANY, Coerced, Fixed, Pattern, Special
from otx.ottl.static_kinds import with_article
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
    Parenthesis,
    Path,
    Signed,
)
from otx.ottl.values import INT64_MAX, Value, kind_of

_FIELDS = {
    "source_ip": "SourceIP",
    "destination_ip": "DestinationIP",
    "uri": "URI",
    "xpath": "XPath",
}
"""Names that are no plain words in Go."""
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
        names = [one.name for one in self._function.parameters]
        for name in names:
            if argument.name[0].islower() and _as_field(argument.name) == _field(name):
                return name
        raise self._compiler.error(
            f"{self._function.name} has no parameter {argument.name}",
            argument,
            self._name_hint(argument.name, names),
        )

    def _name_hint(self, given: str, names: Sequence[str]) -> str:
        for name in names:
            if camel(name) == camel(given):
                spelt = spelling(name)
                if spelt:
                    return f"did you mean {spelt}?"
                return "the Collector knows this one by its place only: leave the name out"
        near = difflib.get_close_matches(given, names, n=1)
        return f"did you mean {near[0]}?" if near else f"it takes {signature(self._function)}"

    def _bind(self, parameter: Parameter, node: Expression) -> Bound:
        if not parameter.is_list:
            return self._bind_one(parameter, node)
        if isinstance(node, ListLiteral):
            items = [self._bind_one(parameter, item) for item in node.items]
            return _listed(items, is_closure=parameter.is_closure)
        if parameter.name == "vals" and not parameter.is_closure:
            return self._slice(parameter, node)
        raise self._wrong(parameter, node, "a list literal")

    def _slice(self, parameter: Parameter, node: Expression) -> Bound:
        """A list from elsewhere where a list of arguments is wanted (since v0.161)."""
        kind = parameter.kind
        assert isinstance(kind, Coerced)  # noqa: S101 - no other kind is in lists of values
        convert = kind.from_list or kind.convert
        evaluate = self._compiler.value(node).closure()
        return Bound(evaluate=lambda record: [convert(one) for one in _members(evaluate(record))])

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
            return self._pattern(kind, parameter, value, node)
        return self._coerced(kind, parameter, value, node)

    def _coerced(
        self, kind: Coerced, parameter: Parameter, value: Bound, node: Expression
    ) -> Bound:
        literal = _literal(node, value)
        if literal is not None and not _is_of(kind.literals, literal.value):
            found = kind_of(literal.value)
            raise self._wrong(parameter, node, with_article((kind.name,)), found)
        if kind.convert is ANY.convert:
            return value  # as it is: builders look at list literals
        if literal is not None:
            try:
                converted = kind.convert(literal.value)
            except ExecutionError as error:
                raise self._compiler.error(str(error), node) from None
            return Bound(converted) if value.is_constant else value.changed(convert=kind.convert)
        if not value.is_constant:
            return Bound(evaluate=value.evaluate, convert=kind.convert)
        try:
            return Bound(kind.convert(value.constant))
        except ExecutionError:
            return Bound(evaluate=value.closure(), convert=kind.convert)

    def _pattern(
        self, kind: Pattern, parameter: Parameter, value: Bound, node: Expression
    ) -> Bound:
        compile_ = kind.compile
        literal = _literal(node, value)
        if literal is not None and type(literal.value) is not str:
            raise self._wrong(parameter, node, "a string", kind_of(literal.value))
        if value.is_constant:
            try:
                return Bound(compile_(text(value.constant)))
            except ExecutionError as error:
                if literal is not None:
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
        raise self._wrong(
            parameter, node, f"{with_article((name,))}{but}", hint=_as_literal(node, wanted)
        )

    def _choice(self, parameter: Parameter, kind: Choice, node: Expression) -> str:
        text = self._literal(parameter, node, str, "string literal")
        if text not in kind.choices:
            raise self._wrong(parameter, node, f"one of {', '.join(kind.choices)}", repr(text))
        return str(text)

    def _wrong(
        self,
        parameter: Parameter,
        node: Expression,
        wanted: str,
        found: str = "",
        hint: str = "",
    ) -> OttlError:
        but = f", not {found}" if found else ""
        return self._compiler.error(
            f"{self._function.name} takes {wanted} for {parameter.name}{but}",
            node,
            hint or f"it takes {signature(self._function)}",
        )


def camel(name: str) -> str:
    """A parameter's name without the marks of its spelling, for finding the one that is meant."""
    return name.replace("_", "").lower()


def spelling(name: str) -> str:
    """How a parameter can be named in an argument; "" where it cannot."""
    field = _field(name)
    spellings = (name, field[0].lower() + field[1:])
    return next((one for one in spellings if _as_field(one) == field), "")


def _field(name: str) -> str:
    """The name of a parameter in the reference's Go."""
    return _FIELDS.get(name) or "".join(part.capitalize() for part in name.split("_"))


def _as_field(given: str) -> str:
    """What the reference makes of an argument's name, before it looks for a field of that name.

    Letters behind underscores and digits become capitals, and of capitals in a row all but the
    first become small: `sourceIP` is looked for as SourceIp, and SourceIP is not found so.
    """
    made = ""
    is_capital_next, is_behind_capital = True, False
    for c in given:
        if is_capital_next:
            made += c.upper().replace("_", "")
        elif c.isupper() and is_behind_capital:
            made += c.lower()
        else:
            made += c.replace("_", "")
        is_behind_capital = c.isupper()
        is_capital_next = not c.isalpha()
    return made


def signature(function: Function) -> str:
    """A function's name and parameters as documentation writes them."""
    shown = []
    for one in function.parameters:
        name = f"{one.name}[]" if one.is_list else one.name
        if one.is_optional:
            default = default_text(one)
            name = f"[{name} = {default}]" if default else f"[{name}]"
        shown.append(name)
    return f"{function.name}({', '.join(shown)})"


def default_text(parameter: Parameter) -> str:
    """What an optional parameter is when it is left out, as OTTL writes it; "" for nothing."""
    default = parameter.default
    if default is None or default is REQUIRED:
        return ""
    if default is True or default is False:
        return str(default).lower()
    if type(default) is str:
        return quote(default)
    return str(default) if default <= INT64_MAX else "no limit"


def _as_literal(node: Expression, wanted: type) -> str:
    """What to write where a literal of another kind says the same; "" where none does."""
    value = node.value if isinstance(node, Constant) else None
    if type(value) is int and wanted is float:
        return f"write {value}.0"
    if type(value) is int and wanted is str:
        return f'write "{value}"'
    if value in ("true", "false") and wanted is bool:
        return f"write {value}, without quotes"
    return ""


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


def _literal(node: Expression, value: Bound) -> Always | None:
    """What a literal is: a constant with or without a sign, or a list or map of literals."""
    return Always(value.closure()(None)) if _is_literal(node) else None


def _is_literal(node: Expression) -> bool:
    """Whether a text says the value itself; what can be calculated from it is no literal."""
    while isinstance(node, Parenthesis) or (isinstance(node, Signed) and node.sign == "+"):
        node = node.inner if isinstance(node, Parenthesis) else node.operand
    if isinstance(node, ListLiteral):
        return all(map(_is_literal, node.items))
    if isinstance(node, MapLiteral):
        return all(_is_literal(one.value) for one in node.entries)
    if isinstance(node, Signed):
        node = node.operand
    return isinstance(node, (Constant, EnumSymbol))


def _is_of(kinds: tuple[type, ...] | None, value: Value) -> bool:
    return kinds is None or type(value) in kinds


def _members(value: Value) -> list[Value]:
    """What a list from elsewhere holds; nil is an empty one, and bytes are one of numbers."""
    if value is None:
        return []
    return list(value) if type(value) is bytes else sequence(value)
