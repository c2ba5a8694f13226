"""The W3C's Extended Log Format: directives like `#Fields: time cs-uri`, and entries by them."""

import re

from otx.ottl.errors import ExecutionError
from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.values import Value

_TEXTS = {
    "version": "elf.version",
    "software": "elf.software",
    "date": "elf.date",
    "start-date": "elf.start_date",
    "end-date": "elf.end_date",
    "remark": "elf.remark",
}
_LINE_END = re.compile("\r\n|\r|\n")
_BLANKS = re.compile(f"[{WHITE_SPACE}]+")
_VALUE = re.compile('[ \t]*(?:"((?:[^"]|"")*)"|"|([^" \t][^ \t]*))')


def parse(text: str) -> dict[str, Value]:
    """A text of directives and entries as a map.

    Raises:
        ExecutionError: It has no version, an entry before its fields, or an open quote.
    """
    entries: list[Value] = []
    parsed: dict[str, Value] = {"elf.entries": entries}
    fields: list[str] = []
    for raw in _LINE_END.split(text):
        line = raw.strip(WHITE_SPACE)
        if line.startswith("#"):
            name, value = _directive(line)
            if name == "fields":
                fields = [field for field in _BLANKS.split(value) if field]
            elif name in _TEXTS:
                parsed[_TEXTS[name]] = value
        elif line:
            entries.append(_entry(line, fields))
    if "elf.version" not in parsed:
        raise ExecutionError("this is no ELF: #Version is missing")
    parsed["elf.fields"] = list(fields)
    return parsed


def _directive(line: str) -> tuple[str, str]:
    """A directive's name and value; an empty name for one without a colon."""
    name, colon, value = line[1:].partition(":")
    name = name.strip(WHITE_SPACE).lower()
    if colon:
        return name, value.strip(WHITE_SPACE)
    if name.startswith("fields"):
        raise ExecutionError(f"this is no ELF: {line!r} names no fields")
    return "", ""


def _entry(line: str, fields: list[str]) -> dict[str, str]:
    """The values of a line by field; `-` for those that it lacks."""
    if not fields:
        raise ExecutionError("this is no ELF: an entry stands before #Fields")
    values = _values(line)
    return {field: values[at] if at < len(values) else "-" for at, field in enumerate(fields)}


def _values(line: str) -> list[str]:
    values = []
    at = 0
    while at < len(line):
        found = _VALUE.match(line, at)
        if found is None:
            break
        quoted, word = found.groups()
        if quoted is None and word is None:
            raise ExecutionError(f"this is no ELF: a quote is not closed in {line!r}")
        values.append(word if quoted is None else quoted.replace('""', '"'))
        at = found.end()
    return values
