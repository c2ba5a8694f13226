"""Functions that bring a value to another kind."""

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, converter
from otx.ottl.go_strconv import parse_int
from otx.ottl.parameters import BooleanLike, DoubleLike, Integer, IntegerLike, OctetsLike, Text


@converter("Bool", since="0.143", example=Example('Bool("true")', "true"))
def bool_(target: BooleanLike) -> bool | None:
    """A value as a boolean: numbers but 0 are true, and texts such as `1`, `t` and `true`."""
    return target


@converter("Double", example=Example('Double("1.5")', "1.5"))
def double(target: DoubleLike) -> float | None:
    """A value as a double."""
    return target


@converter("Int", example=Example("Int(1.9)", "1"))
def int_(target: IntegerLike) -> int | None:
    """A value as an integer: a double is cut, a text has to be decimal."""
    return target


@converter(
    "ParseInt",
    fails="target is no integer of that base",
    example=Example('ParseInt("0xAF", 0)', "175"),
)
def parse_int_(target: Text, base: Integer) -> int:
    """The integer that a text writes in a base; base 0 reads `0x`, `0o` and `0b`."""
    if base < 0:
        raise ExecutionError(f"{base} is no base: it takes 0, or 2 to 36")
    return parse_int(target, base)


@converter("Hex", example=Example('Hex("AB")', '"4142"'))
def hex_(target: OctetsLike) -> str:
    """The bytes of a value in hexadecimal: of a number eight, of a boolean one, of nil none."""
    return "" if target is None else target.hex()
