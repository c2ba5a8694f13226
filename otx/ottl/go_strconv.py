"""Numbers and quoted texts as Go's `strconv` reads and writes them."""

import math
import re
import struct

from otx.ottl.errors import ExecutionError
from otx.ottl.go_unicode import REPLACEMENT, is_stray_byte

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_NAMED_FLOAT = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE | re.ASCII)
_PREFIX = re.compile(r"0([xX])|0[bBoO]")
_STRAY_UNDERSCORE = re.compile(r"(?<![0-9])_|_(?![0-9])")
_STRAY_UNDERSCORE_IN_HEX = re.compile(r"(?<![0-9a-fA-F])_|_(?![0-9a-fA-F])")
_NAN = struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0]
"""Go's NaN, which has another bit than Python's."""

_INT64_LIMIT = 1 << 63
_MAX_DIGITS = 100
"""Digits that are looked at: with more, no number fits int64, and Python would take its time."""

_PREFIXES = {"0b": 2, "0o": 8, "0x": 16}
_SIMPLE_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def parse_float(text: str) -> float:
    """A text as strconv.ParseFloat reads it.

    Raises:
        ExecutionError: It is no number, or beyond float64.
    """
    if _NAMED_FLOAT.fullmatch(text):
        value = float(text)
        return _NAN if math.isnan(value) else value
    digits = _without_underscores(text)
    if digits is not None and _FLOAT.fullmatch(digits):
        value = float(digits)
    elif digits is not None and _HEX_FLOAT.fullmatch(digits):
        value = _from_hex(digits)
    else:
        raise ExecutionError(f"{text!r} is no number")
    if math.isinf(value):
        raise ExecutionError(f"{text!r} is out of a double's range")
    return value


def _from_hex(digits: str) -> float:
    try:
        return float.fromhex(digits)
    except OverflowError:
        return math.inf


def parse_int(text: str, base: int) -> int:
    """A text as strconv.ParseInt reads it for int64.

    Args:
        text: What to read.
        base: 2 to 36, or 0: then the text says so by `0x`, `0o`, `0` or `0b`, and may have `_`.

    Raises:
        ExecutionError: It is no number of that base, or beyond int64.
    """
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if base == 0:
        base, digits = _without_prefix(digits)
    elif not 2 <= base <= 36:
        raise ExecutionError(f"{base} is no base: it takes 0, or 2 to 36")
    number = _digits_value(digits, base)
    if number is None:
        raise ExecutionError(f"{text!r} is no integer of base {base}")
    number = -number if sign == "-" else number
    if not -_INT64_LIMIT <= number < _INT64_LIMIT:
        raise ExecutionError(f"{text!r} is out of an int's range")
    return number


def _digits_value(digits: str, base: int) -> int | None:
    # Python would take signs, blanks, underscores, digits of other scripts and a prefix.
    if not (digits.isascii() and digits.isalnum()) or _PREFIXES.get(digits[:2].lower()) == base:
        return None
    try:
        return int(digits.lstrip("0")[:_MAX_DIGITS] or "0", base)
    except ValueError:
        return None


def _without_prefix(digits: str) -> tuple[int, str]:
    """The base that a prefix names, and the digits without it and without underscores."""
    digits = _without_underscores(digits) or ""
    base = _PREFIXES.get(digits[:2].lower())
    if base is not None:
        return base, digits[2:]
    return (8, digits[1:]) if digits[:1] == "0" and len(digits) > 1 else (10, digits)


def _without_underscores(text: str) -> str | None:
    """A number without its `_`; None where one is not between digits or behind a prefix."""
    if "_" not in text:
        return text
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    prefix = _PREFIX.match(unsigned)
    is_hex = prefix is not None and prefix[1] is not None
    rest = "0" + unsigned[2:] if prefix else unsigned
    stray = (_STRAY_UNDERSCORE_IN_HEX if is_hex else _STRAY_UNDERSCORE).search(rest)
    return None if stray else text.replace("_", "")


