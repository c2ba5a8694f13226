"""The types of functions' parameters: what an argument may be, and how it reaches the function.

A function is declared with the values it wants, and the compiler does the rest:

    @converter("HasPrefix")
    def has_prefix(value: Text, prefix: Text) -> bool: ...

Every parameter's type is one of the names below. A coercing type takes any value and brings it to
its kind at run time (`otx.ottl.coerce`); a literal of the wrong kind is refused before. A constant
type takes literals only. `list[T]` is a list literal of such arguments. A builder (see
`otx.ottl.functions.registry`) gets `Get[T]` instead of values: closures from a record.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar

from otx.model.frozen import Frozen
from otx.ottl import coerce
from otx.ottl.composites import CompiledLambda
from otx.ottl.static_kinds import SCALARS, Kinds
from otx.ottl.values import Duration, Map, Time, Value

T = TypeVar("T")
Get: TypeAlias = Callable[[Any], T]
"""How a builder receives an argument: called with the record, it gives the value."""


class Coerced(Frozen):
    """Any value, brought to a kind at run time.

    Attributes:
        name: The kind, for messages and signatures.
        convert: Raises ExecutionError for what it does not take.
        literals: The types of literals that it takes; None for all.
        from_list: Converts the elements of a list from elsewhere, where that differs.
        takes: The kinds that it takes whatever their value is; None for all.
        reads: What a text has to be to be taken too; "" where no text is, or every one.
    """

    name: str
    convert: Callable[[Value], Any]
    literals: tuple[type, ...] | None = None
    from_list: Callable[[Value], Any] | None = None
    takes: Kinds | None = None
    reads: str = ""


class Fixed(Frozen):
    """A literal of exactly one type."""

    name: str
    literal: type


class Pattern(Frozen):
    """A text that is compiled: when the statement is, where it is a literal."""

    name: str
    compile: Callable[[str], Any]


class Special(Frozen):
    """An argument that is no value: a path, a function's name, a lambda, an enum symbol."""

    name: str


class TextMatcher(Protocol):
    """A glob, compiled."""

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""


def _regex(text: str) -> "re.Pattern[str]":
    from otx.ottl.patterns import compile_regex  # 2 ms, and few statements have patterns

    return compile_regex(text)


def _glob(text: str) -> TextMatcher:
    from otx.ottl.globs import compile_glob  # 2 ms

    return compile_glob(text)


def _as_it_is(value: Value) -> Value:
    return value


def _only(kind: str, convert: Callable[[Value], Any], *literals: type) -> Coerced:
    """A strict class: one kind and nothing else."""
    return Coerced(kind, convert, literals, takes=frozenset((kind,)))


def _like(kind: str, convert: Callable[[Value], Any], *takes: str, reads: str = "") -> Coerced:
    """A class that converts what it can; nil is passed on."""
    return Coerced(f"{kind}-like", convert, takes=frozenset((*takes, "nil")), reads=reads)


def _one_of(*kinds: str) -> Coerced:
    """Any value, which the function looks at itself: it takes some kinds."""
    words = " or ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)
    return Coerced(words, _as_it_is, takes=frozenset(kinds))


ANY = Coerced("value", _as_it_is)
TARGET = Special("path")
FUNCTION = Special("function")
LAMBDA = Special("lambda")
ENUM = Special("enum")

Text = Annotated[str, _only("string", coerce.text, str)]
TextLike = Annotated[str | None, Coerced("string-like", coerce.text_like)]
Integer = Annotated[int, _only("int", coerce.integer, int)]
IntegerLike = Annotated[
    int | None,
    _like("int", coerce.integer_like, "int", "double", "bool", reads="a decimal integer"),
]
Double = Annotated[float, _only("double", coerce.double, float)]
DoubleLike = Annotated[
    float | None, _like("double", coerce.double_like, "double", "int", "bool", reads="a number")
]
Boolean = Annotated[bool, _only("bool", coerce.boolean, bool)]
BooleanLike = Annotated[
    bool | None, _like("bool", coerce.boolean_like, "bool", "int", "double", reads="true or false")
]
OctetsLike = Annotated[bytes | None, _like("bytes", coerce.octets_like, *SCALARS)]
Mapping_ = Annotated[Map, _only("map", coerce.mapping, dict)]
Sequence_ = Annotated[list[Any], _only("list", coerce.sequence, list)]
Moment = Annotated[Time, _only("time", coerce.moment)]
TimeSpan = Annotated[Duration, _only("duration", coerce.length_of_time)]

AnyList = Annotated[Any, _one_of("list")]
AnyListOrMap = Annotated[Any, _one_of("list", "map")]
AnyListOrText = Annotated[Any, _one_of("list", "string")]
AnySized = Annotated[Any, _one_of("string", "bytes", "list", "map")]
AnyOctets = Annotated[Any, _one_of("string", "bytes")]
AnyLevel = Annotated[Any, _one_of("string", "int")]
"""Values that a function looks at itself, and of which it takes some kinds only."""

ConstText = Annotated[str, Fixed("string literal", str)]
ConstInt = Annotated[int, Fixed("int literal", int)]
ConstDouble = Annotated[float, Fixed("double literal", float)]
ConstBool = Annotated[bool, Fixed("bool literal", bool)]
ConstBytes = Annotated[bytes, Fixed("bytes literal", bytes)]
ConstEnum = Annotated[int, ENUM]

Regex = Annotated[re.Pattern[str], Pattern("regex", _regex)]
GlobPattern = Annotated[TextMatcher, Pattern("glob", _glob)]


class TargetPath(Protocol):
    """A path that an editor reads and writes."""

    text: str
    """As it stands in the statement."""

    def get(self, record: Any) -> Value:
        """The value; None for nil and for what is not there."""

    def set(self, record: Any, value: Value) -> None:
        """Write a value."""

    def edit(self, record: Any) -> Value:
        """The value itself, for changing a map or list in place; it counts as changed."""


Target = Annotated[TargetPath, TARGET]
FunctionRef = Annotated[Callable[[Any, str], Value], FUNCTION]
"""A converter of one text, called with the record and that text."""
LambdaOf: TypeAlias = CompiledLambda
Lambda0 = Annotated[LambdaOf, Special("lambda of 0")]
Lambda2 = Annotated[LambdaOf, Special("lambda of 2")]
Lambda3 = Annotated[LambdaOf, Special("lambda of 3")]
"""Called with the record and its arguments."""
