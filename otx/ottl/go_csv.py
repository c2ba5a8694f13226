"""Rows of CSV as Go's encoding/csv reads them.

A row may have line breaks in it: what stands after one continues the field before it. A field that
cannot be read ends its line, and the fields before it count.
"""

from otx.ottl.errors import ExecutionError

_NO_DELIMITERS = ("\0", '"', "\r", "\n", "\ufffd")


def read_row(text: str, delimiter: str, *, has_lazy_quotes: bool) -> list[str]:
    """The fields of one row.

    Raises:
        ExecutionError: There is none, or a line begins with a field that cannot be read.
    """
    if delimiter in _NO_DELIMITERS:
        raise ExecutionError(f"{delimiter!r} cannot part fields")
    lines = _lines(text)
    row: list[str] = []
    at = 0
    while at < len(lines):
        if lines[at] == "\n":
            at += 1
            continue
        fields, at, fault = _read_line(lines, at, delimiter, has_lazy_quotes=has_lazy_quotes)
        if fault and not fields:
            raise ExecutionError(fault)
        if row:
            row[-1] += "\n" + fields[0]
            row += fields[1:]
        else:
            row = fields
    if not row:
        raise ExecutionError("there is no row of CSV")
    return row


def _lines(text: str) -> list[str]:
    """Lines with their line feeds; a carriage return before one, or at the end, goes."""
    lines = [one + "\n" for one in text.split("\n")]
    last = lines.pop()[:-1].removesuffix("\r")
    return [one.replace("\r\n", "\n") for one in lines] + ([last] if last else [])


def _read_line(
    lines: list[str], number: int, delimiter: str, *, has_lazy_quotes: bool
) -> tuple[list[str], int, str]:
    """The fields that begin in a line, the line after them, and what could not be read."""
    fields: list[str] = []
    line, at = lines[number], 0
    while True:
        if not line.startswith('"', at):
            end = line.find(delimiter, at)
            field = line[at:].removesuffix("\n") if end < 0 else line[at:end]
            if '"' in field and not has_lazy_quotes:
                return fields, number + 1, f"there is a bare quote in {field!r}"
            fields.append(field)
            if end < 0:
                return fields, number + 1, ""
            at = end + 1
            continue
        parts: list[str] = []
        at += 1
        while True:
            end = line.find('"', at)
            parts.append(line[at:] if end < 0 else line[at:end])
            at = end + 1
            if end < 0:
                number += 1
                if number == len(lines):
                    fault = "" if has_lazy_quotes else "a quoted field is not closed"
                    return fields if fault else [*fields, "".join(parts)], number, fault
                line, at = lines[number], 0
            elif line.startswith('"', at):
                parts.append('"')
                at += 1
            elif line.startswith(delimiter, at):
                break
            elif at == len(line) or (line[at] == "\n" and at + 1 == len(line)):
                return [*fields, "".join(parts)], number + 1, ""
            elif has_lazy_quotes:
                parts.append('"')
            else:
                return fields, number + 1, "there is text behind a closing quote"
        fields.append("".join(parts))
        at += 1
