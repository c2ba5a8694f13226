"""One value under one verb of Go's fmt: what `%5.2f`, `%q` or `%v` makes of it.

Maps and lists are shown as Go shows its own (`map[a:1]`, `[1 2]`). The reference shows those that
come from a record as addresses in memory, which are of no use to anybody.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from otx.ottl.go_own_text import duration_text, identifier_text, time_text
from otx.ottl.go_strconv import can_be_raw, character, format_float, quote, quote_rune
from otx.ottl.values import (
    Duration,
    Opaque,
    ProfileId,
    SpanId,
    Time,
    TraceId,
    Value,
    is_map,
)

_UINT64 = 1 << 64
_STRINGER_VERBS = "vsxXq"
_BASIC = {bool, int, float, str, bytes}
_TYPE_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    bytes: "[]uint8",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    Time: "time.Time",
    Duration: "time.Duration",
    TraceId: "pcommon.TraceID",
    SpanId: "pcommon.SpanID",
    ProfileId: "pprofile.ProfileID",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The flags, width and precision of a directive.

    Attributes:
        sharp_v: `#` of `%#v`, which asks for Go syntax.
        is_refused: Whether a value is shown to say that a verb does not fit it: then no type shows
            itself in its own way.
    """

    sharp: bool = False
    zero: bool = False
    plus: bool = False
    minus: bool = False
    space: bool = False
    width: int | None = None
    precision: int | None = None
    sharp_v: bool = False
    is_refused: bool = False

    def with_width(self, width: int | None) -> "Layout":
        """The same with the width of an argument: a negative one fills on the right."""
        if width is not None and width < 0:
            return replace(self, width=-width, minus=True, zero=False)
        return replace(self, width=width)

    def for_values(self) -> "Layout":
        """As `%v` takes it: `#` and `+` ask for other syntax, not for another form."""
        return replace(self, sharp=False, plus=False, sharp_v=self.sharp)

    def pad(self, text: str, *, zeros: bool = True) -> str:
        """A text filled up to the width."""
        if not self.width or len(text) >= self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero and zeros else " ")

    def cut(self, text: str) -> str:
        """A text cut to the precision."""
        return text if self.precision is None else text[: self.precision]


Show: TypeAlias = Callable[[Layout, Value, str], str]


def show(layout: Layout, value: Value, verb: str) -> str:
    """An argument of Sprintf."""
    if value is None:
        return layout.pad("<nil>") if verb in "Tv" else f"%!{verb}(<nil>)"
    if verb == "T":
        return layout.pad(layout.cut(type_name(value)))
    if verb == "p" or (verb == "w" and type(value) not in _BASIC):
        return _refused(layout, value, verb)
    return _show(layout, value, verb)


def type_name(value: Value) -> str:
    """The Go type of a value as `%T` names it."""
    name = _TYPE_NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Opaque):
        return "[]uint64" if value.is_numbers else value.kind
    return _TYPE_NAMES[dict]


def _show(layout: Layout, value: Value, verb: str) -> str:
    """A value at any depth."""
    own = _OWN_TEXT.get(type(value))
    if own is not None and verb in _STRINGER_VERBS and not layout.is_refused and not layout.sharp_v:
        return _text(layout, own(value), verb)
    shower = _SHOWERS.get(type(value))
    if shower is not None:
        return shower(layout, value, verb)
    if is_map(value):
        return _map(layout, value, verb)
    return _opaque(layout, value, verb)


def _refused(layout: Layout, value: Value, verb: str, name: str = "") -> str:
    """What Go writes for a verb that a type does not have."""
    shown = _show(replace(layout, is_refused=True), value, "v")
    return f"%!{verb}({name or type_name(value)}={shown})"


def _boolean(layout: Layout, value: bool, verb: str) -> str:
    if verb not in "tv":
        return _refused(layout, value, verb)
    return layout.pad("true" if value else "false")


def _text(layout: Layout, value: str, verb: str) -> str:
    if verb == "s" or (verb == "v" and not layout.sharp_v):
        return layout.pad(layout.cut(value))
    if verb in "qv":
        cut = layout.cut(value)
        if layout.sharp and can_be_raw(cut):
            return layout.pad(f"`{cut}`")
        return layout.pad(quote(cut, to_ascii=layout.plus))
    if verb in "xX":
        return _hex(layout, value.encode("utf-8", "surrogateescape"), verb)
    return _refused(layout, value, verb)


def _hex(layout: Layout, value: bytes, verb: str) -> str:
    kept = value if layout.precision is None else value[: layout.precision]
    prefix = "0x" if layout.sharp and kept else ""
    shown = prefix + (kept.hex(" ").replace(" ", f" {prefix}") if layout.space else kept.hex())
    return layout.pad(shown.upper() if verb == "X" else shown)


def _octets(layout: Layout, value: bytes, verb: str) -> str:
    if verb == "s":
        return layout.pad(layout.cut(value.decode("utf-8", "surrogateescape")))
    if verb == "q":
        return _text(layout, value.decode("utf-8", "surrogateescape"), verb)
    if verb in "xX":
        return _hex(layout, value, verb)
    return _bytes_as_list(layout, value, verb, "[]byte" if verb == "v" else "[]uint8")


def _bytes_as_list(layout: Layout, value: bytes, verb: str, name: str) -> str:
    items = [_integer(layout, one, verb, name="uint8") for one in value]
    return f"{name}{{{', '.join(items)}}}" if layout.sharp_v else f"[{' '.join(items)}]"


