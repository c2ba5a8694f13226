"""What a run changed: two states of a record by path, and where they differ.

Paths are written as OTTL knows them. A part of a record that has a context of its own goes by that
context's name with its position: `datapoint[0].value_int`, `spanevent[1].attributes["k"]`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.ottl.otlp_fields import ATTRIBUTES
from otx.ottl.record_state import RecordState
from otx.ottl.shortened import Again, Short

Sign: TypeAlias = Literal["+", "-", "~"]
Flat: TypeAlias = dict[str, Any]
"""A record's fields by path."""
Steps: TypeAlias = tuple[str | int, ...]
"""A path into a record's state: `("span", "attributes", "http.method")`."""

CONTEXTS_OF_PARTS: Mapping[tuple[str, str], str] = {
    ("span", "events"): "spanevent",
    ("span", "links"): "spanlink",
    ("metric", "data_points"): "datapoint",
    ("profile", "samples"): "profilesample",
}
"""The lists of a record whose elements have a context of their own."""
MAPS = ATTRIBUTES | {"body"}
"""The fields behind which keys stand in brackets."""

_MISSING: Any = object()
_POINT = ("metric", "data_points")
_NUMBERS: Mapping[type, tuple[str, str]] = {
    int: ("value_int", "int_value"),
    float: ("value_double", "double_value"),
}
"""What OTTL calls the value of a data point and of an exemplar."""


@dataclass(frozen=True, slots=True)
class Change:
    """One path whose value is another than before.

    Attributes:
        sign: `+` was not there before, `-` is not there any more, `~` is another.
    """

    sign: Sign
    path: str
    before: Any = None
    after: Any = None


def changes(before: Flat, after: Flat) -> list[Change]:
    """Where two flattened records differ, in the order of the first and then of the second."""
    found: list[Change] = []
    for path, old in before.items():
        new = after.get(path, _MISSING)
        if new is _MISSING:
            found.append(Change("-", path, before=old))
        elif not is_same(old, new):
            found.append(Change("~", path, old, new))
    found += [Change("+", path, after=new) for path, new in after.items() if path not in before]
    return found


def state_changes(before: RecordState, after: RecordState) -> list[Change]:
    """What changed in a record, and in its resource and scope."""
    return changes(
        flat(_differing(before.short, after.short)), flat(_differing(after.short, before.short))
    )


def flat(short: Short) -> Flat:
    """A state by its paths, down to the values that differ or not."""
    return {path_text(steps, value): value for steps, value in _leaves((), short, is_keyed=False)}


def path_text(steps: Steps, value: Any = None) -> str:
    """The path as OTTL writes it.

    Args:
        steps: Where it leads in a record's state.
        value: What stands there: OTTL has one path for ints and one for doubles.
    """
    text = ""
    is_keyed = False
    for step in _renamed(steps, value):
        if isinstance(step, int):
            text += f"[{step}]"
        elif is_keyed:
            text += f"[{_key_text(step)}]"
        else:
            text += f".{step}"
            is_keyed = step in MAPS
        if isinstance(step, Again):
            text += f" (entry {step.entry})"
    return text.removeprefix(".")


def keyed(path: str, key: str) -> str:
    """The path of an entry of a map."""
    return f"{path}[{_key_text(key)}]"


def is_same(one: Any, other: Any) -> bool:
    """Equality that tells 1, 1.0 and true apart, and to which not-a-number is itself."""
    if type(one) is str:  # most of what is compared
        return type(other) is str and one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


def _differing(one: Short, other: Short) -> Short:
    """The fields of a state that another has otherwise or not at all: few need a path."""
    return {
        part: {
            name: value
            for name, value in fields.items()
            if name not in other[part] or not is_same(value, other[part][name])
        }
        for part, fields in one.items()
    }


def _key_text(key: str) -> str:
    text = key.key if isinstance(key, Again) else key
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _renamed(steps: Steps, value: Any) -> Steps:
    """The steps in OTTL's words."""
    head = (str(steps[0]), str(steps[1])) if len(steps) > 2 else ("", "")
    if head not in CONTEXTS_OF_PARTS or not isinstance(steps[2], int):
        return steps
    rest = steps[2:]
    names = _NUMBERS.get(type(value))
    if head == _POINT and names is not None and rest[1:] == ("value",):
        rest = (rest[0], names[0])
    if head == _POINT and rest[1:2] == ("exemplars",) and len(rest) > 2:
        is_value = names is not None and rest[3:] == ("value",)
        rest = (rest[0], "exemplar", rest[2], *((names[1],) if names and is_value else rest[3:]))
    return (CONTEXTS_OF_PARTS[head], *rest)


def _leaves(steps: Steps, value: Any, *, is_keyed: bool) -> Iterator[tuple[Steps, Any]]:
    # An empty map says something in a list or as a value, and nothing as a field.
    if isinstance(value, Mapping) and (value or not (is_keyed or isinstance(steps[-1], int))):
        for key, inner in value.items():
            below = is_keyed or key in MAPS
            yield from _leaves((*steps, key), inner, is_keyed=below)
    elif isinstance(value, list) and not is_keyed and value and isinstance(value[0], Mapping):
        for at, inner in enumerate(value):
            yield from _leaves((*steps, at), inner, is_keyed=False)
    else:
        yield steps, value
