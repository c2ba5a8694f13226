"""Where in a configuration OTTL can stand, and what each place takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.ottl.collector import Component, Kind, find_components
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.processors.checked_only import component_of, place_at
from otx.ottl.processors.config import ERROR_MODES
from otx.ottl.processors.filter import LEGACY
from otx.ottl.processors.filter import SIGNALS as FILTER_SIGNALS
from otx.ottl.processors.routing import CONTEXT_NAMES as ROUTING_CONTEXTS
from otx.ottl.processors.transform import SIGNALS as TRANSFORM_SIGNALS
from otx.ottl.yaml_places import YamlPath


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a statement or a condition.

    Attributes:
        contexts: The contexts that it may run in.
        own: The one that is fixed, whose paths need no prefix; None where it is inferred.
        component: The kind of component, which decides on functions; "" for none.
    """

    start: Literal["statement", "condition"]
    contexts: Sequence[Context]
    own: Context | None = None
    component: str = ""


Find: TypeAlias = Callable[[Any, YamlPath], Slot | None]


def slot_at(data: Any, path: YamlPath) -> Slot | None:
    """What stands at a place of a document; None where that is no OTTL."""
    if isinstance(data, list):
        return Slot("statement", list(CONTEXTS.values())) if len(path) == 1 else None
    component = _component(data, path)
    if component is not None:
        below = path[len(component.path) :]
        # A text where a list stands is a list of itself to the Collector.
        return _within(component, below) or _within(component, (*below, 0))
    if isinstance(data, Mapping) and path[:1] == ("statements",) and len(path) == 2:
        return _named("statement", data.get("context"), tuple(CONTEXTS), "")
    return None


def _within(component: Component, path: YamlPath) -> Slot | None:
    if component.kind in _FINDERS:
        return _FINDERS[component.kind](component.config, path)
    return _checked_only(component.kind, path)


def choices_at(data: Any, path: YamlPath) -> Sequence[str]:
    """The words that a setting beside OTTL chooses from; none where it is no such setting."""
    component = _component(data, path)
    if component is None or not path:
        return ()
    if path[-1] == "error_mode":
        return ERROR_MODES
    if path[-1] != "context":
        return ()
    if component.kind == "routing":
        return ROUTING_CONTEXTS
    key = str(path[len(component.path)])
    return _allowed({**TRANSFORM_SIGNALS, **FILTER_SIGNALS}, key)


def _component(data: Any, path: YamlPath) -> Component | None:
    """The component that a path leads into."""
    for one in find_components(data):
        if path[: len(one.path)] == one.path and len(path) > len(one.path):
            return one
    return None


def _transform(config: Any, path: YamlPath) -> Slot | None:
    return _listed(config, path, TRANSFORM_SIGNALS, "transform", "statement")


def _filter(config: Any, path: YamlPath) -> Slot | None:
    if path[0] in LEGACY:
        name = LEGACY[str(path[0])][1].get(str(path[1])) if len(path) == 3 else None
        return _named("condition", name, (), "filter") if name else None
    return _listed(config, path, FILTER_SIGNALS, "filter", "condition")


def _listed(
    config: Any,
    path: YamlPath,
    signals: Mapping[str, Any],
    component: str,
    flat: Literal["statement", "condition"],
) -> Slot | None:
    """A text of a flat list, or of a group's statements or conditions."""
    allowed = _allowed(signals, str(path[0]))
    if not allowed or len(path) not in (2, 4):
        return None
    if len(path) == 2:
        return _named(flat, None, allowed, component)
    group = _at(config, path[:2])
    context = group.get("context") if isinstance(group, Mapping) else None
    if path[2] == "statements":
        return _named("statement", context, allowed, component)
    return _named("condition", context, allowed, component) if path[2] == "conditions" else None


def _routing(config: Any, path: YamlPath) -> Slot | None:
    if len(path) != 3 or path[0] != "table":
        return None
    row = _at(config, path[:2])
    context = row.get("context", "resource") if isinstance(row, Mapping) else "resource"
    if path[2] == "statement":
        return _named("statement", context, (), "routing")
    return _named("condition", context, (), "routing") if path[2] == "condition" else None


def _tail_sampling(_: Any, path: YamlPath) -> Slot | None:
    is_condition = len(path) > 3 and path[-3] == "ottl_condition" and isinstance(path[-1], int)
    if not is_condition or path[-2] not in ("span", "spanevent"):
        return None
    return _named("condition", path[-2], (), "tail_sampling")


def _checked_only(kind: Kind, path: YamlPath) -> Slot | None:
    place = place_at(kind, path)
    if place is None or place.form != "condition":
        return None
    return _named("condition", place.contexts[0], (), component_of(kind))


_FINDERS: Mapping[Kind, Find] = {
    "transform": _transform,
    "filter": _filter,
    "routing": _routing,
    "tail_sampling": _tail_sampling,
}


def _named(
    start: Literal["statement", "condition"], name: object, allowed: Sequence[str], component: str
) -> Slot:
    """A place whose context is named, or one of those that are allowed."""
    if isinstance(name, str) and name in CONTEXTS:
        return Slot(start, [CONTEXTS[name]], CONTEXTS[name], component)
    return Slot(start, [CONTEXTS[one] for one in allowed], None, component)


def _allowed(signals: Mapping[str, Any], key: str) -> Sequence[str]:
    contexts: Sequence[str] = signals[key][1] if key in signals else ()
    return contexts


def _at(data: Any, path: YamlPath) -> Any:
    """What stands at a place; None where nothing does."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data
