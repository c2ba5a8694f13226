"""The OTTL in a file, well written; what is not OTTL keeps every byte."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.collector import RUN_KINDS, Component, find_components
from otx.ottl.errors import OttlError
from otx.ottl.format_scalar import rewritten
from otx.ottl.formatted import Formatted
from otx.ottl.formatter import WIDTH, format_condition, format_statement
from otx.ottl.source import ConfigFile, StatementFile, read_sources
from otx.ottl.yaml_places import ScalarSpan, YamlDocument, YamlPath
from otx.ottl.yaml_reading import load_all

_ONE_LINE = 1 << 20


class Edit(Frozen):
    """Another text for `[start, end)` of a document; `paths` are the values that stand there.

    They are several where an alias repeats a value.
    """

    paths: Sequence[YamlPath]
    start: int
    end: int
    text: str


def format_file(source: str, name: str) -> Formatted:
    """A file's text with its OTTL formatted; what does not parse is left as it is.

    Raises:
        UsageError: The file holds no OTTL.
    """
    left: list[tuple[int, str]] = []
    # The last first: what stands before it keeps its lines.
    for at in reversed(range(len(read_sources(source, name, {})))):
        done = _format_one(read_sources(source, name, {})[at])
        source, left = done.text, [*done.left, *left]
    return Formatted(source, left)


def _format_one(read: StatementFile | ConfigFile) -> Formatted:
    """All of a file with one of its configurations formatted."""
    if isinstance(read, StatementFile) and read.document is None:
        return _format_statements(read)
    if isinstance(read, StatementFile):
        paths: list[YamlPath] = [(at,) for at in range(len(read.statements))]
    else:
        paths = [path for component in find_components(read.data) for path in _paths_of(component)]
    assert read.document is not None  # noqa: S101 - other files went another way
    if read.document.base:
        from otx.ottl.format_embedded import embedded_text, format_embedded

        if text := embedded_text(read.document):
            return format_embedded(text, partial(format_yaml, paths=paths))
    return format_yaml(read.document, paths)


def _paths_of(component: Component) -> Iterator[YamlPath]:
    if component.kind in RUN_KINDS:
        yield from _ottl_paths(component.config, component.path)
        return
    from otx.ottl.processors.checked_only import texts_of

    for path, _, _ in texts_of(component.kind, component.config):
        yield (*component.path, *path)


def _format_statements(file: StatementFile) -> Formatted:
    lines = file.source.split("\n")
    left: list[tuple[int, str]] = []
    for statement in reversed(file.statements):
        begin = statement.line - 1
        end = begin + statement.text.count("\n") + 1
        ending = "\r" if lines[begin].endswith("\r") else ""
        formatted = _formatted(statement.text, width=WIDTH).split("\n")
        if any(line.startswith("#") for line in lines[begin:end]):
            own = [one.rstrip("\r") for one in lines[begin:end] if one.strip() and one[0] != "#"]
            if own != formatted and _parsed(statement.text, WIDTH) is not None:
                left.insert(0, (statement.line, "a comment stands between its lines"))
            continue
        lines[begin:end] = [line + ending for line in formatted]
    text = "\n".join(lines)
    return Formatted(text if text.endswith("\n") or not text else text + "\n", left)


def format_yaml(document: YamlDocument, paths: Sequence[YamlPath]) -> Formatted:
    """Replace the scalars that hold OTTL, as far as it is certain that nothing else changes."""
    left: list[YamlPath] = []
    edits = list(_edits(document, paths, left))
    before, base = document.source, (document.number, *document.base)
    source = _applied(before, edits)
    if edits and not _is_same(before, source, edits, base):
        kept = [one for one in edits if _is_same(before, _applied(before, [one]), [one], base)]
        left += [one.paths[0] for one in edits if one not in kept]
        source = _applied(before, kept)
    lines = sorted({document.place(path).line for path in left})
    return Formatted(source, [(line, "its form in YAML cannot be kept") for line in lines])


def _edits(
    document: YamlDocument, paths: Sequence[YamlPath], left: list[YamlPath]
) -> Iterator[Edit]:
    """What to write anew; what cannot be is added to `left`."""
    by_place: dict[tuple[int, int], list[YamlPath]] = {}
    for path in paths:
        span = document.scalar(path)
        if span is not None:
            by_place.setdefault((span.start, span.end), []).append(path)
    for (start, end), same in by_place.items():
        span = document.scalars[same[0]]
        text = _written(document.source, span)
        if text is None:
            left.append(same[0])
        elif text != document.source[start:end]:
            yield Edit(same, start, end, text)


def _written(source: str, span: ScalarSpan) -> str | None:
    """A scalar as it should be written; None where that cannot be told."""
    if "\n" in source[span.start : span.end]:
        if _parsed(span.text, _ONE_LINE) is None:
            return source[span.start : span.end]  # no OTTL
        return rewritten(source, span, partial(_formatted, span.text))
    formatted = _formatted(span.text, width=_ONE_LINE)
    return source[span.start : span.end] if formatted == span.text else span.written(formatted)


def _applied(source: str, edits: Sequence[Edit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def _is_same(before: str, after: str, edits: Sequence[Edit], base: YamlPath) -> bool:
    """Whether a new text says what the old one did, but for space in its OTTL.

    Args:
        before: The old one.
        after: The new one.
        edits: What was changed; their paths begin at `base`.
        base: Where in the list of the text's documents.
    """
    edited = {(*base, *path) for one in edits for path in one.paths}
    try:
        old, new = (_plain(_data(text), (), edited) for text in (before, after))
    except UsageError:
        return False
    return bool(old == new)


def _data(text: str) -> list[Any]:
    return [one.data for one in load_all(text, "")]


def _plain(value: Any, path: YamlPath, edited: "set[YamlPath]") -> Any:
    """A value of YAML with the texts that are edited on one line each."""
    if isinstance(value, Mapping):
        return {key: _plain(one, (*path, key), edited) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, (*path, at), edited) for at, one in enumerate(value)]
    return _formatted(value, _ONE_LINE) if path in edited else value


def _formatted(text: str, width: int) -> str:
    formatted = _parsed(text, width)
    return text if formatted is None else formatted


def _parsed(text: str, width: int) -> str | None:
    """A statement or condition, well written; None for what is neither."""
    for format_ in (format_statement, format_condition):
        try:
            return format_(text, width)
        except OttlError:
            continue
    return None


def _ottl_paths(value: Any, path: YamlPath) -> Iterator[YamlPath]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _ottl_paths(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _ottl_paths(one, (*path, at))
    elif isinstance(value, str) and path and path[-1] not in ("error_mode", "context", "name"):
        yield path
