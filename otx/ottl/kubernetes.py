"""The Collector's configuration inside a resource of its Kubernetes operator.

`kind: OpenTelemetryCollector` holds it as a map (v1beta1) or as a text (v1alpha1). It is read as if
it were a file of its own, except that its places are those in the resource's file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from otx.errors import UsageError
from otx.ottl.yaml_places import YamlDocument, YamlInvalid, YamlPath, load_yaml

T = TypeVar("T")
_KIND = re.compile(r"^(?:kind:|\s*\"kind\"\s*:)\s*[\"']?OpenTelemetryCollector\b", re.MULTILINE)
CONFIG: YamlPath = ("spec", "config")
"""Where in the resource the configuration stands."""


def is_collector_resource(source: str) -> bool:
    """Whether a text says that it is such a resource."""
    return _KIND.search(source) is not None


def load_resource(source: str, name: str, variables: Mapping[str, str]) -> YamlDocument:
    """The configuration in a resource, with its places in the resource's file.

    Args:
        source: The resource.
        name: What errors call its file.
        variables: For `${env:NAME}` in the configuration.

    Raises:
        UsageError: It is no YAML, or has no configuration.
    """
    outer = load_yaml(source, name, variables, lambda path: path[:2] == CONFIG and len(path) > 2)
    spec = outer.data.get("spec") if isinstance(outer.data, dict) else None
    config = spec.get("config") if isinstance(spec, dict) else None
    if isinstance(config, str):
        return _from_text(outer, config, name, variables)
    if not isinstance(config, dict):
        raise UsageError(f"{name} is a resource without a configuration in spec.config")
    return YamlDocument(
        config,
        [(_below(path), text) for path, text in outer.warnings],
        source,
        outer.line_starts,
        _under(outer.places),
        _under(outer.keys),
        _under(outer.offsets),
        _under(outer.scalars),
    )


def _below(path: YamlPath) -> YamlPath:
    return path[len(CONFIG) :]


def _under(entries: Mapping[YamlPath, T]) -> dict[YamlPath, T]:
    """What is noted of paths in the configuration."""
    return {_below(path): one for path, one in entries.items() if path[:2] == CONFIG}


def _from_text(
    outer: YamlDocument, text: str, name: str, variables: Mapping[str, str]
) -> YamlDocument:
    """The configuration that a text holds; it is not formatted, for that would rewrite the text."""
    offsets = [*outer.offsets[CONFIG], outer.places[CONFIG] + len(text)]
    try:
        inner = load_yaml(text, name, variables)
    except YamlInvalid as error:
        place = outer.place(CONFIG, _index(text, error.line, error.column))
        raise YamlInvalid(name, place.line, place.column, error.reason) from None

    def moved(indexes: Sequence[int]) -> list[int]:
        return [offsets[min(at, len(offsets) - 1)] for at in indexes]

    return YamlDocument(
        inner.data,
        inner.warnings,
        outer.source,
        outer.line_starts,
        dict(zip(inner.places, moved(list(inner.places.values())), strict=True)),
        dict(zip(inner.keys, moved(list(inner.keys.values())), strict=True)),
        {path: moved(one) for path, one in inner.offsets.items()},
    )


def _index(text: str, line: int, column: int) -> int:
    """Where in a text a line and a column of it are."""
    lines = text.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
