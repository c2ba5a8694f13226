"""What functions take for a text, a number, a map: the reference's "getters".

A strict class refuses nil and every other kind. A `…_like` class converts what it can and passes
nil on. All raise ExecutionError, because what a path holds is known at run time only.
"""

import struct

from otx.ottl.arithmetic import truncate
from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import parse_float, parse_int
from otx.ottl.value_json import json_text, number_text
from otx.ottl.values import Duration, Map, Opaque, Time, Value, is_map, wrap_int64

_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}


def _refused(wanted: str, value: Value) -> ExecutionError:
    from otx.ottl.value_text import kind_and_value  # for the error alone

    return ExecutionError(f"a {wanted} is wanted, not {kind_and_value(value)}")


def text(value: Value) -> str:
    """A string and nothing else."""
    if type(value) is str:
        return value
    raise _refused("string", value)


def text_like(value: Value) -> str | None:
    """Anything as text: bytes as hex, everything else but strings as JSON."""
    if type(value) is str or value is None:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return number_text(value, pads_exponent=True)
    return value.hex() if type(value) is bytes else json_text(value)


def integer(value: Value) -> int:
    """An int64 and nothing else."""
    if type(value) is int:
        return value
    raise _refused("int", value)


def integer_like(value: Value) -> int | None:
    """An int64, or a double, a boolean or a decimal text as one."""
    if type(value) is int or value is None:
        return value
    if type(value) is float:
        return truncate(value)
    if type(value) is bool:
        return int(value)
    if type(value) is str:
        return parse_int(value, 10)
    raise _refused("number", value)


def double(value: Value) -> float:
    """A float64 and nothing else."""
    if type(value) is float:
        return value
    raise _refused("double", value)


def double_like(value: Value) -> float | None:
    """A float64, or an int, a boolean or a text as one."""
    if type(value) is float or value is None:
        return value
    if type(value) in (int, bool):
        return float(value)
    if type(value) is str:
        return parse_float(value)
    raise _refused("number", value)


def boolean(value: Value) -> bool:
    """A boolean and nothing else."""
    if type(value) is bool:
        return value
    raise _refused("bool", value)


def boolean_like(value: Value) -> bool | None:
    """A boolean, or a number or a text as one (Go's strconv.ParseBool)."""
    if type(value) is bool or value is None:
        return value
    if type(value) in (int, float):
        return bool(value != 0)
    if type(value) is str:
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise ExecutionError(f"{value!r} is neither true nor false")
    raise _refused("bool", value)


def octets_like(value: Value) -> bytes | None:
    """Bytes: of a text its own, of numbers eight big-endian ones, of a boolean one."""
    if type(value) is bytes or value is None:
        return value
    if type(value) is str:
        return value.encode("utf-8", "surrogateescape")
    if type(value) is int:
        return struct.pack(">q", value)
    if type(value) is float:
        return struct.pack(">d", value)
    if type(value) is bool:
        return b"\x01" if value else b"\x00"
    raise _refused("bytes", value)


def mapping(value: Value) -> Map:
    """A map and nothing else."""
    if is_map(value):
        kept: Map = value
        return kept
    raise _refused("map", value)


def sequence(value: Value) -> list[Value]:
    """A list of values or numbers, and nothing else."""
    if type(value) is list:
        return value
    if isinstance(value, Opaque) and value.is_numbers:
        return list(map(wrap_int64, value.content))
    raise _refused("list", value)


def moment(value: Value) -> Time:
    """A time and nothing else."""
    if type(value) is Time:
        return value
    raise _refused("time", value)


def length_of_time(value: Value) -> Duration:
    """A duration and nothing else."""
    if type(value) is Duration:
        return value
    raise _refused("duration", value)
