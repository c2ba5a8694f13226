"""Collector configurations inside files of Kubernetes.

They stand in resources of the Collector's operator (`kind: OpenTelemetryCollector`, as a map in
v1beta1 or as a text in v1alpha1), in texts of a ConfigMap, in lists of such resources, and in the
values of the Collector's Helm chart. A file may hold several documents, most of which are about
something else. A configuration is read as if it were a file of its own, except that its places are
those in the file.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from otx.errors import UsageError
from otx.ottl.collector import find_components, is_whole
from otx.ottl.yaml_places import YamlDocument, YamlInvalid, YamlPath
from otx.ottl.yaml_reading import compose_all, document_of, load_yaml

T = TypeVar("T")
_HINT = re.compile(
    r"^(?:[\s{]*\"?kind\"?\s*:\s*[\"']?(?:OpenTelemetryCollector|ConfigMap|\w*List)\b"
    r"|[\s{]*\"?(?:config|alternateConfig)\"?\s*:|---)",
    re.MULTILINE,
)
_COLLECTOR = "OpenTelemetryCollector"
_HELM = ("config", "alternateConfig")
"""Where the values of the chart opentelemetry-collector hold one."""


class Embedded(NamedTuple):
    """A configuration in a file about more.

    Attributes:
        name: What the file calls what holds it.
        document: It alone, with its places in the file.
    """

    name: str
    document: YamlDocument


def may_embed(source: str) -> bool:
    """Whether a text may be such a file; what it is decides its content."""
    return _HINT.search(source) is not None


def load_embedded(source: str, name: str, variables: Mapping[str, str]) -> list[Embedded] | None:
    """The configurations in a file; None where it is of another kind.

    Args:
        source: The file.
        name: What errors call it.
        variables: For `${env:NAME}` in the configurations.

    Raises:
        UsageError: It is no YAML, or a resource of the operator has no configuration.
    """
    found: list[Embedded] = []
    failed: list[UsageError] = []
    is_of_kubernetes = False
    for number, root in enumerate(compose_all(source, name)):
        data = document_of(root, source, name).data
        for title, path, is_sure in _spots(data, ()):
            is_of_kubernetes = True
            try:
                one = _load(root, source, name, variables, path)
            except UsageError as error:
                if is_sure:
                    raise
                if str(path[-1]).endswith((".yaml", ".yml")):
                    failed.append(error)  # others are scripts and the like
                continue
            one.base, one.number = path, number
            if is_sure or _is_configuration(one):
                found.append(Embedded(title, one))
    if failed and not found:
        raise failed[0]
    return found if is_of_kubernetes else None


def _spots(data: Any, path: YamlPath) -> Iterator[tuple[str, YamlPath, bool]]:
    """Where a document may hold configurations: whose, and whether there is one for certain."""
    if not isinstance(data, Mapping):
        return
    kind = str(data.get("kind") or "")
    metadata = data.get("metadata")
    name = str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""
    if kind == _COLLECTOR:
        yield name, (*path, "spec", "config"), True
    elif kind == "ConfigMap":
        texts = data.get("data")
        for key, text in texts.items() if isinstance(texts, Mapping) else ():
            if isinstance(text, str):
                yield f"{name}/{key}", (*path, "data", key), False
    elif kind.endswith("List") and isinstance(data.get("items"), list):
        for at, item in enumerate(data["items"]):
            yield from _spots(item, (*path, "items", at))
    elif not kind and not path:
        yield from _of_chart(data)


def _of_chart(data: Mapping[str, Any]) -> Iterator[tuple[str, YamlPath, bool]]:
    """Values have a `service` too: that of Kubernetes."""
    if data.keys() & {"receivers", "processors", "exporters", "connectors"}:
        return
    for key in _HELM:
        if isinstance(data.get(key), Mapping) and is_whole(data[key]):
            yield key, (key,), True


def _is_configuration(document: YamlDocument) -> bool:
    data = document.data
    return isinstance(data, Mapping) and is_whole(data) and bool(find_components(data))


def _load(
    root: Any, source: str, name: str, variables: Mapping[str, str], path: YamlPath
) -> YamlDocument:
    """The configuration at a path of a document."""
    length = len(path)
    outer = document_of(
        root, source, name, variables, lambda at: at[:length] == path and len(at) > length
    )
    config = _at(outer.data, path)
    if isinstance(config, str):
        return _from_text(outer, path, config, name, variables)
    if not isinstance(config, dict):
        raise UsageError(f"{name} is a resource without a configuration in spec.config")
    return YamlDocument(
        config,
        outer.warnings,
        source,
        outer.line_starts,
        _under(path, outer.places),
        _under(path, outer.keys),
        _under(path, outer.offsets),
        _under(path, outer.scalars),
    )


def _at(data: Any, path: YamlPath) -> Any:
    """What stands at a path; None where nothing does."""
    for step in path:
        is_there = isinstance(data, list) or (isinstance(data, dict) and step in data)
        data = data[step] if is_there else None
    return data


def _under(path: YamlPath, entries: Mapping[YamlPath, T]) -> dict[YamlPath, T]:
    """What is noted of paths in the configuration."""
    length = len(path)
    return {at[length:]: one for at, one in entries.items() if at[:length] == path}


def _from_text(
    outer: YamlDocument, path: YamlPath, text: str, name: str, variables: Mapping[str, str]
) -> YamlDocument:
    """The configuration that a text holds; it is not formatted, for that would rewrite the text."""
    offsets = [*outer.offsets[path], outer.places[path] + len(text)]
    try:
        inner = load_yaml(text, name, variables)
    except YamlInvalid as error:
        place = outer.place(path, _index(text, error.line, error.column))
        raise YamlInvalid(
            name, place.line, place.column, error.reason, error.hint, place.text
        ) from None

    def moved(indexes: Sequence[int]) -> list[int]:
        return [offsets[min(at, len(offsets) - 1)] for at in indexes]

    return YamlDocument(
        inner.data,
        [one.changed(index=moved([one.index])[0]) for one in inner.warnings],
        outer.source,
        outer.line_starts,
        dict(zip(inner.places, moved(list(inner.places.values())), strict=True)),
        dict(zip(inner.keys, moved(list(inner.keys.values())), strict=True)),
        {at: moved(one) for at, one in inner.offsets.items()},
    )


def _index(text: str, line: int, column: int) -> int:
    """Where in a text a line and a column of it are."""
    lines = text.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
