"""ParseKeyValue and ToKeyValueString: maps as texts like `user=ann role="site admin"`."""

import re
from functools import lru_cache
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter_builder
from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.parameters import ConstBool, ConstText, Get, Mapping_, Text
from otx.ottl.value_json import as_string
from otx.ottl.values import Map


@converter_builder(
    "ParseKeyValue",
    fails="target is no list of keys and values",
    example=Example(
        "ParseKeyValue(\"user=ann role='site admin'\")", '{"user":"ann","role":"site admin"}'
    ),
)
def parse_key_value(
    target: Get[Text], delimiter: ConstText = "=", pair_delimiter: ConstText = " "
) -> Gives[Map]:
    """The map that a text of keys and values tells; quotes protect delimiters."""
    _check(delimiter, pair_delimiter)

    def run(record: Any) -> dict[str, str]:
        text = target(record)
        if not text:
            raise ExecutionError("an empty text has no keys and values")
        parsed = {}
        for pair in split_quoted(text, pair_delimiter):
            key, found, value = pair.partition(delimiter)
            if not found:
                raise ExecutionError(f"{pair!r} has no {delimiter!r}")
            parsed[key.strip(WHITE_SPACE)] = value.strip(WHITE_SPACE)
        return parsed

    return run


@converter_builder(
    "ToKeyValueString",
    example=Example('ToKeyValueString({"a": 1, "b": "x y"})', '"a=1 b=\\"x y\\""'),
)
def to_key_value_string(
    target: Get[Mapping_],
    delimiter: ConstText = "=",
    pair_delimiter: ConstText = " ",
    sort_output: ConstBool = False,
) -> Gives[str]:
    """A map as a text of keys and values; what has a delimiter in it is quoted."""
    _check(delimiter, pair_delimiter)

    def show(text: str) -> str:
        text = text.replace('"', '\\"')
        return f'"{text}"' if delimiter in text or pair_delimiter in text else text

    def run(record: Any) -> str:
        source = target(record)
        keys = sorted(source, key=_octets) if sort_output else list(source)
        return pair_delimiter.join(
            f"{show(key)}{delimiter}{show(as_string(source[key]))}" for key in keys
        )

    return run


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _check(delimiter: str, pair_delimiter: str) -> None:
    if not delimiter or not pair_delimiter:
        raise ExecutionError("a delimiter is empty")
    if delimiter == pair_delimiter:
        raise ExecutionError(f"both delimiters are {delimiter!r}")


def split_quoted(text: str, delimiter: str) -> list[str]:
    r"""The parts of a text between delimiters, without empty ones.

    Within ' or " a delimiter counts for nothing. Quotes go, but those after a backslash stay, with
    the backslash.

    Raises:
        ExecutionError: A quote is not closed.
    """
    if "\\" in text:
        return _split_escaped(text, delimiter)
    if '"' not in text and "'" not in text:
        return [part for part in text.split(delimiter) if part]
    parts = []
    current = ""
    for piece in _pieces(delimiter).finditer(text):
        inner = piece.lastindex
        if inner == 1:
            if current:
                parts.append(current)
                current = ""
        elif inner == 4:
            raise ExecutionError(f"a quote {piece[4]} is not closed")
        else:
            current += piece[inner] if inner else piece.group()
    return [*parts, current] if current else parts


@lru_cache(64)
def _pieces(delimiter: str) -> "re.Pattern[str]":
    """A delimiter, what stands within quotes, an open quote, or other text."""
    first = re.escape(delimiter[0])
    return re.compile(
        f"({re.escape(delimiter)})|\"([^\"]*)\"|'([^']*)'|([\"'])|[^\"'{first}]+|.", re.DOTALL
    )


def _split_escaped(text: str, delimiter: str) -> list[str]:
    """The same for a text with backslashes, which are looked at one character after the other."""
    parts: list[str] = []
    current: list[str] = []
    quote = ""
    is_escaped = False
    at = 0
    while at < len(text):
        c = text[at]
        if not quote and text.startswith(delimiter, at):
            if current:
                parts.append("".join(current))
                current = []
            at += len(delimiter)
            continue
        at += 1
        if is_escaped:
            is_escaped = False
        elif not quote and c in "\"'":
            quote = c
            continue
        elif c == quote:
            quote = ""
            continue
        else:
            is_escaped = c == "\\"
        current.append(c)
    if quote:
        raise ExecutionError(f"a quote {quote} is not closed")
    if current:
        parts.append("".join(current))
    return parts