def format_float(value: float, verb: str, precision: int = -1) -> str:
    """A double as strconv.FormatFloat writes it.

    Args:
        value: What to write.
        verb: One of `b e E f g G x X`.
        precision: Digits after the point, of `g` all digits; -1 for as many as are needed.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb == "b":
        return _binary(value)
    if verb in "xX":
        text = _hexadecimal(value, precision)
        return text.upper() if verb == "X" else text
    if precision >= 0:
        return format(value, f".{precision}{verb}")
    text = _shortest(value, verb.lower())
    return text.upper() if verb in "EG" else text


def _shortest(value: float, verb: str) -> str:
    """As few digits as tell the double from its neighbours, which is what repr finds."""
    sign, digits, exponent = shortest_digits(value)
    if verb == "e" or (verb == "g" and not -4 <= exponent < 6):
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def shortest_digits(value: float) -> tuple[str, str, int]:
    """The sign, the digits without zeros at the end, and the exponent of the first of them."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return sign, "0", 0
    leading = len(whole) if whole != "0" else len(digits) - len(fraction)
    return sign, digits.rstrip("0"), leading - 1 + int(exponent or 0)


def _binary(value: float) -> str:
    mantissa, exponent = _integer_mantissa(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    return f"{sign}{mantissa}p{exponent:+d}"


def _integer_mantissa(value: float) -> tuple[int, int]:
    """What float64 holds: a number of up to 53 bits and the power of two it is multiplied by."""
    fraction, exponent = math.frexp(abs(value))
    if fraction == 0:
        return 0, -1074
    exponent = max(exponent - 53, -1074)
    return int(math.ldexp(abs(value), -exponent)), exponent


def _hexadecimal(value: float, precision: int) -> str:
    """`0x1.8p+01`: one bit before the point, rounded half to even."""
    sign = "-" if math.copysign(1, value) < 0 else ""
    mantissa, exponent = _integer_mantissa(value)
    if mantissa:
        shift = 53 - mantissa.bit_length()
        mantissa, exponent = mantissa << shift, exponent - shift + 52
    else:
        exponent = 0
    if 0 <= precision < 13:
        unit = 1 << (52 - 4 * precision)
        rest = mantissa % unit
        mantissa -= rest
        if rest * 2 > unit or (rest * 2 == unit and mantissa // unit % 2):
            mantissa += unit
        if mantissa >= 1 << 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
    digits = f"{mantissa & ((1 << 52) - 1):013x}"
    digits = digits.rstrip("0") if precision < 0 else digits[:precision].ljust(precision, "0")
    point = "." if digits else ""
    return f"{sign}0x{mantissa >> 52}{point}{digits}p{exponent:+03d}"


def quote(text: str, *, to_ascii: bool = False) -> str:
    """A text in double quotes as strconv.Quote writes it."""
    return '"' + "".join(_quoted(c, '"', to_ascii=to_ascii) for c in text) + '"'


def quote_rune(code: int, *, to_ascii: bool = False) -> str:
    """A code point in single quotes; one that is none is U+FFFD."""
    return f"'{_quoted(character(code), chr(39), to_ascii=to_ascii)}'"


def character(code: int) -> str:
    """The character of a code point; U+FFFD where there is none."""
    if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
        return chr(code)
    return REPLACEMENT


def can_be_raw(text: str) -> bool:
    """Whether a text can stand in backquotes."""
    return not any(c in "`\x7f\ufeff" or (c < " " and c != "\t") or is_stray_byte(c) for c in text)


def _quoted(c: str, mark: str, *, to_ascii: bool) -> str:
    if is_stray_byte(c):
        return f"\\x{ord(c) - 0xDC00:02x}"
    if c == mark:
        return f"\\{c}"
    if c in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[c]
    if c.isprintable() and (c.isascii() or not to_ascii):
        return c
    code = ord(c)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
