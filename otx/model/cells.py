"""Text in the cells of a terminal: how wide it is, and how it is cut to a width.

Telemetry is written by others: names may hold escape sequences, line breaks, wide and combining
characters. What goes into a cell is made printable first, and measured in cells, not characters.
"""

import unicodedata
from functools import lru_cache

ELLIPSIS = "…"
_CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(32), *range(127, 160))
    if code not in (9, 10)
}
"""All of C0 and C1 (ECMA-48) but tabs and line breaks."""


@lru_cache(maxsize=8192)
def printable(text: str) -> str:
    """Text that can neither break a line nor drive the terminal: one sign a control character."""
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def without_controls(text: str) -> str:
    """Text of any number of lines that cannot drive the terminal: one sign a control character."""
    return text.translate(_CONTROLS)


def width_of(text: str) -> int:
    """Cells that printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def fit(text: str, width: int, right: bool = False) -> str:
    """Printable text of exactly `width` cells: cut with an ellipsis, or padded with spaces."""
    cut = shorten(text, width)
    gap = " " * (width - width_of(cut))
    return gap + cut if right else cut + gap


def shorten(text: str, width: int) -> str:
    """Printable text of at most `width` cells, with an ellipsis where something was cut off."""
    shown = printable(text)
    if width_of(shown) <= width:
        return shown
    if width <= 0:
        return ""
    used = 0
    for index, character in enumerate(shown):
        used += _width(character)
        if used > width - 1:
            return shown[:index] + ELLIPSIS
    return shown


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return {"\n": "⏎", "\t": " ", "\r": ""}.get(character, "\N{REPLACEMENT CHARACTER}")


@lru_cache(maxsize=4096)
def _width(character: str) -> int:
    """0, 1 or 2 cells (UAX #11; zero for combining marks)."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
