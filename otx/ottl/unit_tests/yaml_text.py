"""Values written as YAML: on one line, or in a block where a line would be too long."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

LINE = 100
"""What a line should not be longer than."""
_ANY_WIDTH = 1 << 30


def flow(value: Any) -> str:
    """A value on one line, as it can stand within brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bytes):
        return f'!!binary "{base64.b64encode(value).decode()}"'
    return _dumped([value], flow_style=True)[1:-1]


def inline(value: Any) -> str:
    """A value on one line, as it can stand behind a key or a dash of a block."""
    if isinstance(value, str) and value.isprintable():
        return _dumped({"k": value}, flow_style=False)[3:]
    return flow(value)


def block(value: Any, column: int) -> list[str]:
    """The lines of a map or list that begins at a column, without its indentation."""
    if isinstance(value, Mapping):
        return [line for key, one in value.items() for line in entry(key, one, column)]
    lines: list[str] = []
    for one in value:
        if fits(one, column + 2):
            lines.append(f"- {inline(one)}")
        else:
            first, *others = block(one, column + 2)
            lines += [f"- {first}", *(f"  {line}" for line in others)]
    return lines


def entry(key: Any, value: Any, column: int, *, opens: bool = False) -> list[str]:
    """The lines of an entry of a block, without its indentation.

    Args:
        key: The key.
        value: Its value.
        column: Where the key begins.
        opens: Whether a map is written as a block even where a line would hold it.
    """
    name = key_text(key, in_block=True)
    is_map = isinstance(value, Mapping) and bool(value)
    if fits(value, column + len(name) + 2) and not (opens and is_map):
        return [f"{name}: {inline(value)}"]
    return [f"{name}:", *(f"  {line}" for line in block(value, column + 2))]


def fits(value: Any, column: int) -> bool:
    """Whether a value should stand on a line from a column on; what is no collection has to.

    A map whose keys would need quotes there reads better as a block.
    """
    is_collection = isinstance(value, (Mapping, list)) and bool(value)
    if isinstance(value, Mapping) and any(key_text(k) != key_text(k, in_block=True) for k in value):
        return False
    return not is_collection or column + len(inline(value)) <= LINE


def key_text(key: Any, *, in_block: bool = False) -> str:
    """A key as it is written."""
    if not isinstance(key, str):
        return flow(key)
    if in_block and key.isprintable():
        text = _dumped({key: 0}, flow_style=False).removesuffix(": 0")
    else:
        text = _dumped([key], flow_style=True)[1:-1]
    # Long keys and those of several lines would be written with a question mark before them.
    return text if "\n" not in text and not text.startswith("? ") else json.dumps(key)


def _dumped(value: Any, *, flow_style: bool) -> str:
    # Ends of lines, of which YAML has five, and spaces that it may or may not take for such.
    is_odd = any(isinstance(one, str) and not one.isprintable() for one in value)
    text: str = yaml.safe_dump(
        value,
        default_flow_style=flow_style,
        default_style='"' if is_odd else None,
        allow_unicode=True,
        width=_ANY_WIDTH,
        sort_keys=False,
    )
    return text.rstrip("\n")
