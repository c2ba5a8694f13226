"""Whole Collector configurations: where in them OTTL stands, and what reads it."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from otx.model.frozen import Frozen
from otx.ottl.yaml_places import YamlPath

if TYPE_CHECKING:
    from otx.ottl.processors.checked_only import CheckedOnly
    from otx.ottl.processors.filter import FilterProcessor
    from otx.ottl.processors.routing import RoutingConnector
    from otx.ottl.processors.tail_sampling import TailSampling
    from otx.ottl.processors.transform import TransformProcessor

RunKind: TypeAlias = Literal["transform", "filter", "routing", "tail_sampling"]
CheckedKind: TypeAlias = Literal[
    "count", "sum", "signal_to_metrics", "log_dedup", "lookup", "honeycomb_marker"
]
Kind: TypeAlias = RunKind | CheckedKind
Processor: TypeAlias = "TransformProcessor | FilterProcessor | RoutingConnector | TailSampling"
Read: TypeAlias = "Callable[..., Processor | CheckedOnly]"

RUN_KINDS: Sequence[RunKind] = get_args(RunKind)
"""Those whose work is done here; the OTTL of the others is checked."""
_CHECKED_KINDS: Sequence[CheckedKind] = get_args(CheckedKind)


def _reader(kind: Kind) -> Read:
    """The reader of a kind's configuration, imported when it first reads: 2 ms each."""

    def read(
        config: object, gates: frozenset[str], *, allows_extensions: bool
    ) -> "Processor | CheckedOnly":
        if kind in _CHECKED_KINDS:
            from otx.ottl.processors.checked_only import read_checked_only

            return read_checked_only(kind, config, gates, allows_extensions=allows_extensions)
        module = importlib.import_module(f"otx.ottl.processors.{kind}")
        made: Processor = getattr(module, f"read_{kind}")(
            config, gates, allows_extensions=allows_extensions
        )
        return made

    return read


READERS: Mapping[Kind, Read] = {kind: _reader(kind) for kind in (*RUN_KINDS, *_CHECKED_KINDS)}
_SECTIONS: Mapping[str, tuple[Kind, ...]] = {
    "processors": ("transform", "filter", "tail_sampling", "log_dedup", "lookup"),
    "connectors": ("routing", "count", "sum", "signal_to_metrics"),
    "exporters": ("honeycomb_marker",),
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
    if is_whole(data):
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


def is_whole(data: Mapping[Any, Any]) -> bool:
    """Whether a document is a Collector's configuration, or a part of one with its sections."""
    return bool(data.keys() & _WHOLE)


def _named(section: Mapping[str, Any], kinds: Sequence[Kind], path: YamlPath) -> list[Component]:
    return [
        Component(kind, str(name), config, (*path, name))
        for name, config in section.items()
        for kind in kinds
        if _is_of(kind, str(name)) and (kind in RUN_KINDS or _has_ottl(kind, config))
    ]


def _is_of(kind: Kind, name: str) -> bool:
    """Whether a component is of a kind; some got their underscores late, and have both names."""
    word = name.partition("/")[0]
    return word == kind or (kind in _CHECKED_KINDS and word == kind.replace("_", ""))


def _has_ottl(kind: Kind, config: object) -> bool:
    from otx.ottl.processors.checked_only import texts_of

    return any(True for _ in texts_of(kind, config))
