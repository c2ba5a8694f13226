"""What parses and checks and is still not what was meant: the classic traps of the language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from otx.ottl.errors import OttlError
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.syntax import Call, Comparison, Constant, Expression, Node, Path, Place, walk

_IDS = {"trace_id", "span_id", "parent_span_id", "profile_id"}
_SINGLE_ESCAPES = re.compile(r"[\a\b\f\v]")
_REGEX_ARGUMENTS = {
    "IsMatch": 1,
    "replace_pattern": 1,
    "replace_all_patterns": 2,
    "ExtractPatterns": 1,
    "delete_matching_keys": 1,
    "keep_matching_keys": 1,
}


@dataclass(frozen=True, slots=True)
class Trap:
    """A warning at a place of a text."""

    place: Place
    message: str
    hint: str = ""


def traps_in(text: str) -> list[Trap]:
    """The traps in a statement or condition; none where it does not parse."""
    for parse in (parse_statement, parse_condition):
        try:
            tree: Node = parse(text)
        except OttlError:
            continue
        return [trap for node in walk(tree) for trap in _traps(node, text)]
    return []


def _traps(node: Node, text: str) -> Iterator[Trap]:
    if isinstance(node, Comparison):
        yield from _never(node, text)
    elif isinstance(node, Call):
        yield from _of_call(node)


def _never(node: Comparison, text: str) -> Iterator[Trap]:
    """Comparisons whose two sides can never be equal."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if _is_id(one) and isinstance(other, Constant) and isinstance(other.value, (str, bytes)):
            shown = text[one.place.start : one.place.end]
            yield Trap(
                node.place,
                "an id never equals a text or bytes",
                f'write {shown}.string == "…" or == {_constructor(one)}("…")',
            )
    left, right = node.left, node.right
    if isinstance(left, Constant) and isinstance(right, Constant):
        yield Trap(node.place, "both sides are literals: this is always the same")


def _of_call(node: Call) -> Iterator[Trap]:
    arguments = [one.value for one in node.arguments]
    if node.name == "set" and arguments and _section(arguments[0]) == ("metric", "type"):
        yield Trap(
            node.arguments[0].place,
            "setting a metric's type does nothing",
            "convert_sum_to_gauge() and its kin change it",
        )
    at = _REGEX_ARGUMENTS.get(node.name)
    if at is not None and at < len(arguments):
        pattern = arguments[at]
        text = pattern.value if isinstance(pattern, Constant) else None
        if isinstance(text, str) and _SINGLE_ESCAPES.search(text):
            yield Trap(
                pattern.place,
                r"\b and its kin are control characters in a text",
                r"a regular expression's backslash is written twice: \\b",
            )


def _is_id(node: Expression) -> bool:
    return isinstance(node, Path) and node.fields[-1].name in _IDS and not node.fields[-1].keys


def _constructor(node: Expression) -> str:
    name = node.fields[-1].name if isinstance(node, Path) else ""
    return "TraceID" if name == "trace_id" else "ProfileID" if name == "profile_id" else "SpanID"


def _section(node: Expression) -> tuple[str, ...]:
    return tuple(field.name for field in node.fields) if isinstance(node, Path) else ()
