"""The OTTL in a file, well written; what is not OTTL keeps every byte."""

from collections.abc import Iterator, Sequence
from typing import Any

from otx.ottl.collector import RUN_KINDS, Component, find_components
from otx.ottl.errors import OttlError
from otx.ottl.formatter import WIDTH, format_condition, format_statement
from otx.ottl.source import StatementFile, read_source
from otx.ottl.yaml_places import YamlDocument, YamlPath

_ONE_LINE = 1 << 20


def format_file(source: str, name: str) -> str:
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


def _format_statements(file: StatementFile) -> str:
    lines = file.source.split("\n")
    for statement in reversed(file.statements):
        begin = statement.line - 1
        end = begin + statement.text.count("\n") + 1
        if any(line.startswith("#") for line in lines[begin:end]):
            continue  # a comment between its lines has no place in it
        ending = "\r" if lines[begin].endswith("\r") else ""
        formatted = _formatted(statement.text, width=WIDTH).split("\n")
        lines[begin:end] = [line + ending for line in formatted]
    text = "\n".join(lines)
    return text if text.endswith("\n") or not text else text + "\n"


def _format_yaml(document: YamlDocument, paths: Sequence[YamlPath]) -> str:
    """Replace the scalars that hold OTTL and stand on one line, from the last to the first."""
    source = document.source
    edits = []
    for path in paths:
        span = document.scalar(path)
        if span is None or "\n" in source[span.start : span.end]:
            continue
        formatted = _formatted(span.text, width=_ONE_LINE)
        if formatted != span.text:
            edits.append((span.start, span.end, span.written(formatted)))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _formatted(text: str, width: int) -> str:
    for format_ in (format_statement, format_condition):
        try:
            return format_(text, width)
        except OttlError:
            continue
    return text


def _paths_of(component: Component) -> Iterator[YamlPath]:
    if component.kind in RUN_KINDS:
        yield from _ottl_paths(component.config, component.path)
        return
    from otx.ottl.processors.checked_only import texts_of

    for path, _, _ in texts_of(component.kind, component.config):
        yield (*component.path, *path)


def _ottl_paths(value: Any, path: YamlPath) -> Iterator[YamlPath]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _ottl_paths(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _ottl_paths(one, (*path, at))
    elif isinstance(value, str) and path and path[-1] not in ("error_mode", "context", "name"):
        yield path
