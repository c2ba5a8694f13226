"""Components that OTTL is only a part of: what of them is OTTL is checked, and nothing is run.

They count, sum, look up or join records over time; where OTTL stands in their configurations is
all that is known of them here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from otx.model.frozen import Frozen
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parser import parse_condition, parse_value_expression
from otx.ottl.processors.config import ConfigPath, Problem, Reader
from otx.ottl.program import compile_condition, compile_value_expression
from otx.ottl.syntax import Call, Node, walk

ANY = None
"""In a pattern: whatever key or index."""


class Place(Frozen):
    """Where in a configuration OTTL stands.

    Attributes:
        pattern: Keys, and `ANY` for what can be any key or index.
        contexts: Where it may run; it has to fit one of them.
    """

    pattern: tuple[str | None, ...]
    form: Literal["condition", "value"]
    contexts: tuple[str, ...]


class CheckedOnly(Frozen):
    """A component that was checked and is not run."""

    kind: str


def _of_signals(
    form: Literal["condition", "value"], behind: tuple[str | None, ...], **contexts: str
) -> tuple[Place, ...]:
    return tuple(Place((key, ANY, *behind), form, (context,)) for key, context in contexts.items())


_COUNTED = {
    "spans": "span",
    "spanevents": "spanevent",
    "metrics": "metric",
    "datapoints": "datapoint",
    "logs": "log",
}
_MEASURED = {"spans": "span", "datapoints": "datapoint", "logs": "log", "profiles": "profile"}
PLACES: Mapping[str, Sequence[Place]] = {
    "count": _of_signals("condition", ("conditions", ANY), **_COUNTED, profiles="profile"),
    "sum": _of_signals("condition", ("conditions", ANY), **_COUNTED),
    "signal_to_metrics": (
        *_of_signals("condition", ("conditions", ANY), **_MEASURED),
        *(
            place
            for kind, keys in {
                "histogram": ("value", "count"),
                "exponential_histogram": ("value", "count"),
                "sum": ("value",),
                "gauge": ("value",),
                "dynamic_resource_attributes": ("statement",),
            }.items()
            for key in keys
            for place in _of_signals("value", (kind, key), **_MEASURED)
        ),
    ),
    "log_dedup": (Place(("conditions", ANY), "condition", ("log",)),),
    "lookup": (Place(("lookups", ANY, "key"), "value", ("log", "span", "datapoint", "profile")),),
    "honeycomb_marker": (
        Place(("markers", ANY, "rules", "log_conditions", ANY), "condition", ("log",)),
        Place(("markers", ANY, "rules", "resource_conditions", ANY), "condition", ("resource",)),
    ),
}
"""Where in each kind of component OTTL stands, in contrib v0.162."""

_OWN_FUNCTIONS: Mapping[str, frozenset[str]] = {
    "signal_to_metrics": frozenset(("AdjustedCount", "FilterMapByKeyList", "Get")),
}
"""Functions that a component brings and otx does not have: what calls one is only parsed."""


def texts_of(kind: str, config: object) -> Iterator[tuple[ConfigPath, str, Place]]:
    """The OTTL of a component, each text with where it stands."""
    for place in PLACES[kind]:
        for path, text in _matches(config, place.pattern, ()):
            yield path, text, place


def place_at(kind: str, path: ConfigPath) -> Place | None:
    """What OTTL stands at a path of a component's configuration; None where none does."""
    for place in PLACES[kind]:
        fits = zip(place.pattern, path, strict=False)
        if len(path) == len(place.pattern) and all(one in (ANY, step) for one, step in fits):
            return place
    return None


def component_of(kind: str) -> str:
    """Whose functions a kind of component has: the filter processor's, or ""."""
    return "filter" if kind in ("count", "sum") else ""


def read_checked_only(
    kind: str,
    config: object,
    gates: frozenset[str] = frozenset(),
    *,
    allows_extensions: bool = True,
) -> CheckedOnly:
    """The OTTL of a component's configuration, checked.

    Raises:
        ConfigInvalid: It does not parse or check; all problems are named.
    """
    reader = Reader(FunctionSet(component_of(kind), gates, allows_extensions))
    for path, text, place in texts_of(kind, config):
        if not _calls(text, place, _OWN_FUNCTIONS.get(kind, frozenset())):
            _check(reader, path, text, place)
    reader.finish()
    return CheckedOnly(kind)


def _check(reader: Reader, path: ConfigPath, text: str, place: Place) -> None:
    """A text has to fit one of its place's contexts; of several errors the first is told."""
    compiled = compile_condition if place.form == "condition" else compile_value_expression
    errors = []
    for name in place.contexts:
        try:
            compiled(text, CONTEXTS[name], reader.functions)
        except OttlError as error:
            errors.append(error)
        else:
            return
    first = errors[0]
    reader.problems.append(Problem(path, first.reason, first.hint, first))


def _calls(text: str, place: Place, names: frozenset[str]) -> bool:
    parse = parse_condition if place.form == "condition" else parse_value_expression
    try:
        tree: Node = parse(text)
    except OttlError:
        return False  # the check that follows tells it
    return any(isinstance(one, Call) and one.name in names for one in walk(tree))


def _matches(
    value: Any, pattern: tuple[str | None, ...], path: ConfigPath
) -> Iterator[tuple[ConfigPath, str]]:
    if not pattern:
        if isinstance(value, str):
            yield path, value
        return
    key, below = pattern[0], pattern[1:]
    if key is ANY:
        known = value.items() if isinstance(value, Mapping) else _numbered(value)
        for one, inner in known:
            yield from _matches(inner, below, (*path, one))
    elif isinstance(value, Mapping) and key in value:
        yield from _matches(value[key], below, (*path, key))


def _numbered(value: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(value) if isinstance(value, list) else iter(())
