"""The OTTL in a file, well written; what is not OTTL keeps every byte."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.collector import RUN_KINDS, Component, find_components
from otx.ottl.errors import OttlError
from otx.ottl.format_scalar import rewritten
from otx.ottl.formatter import WIDTH, format_condition, format_statement
from otx.ottl.source import StatementFile, read_source
from otx.ottl.yaml_places import ScalarSpan, YamlDocument, YamlPath, load_yaml

_ONE_LINE = 1 << 20


class Edit(Frozen):
    """Another text for `[start, end)` of a document; `path` is the value that stands there."""

    path: YamlPath
    start: int
    end: int
    text: str


class Formatted(Frozen):
    """A file, well written.

    Attributes:
        text: All of it.
        left: What could be written better and is not touched: its line, from 1, and why.
    """

    text: str
    left: Sequence[tuple[int, str]]


def format_file(source: str, name: str) -> Formatted:
    """A file's text with its OTTL formatted; what does not parse is left as it is.

    Raises:
        UsageError: The file holds no OTTL.
    """
    read = read_source(source, name, {})
    if isinstance(read, StatementFile) and read.document is None:
        return _format_statements(read)
    if isinstance(read, StatementFile):
        paths: list[YamlPath] = [(at,) for at in range(len(read.statements))]
    else:
        paths = [path for component in find_components(read.data) for path in _paths_of(component)]
    assert read.document is not None  # noqa: S101 - other files went another way
    return _format_yaml(read.document, paths)


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
        if any(line.startswith("#") for line in lines[begin:end]):
            left.insert(0, (statement.line, "a comment stands between its lines"))
            continue
        ending = "\r" if lines[begin].endswith("\r") else ""
        formatted = _formatted(statement.text, width=WIDTH).split("\n")
        lines[begin:end] = [line + ending for line in formatted]
    text = "\n".join(lines)
    return Formatted(text if text.endswith("\n") or not text else text + "\n", left)


def _format_yaml(document: YamlDocument, paths: Sequence[YamlPath]) -> Formatted:
    """Replace the scalars that hold OTTL, as far as it is certain that nothing else changes."""
    edits: list[Edit] = []
    left: list[YamlPath] = []
    for path in paths:
        span = document.scalar(path)
        if span is None:
            continue
        text = _written(document.source, span)
        if text is None:
            left.append(path)
        elif text != document.source[span.start : span.end]:
            edits.append(Edit(path, span.start, span.end, text))
    source = _applied(document.source, edits)
    if edits and not _is_same(document.source, source, edits):
        before = document.source
        kept = [one for one in edits if _is_same(before, _applied(before, [one]), [one])]
        left += [one.path for one in edits if one not in kept]
        source = _applied(document.source, kept)
    lines = sorted(document.place(path).line for path in left)
    return Formatted(source, [(line, "its form in YAML cannot be kept") for line in lines])


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


def _is_same(before: str, after: str, edits: Sequence[Edit]) -> bool:
    """Whether a new text says what the old one did, but for space in its OTTL."""
    edited = {one.path for one in edits}
    try:
        old, new = (_plain(load_yaml(text, "").data, (), edited) for text in (before, after))
    except UsageError:
        return False
    return bool(old == new)


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
