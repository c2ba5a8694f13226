"""Whole Collector configurations: where in them OTTL stands, and in which order it runs."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.ottl.yaml_places import YamlPath

if TYPE_CHECKING:
    from otx.ottl.processors.filter import FilterProcessor
    from otx.ottl.processors.routing import RoutingConnector
    from otx.ottl.processors.tail_sampling import TailSampling
    from otx.ottl.processors.transform import TransformProcessor

Kind: TypeAlias = Literal["transform", "filter", "routing", "tail_sampling"]
Processor: TypeAlias = "TransformProcessor | FilterProcessor | RoutingConnector | TailSampling"
Read: TypeAlias = "Callable[..., Processor]"


def _reader(kind: Kind) -> Read:
    """The reader of a kind's configuration, imported when it first reads: 2 ms each."""

    def read(config: object, gates: frozenset[str], *, allows_extensions: bool) -> "Processor":
        module = importlib.import_module(f"otx.ottl.processors.{kind}")
        made: Processor = getattr(module, f"read_{kind}")(
            config, gates, allows_extensions=allows_extensions
        )
        return made

    return read


READERS: Mapping[Kind, Read] = {
    "transform": _reader("transform"),
    "filter": _reader("filter"),
    "routing": _reader("routing"),
    "tail_sampling": _reader("tail_sampling"),
}
_SECTIONS: Mapping[str, tuple[Kind, ...]] = {
    "processors": ("transform", "filter", "tail_sampling"),
    "connectors": ("routing",),
}
_KEYS: Mapping[Kind, frozenset[str]] = {
    "transform": frozenset(
        ("trace_statements", "metric_statements", "log_statements", "profile_statements")
    ),
    "filter": frozenset(
        (
            *("trace_conditions", "metric_conditions", "log_conditions", "profile_conditions"),
            *("traces", "metrics", "logs", "profiles", "spans"),
        )
    ),
    "routing": frozenset(("table", "default_pipelines")),
    "tail_sampling": frozenset(("policies",)),
}
_WHOLE = frozenset(("receivers", "processors", "exporters", "connectors", "service", "extensions"))


class Component(Frozen):
    """A component whose configuration holds OTTL.

    Attributes:
        name: As the configuration calls it: `transform/mask`.
        path: Where its own map stands.
    """

    kind: Kind
    name: str
    config: Any
    path: YamlPath


def find_components(data: object) -> list[Component]:
    """The components of a document that hold OTTL, whatever the document is.

    It may be a whole Collector configuration, a map of components, or one component's own map.
    """
    if not isinstance(data, Mapping):
        return []
    if data.keys() & _WHOLE:
        return [
            one
            for section, kinds in _SECTIONS.items()
            if isinstance(data.get(section), Mapping)
            for one in _named(data[section], kinds, (section,))
        ]
    if named := _named(data, tuple(READERS), ()):
        return named
    for kind, keys in _KEYS.items():
        if data.keys() & keys:
            return [Component(kind, kind, data, ())]
    return []


def order_of(data: object, signal: Signal, components: Sequence[Component]) -> list[Component]:
    """The components in the order of the first pipeline of a signal that has any of them.

    Without a service they run in the order of the file.
    """
    for found in _pipelines(data, signal, components).values():
        return found
    has_service = isinstance(data, Mapping) and isinstance(data.get("service"), Mapping)
    return [] if has_service else list(components)


def other_pipelines(data: object, signal: Signal, components: Sequence[Component]) -> list[str]:
    """The pipelines of a signal that have components and do not run: an earlier one does."""
    return list(_pipelines(data, signal, components))[1:]


def _pipelines(
    data: object, signal: Signal, components: Sequence[Component]
) -> dict[str, list[Component]]:
    """The pipelines of a signal that have any of the components, each with those in its order."""
    service = data.get("service") if isinstance(data, Mapping) else None
    pipelines = service.get("pipelines") if isinstance(service, Mapping) else None
    if not isinstance(pipelines, Mapping):
        return {}
    by_name = {one.name: one for one in components}
    found: dict[str, list[Component]] = {}
    for name, pipeline in pipelines.items():
        if str(name).partition("/")[0] != str(signal) or not isinstance(pipeline, Mapping):
            continue
        names = [*_list(pipeline.get("processors")), *_list(pipeline.get("exporters"))]
        if used := [by_name[one] for one in names if one in by_name]:
            found[str(name)] = used
    return found


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _named(section: Mapping[str, Any], kinds: Sequence[Kind], path: YamlPath) -> list[Component]:
    return [
        Component(kind, name, config, (*path, name))
        for name, config in section.items()
        for kind in kinds
        if str(name).partition("/")[0] == kind
    ]
