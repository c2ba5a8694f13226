"""A text of YAML that goes over several lines, written anew in the style that it has.

Plain, quoted and folded texts read a line's end as a space, literal ones (`|`) keep it; OTTL takes
either for space.
"""

import re
from collections.abc import Callable, Sequence

from otx.ottl.formatter import WIDTH
from otx.ottl.yaml_places import ScalarSpan

_MIN_WIDTH = 40
"""However far in a text stands, what is shorter than this is not broken."""
_BLOCK = re.compile(r"[|>][+-]?[ \t]*(#[^\n]*)?\r?\n")
"""How a block begins whose indentation is that of its first line."""


def rewritten(source: str, span: ScalarSpan, form: Callable[[int], str]) -> str | None:
    """What to write in place of a scalar of several lines; None where that cannot be told.

    Args:
        source: The whole text.
        span: Where the scalar stands in it.
        form: What it should say, given how many columns there are for it.
    """
    written = source[span.start : span.end]
    newline = "\r\n" if "\r\n" in written else "\n"
    if span.style in ("|", ">"):
        return _block(written, span.style, form, newline)
    column = span.start - (source.rfind("\n", 0, span.start) + 1)
    first, *rest = form(max(_MIN_WIDTH, WIDTH - column)).split("\n")
    indent = next(_indent(line) for line in written.split("\n")[1:] if line.strip())
    # The formatter's own indentation is two; here it is what it was.
    return _quoted([first, *(indent + line[2:] for line in rest)], span.style, newline)


def _quoted(lines: Sequence[str], style: str, newline: str) -> str:
    text = newline.join(lines)
    # A map's `: ` or a ` #` in a plain scalar would end it.
    quote = style or ("'" if ": " in text or " #" in text else "")
    if quote == "'":
        text = text.replace("'", "''")
    elif quote:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f"{quote}{text}{quote}"


def _block(written: str, style: str, form: Callable[[int], str], newline: str) -> str | None:
    """A block with the lines that have text replaced; its head and empty lines stay."""
    head = _BLOCK.match(written)
    if head is None:
        return None
    body = written[head.end() :]
    begin = body.rfind("\n", 0, len(body) - len(body.lstrip())) + 1
    end = len(body.rstrip())
    indent = _indent(body[begin:])
    lines = form(max(_MIN_WIDTH, WIDTH - len(indent))).split("\n")
    if style == ">":
        lines = [line.lstrip() for line in lines]  # a line that is further in is not folded
    text = newline.join(indent + line for line in lines)
    return written[: head.end()] + body[:begin] + text + body[end:]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
