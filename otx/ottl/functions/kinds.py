"""Functions that ask what a value is."""

from typing import Annotated, Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.parameters import Coerced, Regex, TextLike
from otx.ottl.substitution import contains
from otx.ottl.values import Duration, Opaque, ProfileId, SpanId, Time, TraceId, Value, is_map


def _as_it_is(value: Value) -> Value:
    return value


# Any value at run time; but a literal of another kind is a mistake, and refused.
_BoolOrOther = Annotated[Any, Coerced("bool", _as_it_is, (bool,))]
_DoubleOrOther = Annotated[Any, Coerced("double", _as_it_is, (float,))]
_IntOrOther = Annotated[Any, Coerced("int", _as_it_is, (int,))]
_StringOrOther = Annotated[Any, Coerced("string", _as_it_is, (str,))]
_MapOrOther = Annotated[Any, Coerced("map", _as_it_is, (dict,))]

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Twice a digit, and of that the sum of digits."""


@converter("IsBool", example=Example('IsBool(attributes["a"])', "true", '{"a": true}'))
def is_bool(target: _BoolOrOther) -> bool:
    """Whether a value is a boolean."""
    return type(target) is bool


@converter("IsDouble", example=Example('IsDouble(attributes["a"])', "true", '{"a": 1.5}'))
def is_double(target: _DoubleOrOther) -> bool:
    """Whether a value is a double."""
    return type(target) is float


@converter("IsInt", example=Example('IsInt(attributes["a"])', "true", '{"a": 1}'))
def is_int(target: _IntOrOther) -> bool:
    """Whether a value is an integer."""
    return type(target) is int


@converter("IsString", example=Example('IsString(attributes["a"])', "true", '{"a": "b"}'))
def is_string(target: _StringOrOther) -> bool:
    """Whether a value is a text."""
    return type(target) is str


@converter("IsMap", example=Example('IsMap(attributes["a"])', "true", '{"a": {"b": 1}}'))
def is_map_(target: _MapOrOther) -> bool:
    """Whether a value is a map."""
    return is_map(target)


@converter("IsList", example=Example('IsList(attributes["a"])', "true", '{"a": [1, 2]}'))
def is_list(target: Any) -> bool:
    """Whether a value is a list."""
    if isinstance(target, Opaque):
        # Lists of uint64 are none to the reference, by an oversight that data may rely on.
        return target.is_list and not target.is_numbers
    return type(target) is list


@converter("IsEmpty", since="0.157", example=Example('IsEmpty("")', "true"))
def is_empty(target: Any) -> bool:
    """Whether a value is nil, zero, false, or a text, list, map or bytes of no length."""
    if isinstance(target, Opaque):
        return target.is_numbers and not target.content
    if isinstance(target, (TraceId, SpanId, ProfileId)):
        return not any(target.raw)
    if type(target) is Duration:
        return target.ns == 0
    return type(target) is not Time and not target


@converter("IsMatch", example=Example('IsMatch("GET /health", "^GET ")', "true"))
def is_match(target: TextLike, pattern: Regex) -> bool:
    """Whether a regular expression is found in a value; never in nil."""
    return target is not None and contains(pattern, target)


@converter(
    "IsValidLuhn",
    fails="target has more than digits and blanks",
    example=Example('IsValidLuhn("4111 1111 1111 1111")', "true"),
)
def is_valid_luhn(target: TextLike) -> bool:
    """Whether the last digit of a number is the check digit of the others; blanks do not count."""
    if target is None:
        raise ExecutionError("nil is no number")
    digits = target.replace(" ", "")
    if not digits:
        return False
    if not (digits.isascii() and digits.isdigit()):
        raise ExecutionError("a number for IsValidLuhn has digits and blanks only")
    numbers = [ord(digit) - ord("0") for digit in digits]
    total = sum(numbers[-1::-2]) + sum(_DOUBLED[number] for number in numbers[-2::-2])
    return total % 10 == 0


@converter_builder("IsRootSpan", contexts=("span",), example=Example("IsRootSpan()", "true"))
def is_root_span() -> Gives[bool]:
    """Whether a span has no parent."""
    return lambda record: not any(record.item.parent_span_id)
