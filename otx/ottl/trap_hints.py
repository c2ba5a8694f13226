"""What is meant by comparisons that are never true, and by setting what does not fit."""

import difflib
import re
from collections.abc import Collection

from otx.model.frozen import Frozen
from otx.ottl.completion import ENUM_PREFIXES
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.expression_kinds import KindFinder, PathFacts, is_id_text
from otx.ottl.literals import quote
from otx.ottl.syntax import Comparison, Constant, EnumSymbol, Expression, Node, Path

_ZEROES = {
    "string": '""',
    "int": "0",
    "double": "0.0",
    "TraceID": "TraceID(0x00000000000000000000000000000000)",
    "SpanID": "SpanID(0x0000000000000000)",
}
_TIME_FORMATS = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "%Y-%m-%dT%H:%M:%SZ"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"), "%Y-%m-%dT%H:%M:%S%j"),
)
"""How a text may tell a time, and the format that reads it."""
_CONVERSIONS = {
    ("any", "time"): 'FormatTime({}, "%Y-%m-%dT%H:%M:%S%z")',
    ("any", "duration"): "Nanoseconds({})",
    ("any", "TraceID"): "{}.string",
    ("any", "SpanID"): "{}.string",
    ("any", "ProfileID"): "{}.string",
    ("string", ""): "String({})",
    ("int", "string"): "Int({})",
    ("int", "double"): "Int({})",
    ("int", "time"): "UnixNano({})",
    ("double", "int"): "Double({})",
    ("time", "int"): "Unix(0, {})",
    ("TraceID", "string"): "TraceID({})",
    ("SpanID", "string"): "SpanID({})",
}
"""The kinds of a path (`any` under a key) and of a value that does not fit -> what converts it."""


class _Given(Frozen):
    """A path, and a literal that does not fit it.

    Attributes:
        facts: What is known of the path.
        shown: The path as it stands in the text.
        literal: The literal as it stands there.
        value: Its value.
        enums: The symbols of the context.
    """

    facts: PathFacts
    shown: str
    literal: str
    value: object
    enums: Collection[str]


def comparison_hint(node: Comparison, text: str, kinds: KindFinder, context: Context) -> str:
    """What to compare instead; "" where that cannot be guessed."""
    for path, other in ((node.left, node.right), (node.right, node.left)):
        facts = kinds.path(path) if isinstance(path, Path) else None
        if facts is None:
            continue
        shown = text[path.place.start : path.place.end]
        operator = node.operator if path is node.left else _turned(node.operator)
        if isinstance(other, EnumSymbol):
            shown, fitting = _beside(facts, shown, other), other.name
        elif isinstance(other, Constant):
            literal = text[other.place.start : other.place.end]
            given = _Given(facts, shown, literal, other.value, tuple(context.enums))
            shown, fitting = _fitting(given)
        else:
            continue
        if shown and fitting:
            return f"write {shown} {operator} {fitting}{_or_string(facts, shown, operator, other)}"
    return ""


def unequal_text_hint(facts: PathFacts, value: str) -> str:
    """What a path can be where it is never a text; "" where it may be that text."""
    texts = facts.accessor.texts
    if texts and value not in texts:
        near = _near_text(facts.accessor, value)
        return f'write "{near}"' if near else f"it is one of {', '.join(texts)}"
    if facts.id_bytes and not is_id_text(value, facts.id_bytes):
        return f"it has {2 * facts.id_bytes} hexadecimal digits"
    if facts.id_bytes and value != value.lower():
        return f'write "{value.lower()}"'
    return ""