def _integer(layout: Layout, value: int, verb: str, name: str = "int64") -> str:
    """A number; `name` tells signed from unsigned ones."""
    if verb in _BASES:
        if verb == "v" and layout.sharp_v and name.startswith("u"):
            return _digits(replace(layout, sharp=True), value, 16, "v")
        return _digits(layout, value, _BASES[verb], verb)
    if verb == "c":
        return layout.pad(character(value))
    if verb == "q":
        return layout.pad(quote_rune(value, to_ascii=layout.plus))
    if verb == "U":
        return _code_point(layout, value)
    return f"%!{verb}({name}={_integer(layout, value, 'v', name)})"


_BASES = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_DIGIT_CODES = {10: "d", 2: "b", 8: "o", 16: "x"}


def _digits(layout: Layout, value: int, base: int, verb: str) -> str:
    sign = "-" if value < 0 else "+" if layout.plus else " " if layout.space else ""
    if layout.precision == 0 and value == 0:
        return " " * (layout.width or 0)
    digits = format(abs(value), _DIGIT_CODES[base])
    if layout.precision is not None:
        digits = digits.rjust(layout.precision, "0")
    elif layout.zero and not layout.minus and layout.width:
        digits = digits.rjust(layout.width - len(sign), "0")
    if layout.sharp:
        if base == 8:
            digits = digits if digits[0] == "0" else f"0{digits}"
        elif base != 10:
            digits = f"0{_DIGIT_CODES[base]}{digits}"
    if verb == "O":
        digits = f"0o{digits}"
    shown = digits.upper() if verb == "X" else digits
    return layout.pad(sign + shown, zeros=False)


def _code_point(layout: Layout, value: int) -> str:
    digits = format(value % _UINT64, "X").rjust(max(layout.precision or 0, 4), "0")
    shown = f"U+{digits}"
    if layout.sharp and 0 <= value <= 0x10FFFF and chr(value).isprintable():
        shown += f" '{chr(value)}'"
    return layout.pad(shown, zeros=False)


def _double(layout: Layout, value: float, verb: str) -> str:
    if verb not in "vbgGxXfFeE":
        return _refused(layout, value, verb)
    form = {"v": "g", "F": "f"}.get(verb, verb)
    precision = layout.precision
    if precision is None:
        precision = 6 if form in "feE" else -1
    shown = format_float(value, form, precision)
    sign = "+" if shown[0] not in "+-" else shown[0]
    number = shown.lstrip("+-")
    if layout.space and sign == "+" and not layout.plus:
        sign = " "
    if number[0] in "IN":
        is_signless = number[0] == "N" and not layout.space and not layout.plus
        return layout.pad(number if is_signless else sign + number, zeros=False)
    if layout.sharp and form != "b":
        number = _with_point(number, form, precision)
    if not layout.plus and sign == "+":
        return layout.pad(number)
    if layout.zero and not layout.minus and layout.width:
        return sign + number.rjust(layout.width - 1, "0")
    return layout.pad(sign + number)


def _with_point(number: str, form: str, precision: int) -> str:
    """What `#` asks for: a point in any case, and the zeros that `g` drops."""
    marks = "pP" if form in "xX" else "eE"
    at = next((at for at, c in enumerate(number) if c in marks), len(number))
    head, tail = number[:at], number[at:]
    wanted = 0
    if form in "gGx":
        wanted = 6 if precision == -1 else precision
        wanted -= len(head.replace(".", "").lstrip("0"))  # Go counts the x of 0x as one
    if "." not in head:
        wanted -= head == "0"
        head += "."
    return head + "0" * max(wanted, 0) + tail


def _list(layout: Layout, value: Iterable[Value], verb: str) -> str:
    items = [_member(layout, one, verb) for one in value]
    return _in_brackets(layout, items, type_name(value))


def _member(layout: Layout, value: Value, verb: str) -> str:
    """A value in a list or map."""
    if value is None:
        return "interface {}(nil)" if layout.sharp_v else "<nil>"
    if type(value) is bytes and layout.sharp_v:
        return _bytes_as_list(layout, value, verb, type_name(value))
    return _show(layout, value, verb)


def _in_brackets(layout: Layout, items: Iterable[str], name: str) -> str:
    return f"{name}{{{', '.join(items)}}}" if layout.sharp_v else f"[{' '.join(items)}]"


def _map(layout: Layout, value: Value, verb: str) -> str:
    entries = [
        f"{_text(layout, key, verb)}:{_member(layout, value[key], verb)}"
        for key in sorted(value, key=lambda key: key.encode("utf-8", "surrogateescape"))
    ]
    if layout.sharp_v:
        return f"{type_name(value)}{{{', '.join(entries)}}}"
    return f"map[{' '.join(entries)}]"


def _opaque(layout: Layout, value: Opaque, verb: str) -> str:
    if not value.is_numbers:
        return layout.pad(layout.cut(f"{{{value.kind}}}"))
    items = [_integer(layout, one, verb, "uint64") for one in value.content]
    return _in_brackets(layout, items, type_name(value))


def _duration(layout: Layout, value: Duration, verb: str) -> str:
    return _integer(layout, value.ns, verb, "time.Duration")


def _moment(layout: Layout, value: Time, verb: str) -> str:
    return f"%!{verb}(time.Time={time_text(value)})"


def _identifier(layout: Layout, value: TraceId | SpanId | ProfileId, verb: str) -> str:
    return _bytes_as_list(layout, value.raw, verb, type_name(value))


_OWN_TEXT: dict[type, Callable[..., str]] = {
    Duration: duration_text,
    Time: time_text,
    TraceId: identifier_text,
    SpanId: identifier_text,
    ProfileId: identifier_text,
}
_SHOWERS: dict[type, Callable[..., str]] = {
    bool: _boolean,
    str: _text,
    bytes: _octets,
    int: _integer,
    float: _double,
    list: _list,
    dict: _map,
    Duration: _duration,
    Time: _moment,
    TraceId: _identifier,
    SpanId: _identifier,
    ProfileId: _identifier,
}
