"""The pieces of a header's value, for drawings."""

from collections.abc import Iterable
from typing import NamedTuple


class Part(NamedTuple):
    """A stretch of a value and what it is; columns from 0, `end` behind it."""

    start: int
    end: int
    label: str


def tiled(widths: Iterable[tuple[int, str]], at: int = 0) -> list[Part]:
    """Parts one behind the other, each with one character between it and the next."""
    said = []
    for width, label in widths:
        said.append(Part(at, at + width, label))
        at += width + 1
    return said


def split(text: str, separator: str, at: int = 0, *, trimmed: bool = True) -> list[tuple[int, int]]:
    """The columns of what stands between separators, without the whitespace round each piece.

    Args:
        text: What is split.
        separator: One character.
        at: The column of the text's first character.
        trimmed: False keeps whitespace as a part of the pieces.
    """
    found = []
    for piece in text.split(separator):
        inner = piece.strip(" \t") if trimmed else piece
        start = at + piece.index(inner)
        found.append((start, start + len(inner)))
        at += len(piece) + len(separator)
    return found