def conversion_hint(
    target: Path, value: Expression, text: str, kinds: KindFinder, context: Context
) -> str:
    """What to set instead of a value whose kind does not fit; "" where that cannot be guessed."""
    facts = kinds.path(target)
    if facts is None:
        return ""
    shown = text[target.place.start : target.place.end]
    literal = text[value.place.start : value.place.end]
    if isinstance(value, Constant) and not facts.keys:
        near = _near_text(facts.accessor, value.value)
        given = _Given(facts, shown, literal, value.value, tuple(context.enums))
        place, fitting = (shown, quote(near)) if near else _fitting(given)
        return f"write set({place}, {fitting})" if fitting else ""
    wanted = "any" if facts.keys else facts.accessor.type
    for kind in kinds.of(value):
        form = _CONVERSIONS.get((wanted, kind)) or _CONVERSIONS.get((wanted, ""))
        if form:
            return f"write set({shown}, {form.format(literal)})"
    return ""


def _fitting(given: _Given) -> tuple[str, str]:
    """A path and a literal that fit each other; a literal of "" where none is known."""
    kind, value, literal = given.facts.accessor.type, given.value, given.literal
    shown = given.shown
    if value is None:
        return shown, _ZEROES.get(kind, "")
    if isinstance(value, str):
        return _fitting_text(given, kind, value)
    if kind == "string":
        return shown, quote(literal)
    if kind == "double" and type(value) is int:
        return shown, f"{literal}.0"
    if kind == "time" and type(value) is int:
        return f"{shown}_unix_nano", literal
    return shown, ""


def _fitting_text(given: _Given, kind: str, value: str) -> tuple[str, str]:
    symbol = _symbol(given.facts.name, value, given.enums)
    if symbol:
        return given.shown, symbol
    is_number = kind in ("int", "double") and value.isascii() and value.isdigit()
    if is_number or (kind == "bool" and value in ("true", "false")):
        return given.shown, value + (".0" if kind == "double" else "")
    if kind == "time":
        format_ = next((one for form, one in _TIME_FORMATS if form.fullmatch(value)), "")
        return given.shown, f"Time({given.literal}, {quote(format_)})" if format_ else ""
    if "string" in given.facts.accessor.sections:
        return f"{given.shown}.string", given.literal
    return given.shown, ""


def _beside(facts: PathFacts, shown: str, symbol: EnumSymbol) -> str:
    """The path that holds the enum of a symbol, beside one that does not; "" for none."""
    for name, prefix in ENUM_PREFIXES.items():
        if symbol.name.startswith(prefix) and name != facts.name:
            return f"{shown.removesuffix(facts.name)}{name}"
    return ""


def _symbol(name: str, value: str, enums: Collection[str]) -> str:
    """The enum symbol that a text means on a path; "" for none."""
    prefix = ENUM_PREFIXES.get(name)
    if not prefix:
        return ""
    symbols = [one for one in enums if one.startswith(prefix)]
    wanted = value.upper().replace(" ", "_")
    exact = [one for one in symbols if one in (wanted, prefix + wanted)]
    near = exact or difflib.get_close_matches(prefix + wanted, symbols, n=1, cutoff=0.8)
    return near[0] if near else ""


def _near_text(accessor: Accessor, value: object) -> str:
    """The one of the texts of a path that is meant; "" for none."""
    texts = accessor.texts if isinstance(value, str) else ()
    return next((one for one in texts if one.lower() == str(value).lower()), "")


def _or_string(facts: PathFacts, shown: str, operator: str, other: Expression) -> str:
    """The other way to write it: by the section that is a text."""
    string = facts.accessor.sections.get("string")
    value = other.value if isinstance(other, Constant) else None
    near = _near_text(string, value) if string else ""
    return f', or {shown}.string {operator} "{near}"' if near else ""


def _turned(operator: str) -> str:
    """An operator with its sides exchanged."""
    return operator.translate(str.maketrans("<>", "><"))


def setting_hint(target: Node, shown: str, text: str) -> str:
    """What empties or removes what nil is set to."""
    last = target.fields[-1] if isinstance(target, Path) else None
    if last is None or not last.keys:
        return f"clear({shown}) says the same"
    key = last.keys[-1].place
    container = text[target.place.start : text.rindex("[", target.place.start, key.start)]
    return f"delete_key({container.rstrip()}, {text[key.start : key.end]}) removes the key"
