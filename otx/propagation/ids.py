"""Identifiers in hex and in decimal, and where exactly one is wrong."""

from collections.abc import Collection

from otx.model.units import counted
from otx.propagation.model import Field, Malformed, Problem

HEX = "0123456789abcdef"
ANY_HEX = HEX + "ABCDEF"
DIGITS = "0123456789"
TRACE_DIGITS, SPAN_DIGITS = 32, 16
MAX_DECIMAL = (1 << 64) - 1
_KINDS = {HEX: "lower-case hex digit", ANY_HEX: "hex digit", DIGITS: "decimal digit"}


def trace_id(
    field: Field,
    start: int,
    end: int,
    *,
    widths: Collection[int] = (TRACE_DIGITS,),
    digits: str = HEX,
) -> str:
    """The trace id that stands in these columns, padded to 32 digits.

    Args:
        field: The header.
        start: Its first column.
        end: The column behind it.
        widths: The numbers of digits that are allowed.
        digits: The characters that are allowed.

    Raises:
        Malformed: `bad_trace_id` or `zero_trace_id`.
    """
    text = _checked("trace_id", "trace id", field, (start, end), widths, digits)
    return text.lower().rjust(TRACE_DIGITS, "0")


def span_id(
    field: Field,
    start: int,
    end: int,
    *,
    widths: Collection[int] = (SPAN_DIGITS,),
    digits: str = HEX,
) -> str:
    """The same as `trace_id` for a span: 16 digits, `bad_parent_id` or `zero_parent_id`."""
    text = _checked("parent_id", "span id", field, (start, end), widths, digits)
    return text.lower().rjust(SPAN_DIGITS, "0")


def decimal_id(what: str, field: Field, start: int, end: int) -> str:
    """An unsigned 64-bit decimal number as 16 hex digits.

    Args:
        what: `trace_id` or `parent_id`, which the codes of its errors end with.
        field: The header.
        start: Its first column.
        end: The column behind it.

    Raises:
        Malformed: It is no decimal number, is 0, or needs more than 64 bits.
    """
    text = field.value[start:end]
    check_digits(f"bad_{what}", field, start, end, DIGITS)
    # Twenty digits hold 64 bits; Python refuses to read some thousand.
    number = int(text) if len(text.lstrip("0")) <= len(str(MAX_DECIMAL)) else MAX_DECIMAL + 1
    if number > MAX_DECIMAL:
        raise Malformed(
            Problem(f"bad_{what}", field, start, end, "it is more than 2^64-1, the largest")
        )
    if number == 0:
        raise Malformed(Problem(f"zero_{what}", field, start, end, "it is zero"))
    return f"{number:016x}"


def check_digits(code: str, field: Field, start: int, end: int, digits: str) -> None:
    """Look for the first character that is none of `digits`.

    Raises:
        Malformed: There is one, with the code; or there is no character at all.
    """
    text = field.value[start:end]
    if not text:
        raise Malformed(Problem(code, field, start, end, "it is empty"))
    for at, character in enumerate(text):
        if character not in digits:
            place = start + at
            detail = f"{character!r} is no {_KINDS[digits]}"
            raise Malformed(Problem(code, field, place, place + 1, detail))


def is_hex(text: str, width: int) -> bool:
    """Whether a text is that many lower-case hex digits."""
    return len(text) == width and not text.strip(HEX)


def _checked(
    what: str, name: str, field: Field, span: tuple[int, int], widths: Collection[int], digits: str
) -> str:
    text = field.value[span[0] : span[1]]
    if text.strip(digits) or not text:
        check_digits(f"bad_{what}", field, *span, digits)
    if len(text) not in widths:
        detail = f"the {name} has {counted(len(text), 'character')}, not {_allowed(widths)}"
        raise Malformed(Problem(f"bad_{what}", field, *span, detail))
    if not text.strip("0"):
        raise Malformed(Problem(f"zero_{what}", field, *span, f"the {name} is all zero"))
    return text


def _allowed(widths: Collection[int]) -> str:
    if isinstance(widths, range):
        return f"{widths[0]} to {widths[-1]}"
    return " or ".join(map(str, widths))
