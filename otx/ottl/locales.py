"""Names of months, days and halves of the day in other languages, put into English before parsing.

The names are Unicode's (CLDR) as `babel` carries them: those used inside dates ("format"), with
what a language's parents add and without the root's, so that a language without short names has
none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.layout import MONTHS, WEEKDAYS
from otx.ottl.go_time.parse import LayoutMismatch

_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-[a-z0-9]{5,8})?")
_NARROW_BLANK = "\u202f"
_BLANKS = b" \t\n\v\f\r\x85\xa0"
_ELEMENT = re.compile(
    rb"January|Jan(?![a-z])|Monday|Mon(?![a-z])|[Pp][Mm]|_2006|__2|_2|(?<!0)[345]", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Locale:
    """The names of one language.

    Attributes:
        tag: Its BCP 47 tag.
        names: By element of a layout: pairs of a name in UTF-8 and its English.
    """

    tag: str
    names: Mapping[str, Sequence[tuple[bytes, bytes]]]

    @staticmethod
    def load(tag: str) -> "Locale":
        """The names of a language.

        Raises:
            ExecutionError: CLDR does not know it.
        """
        return _load(tag)

    def translate(self, text: str, layout: str) -> str:
        """A text with English names where a layout has names.

        Raises:
            LayoutMismatch: Another text stands there.
            ExecutionError: The language has no such names.
        """
        return _Translation(self, text, layout).run()


class _Translation:
    """One text on its way through a layout. Both are bytes, as they are to Go."""

    def __init__(self, locale: Locale, text: str, layout: str) -> None:
        self._locale = locale
        self._layout = layout.encode("utf-8", "surrogateescape")
        self._text = text.encode("utf-8", "surrogateescape")
        self._at = 0
        self._out = bytearray()

    def run(self) -> str:
        """The text in English."""
        at = 0
        while at < len(self._layout):
            element = _ELEMENT.match(self._layout, at)
            if element and self._take(element.group()):
                at = element.end()
            else:
                self._copy_byte()
                at += 1
        self._out += self._text[self._at :]
        return self._out.decode("utf-8", "surrogateescape")

    def _copy_byte(self) -> None:
        if self._at < len(self._text):
            # Go takes the byte for a character here, and goes on by the size of that one.
            written = chr(self._text[self._at]).encode()
            self._out += written
            self._at += len(written)

    def _take(self, element: bytes) -> bool:
        """Read what stands for an element; whether it was one for this text."""
        if element.startswith(b"_"):
            return self._take_padded(element)
        self._skip_blanks()
        if element in b"345":
            self._take_digits(element.decode())
        else:
            self._take_name(element.decode())
        return True

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._out += b" "
            self._at += 1

    def _take_digits(self, element: str) -> None:
        digits = re.compile(rb"[0-9]{1,2}").match(self._text, self._at)
        if not digits:
            raise LayoutMismatch(element, "unknown")
        self._out += digits.group()
        self._at = digits.end()

    def _take_padded(self, element: bytes) -> bool:
        if len(self._text) < self._at + len(element):
            return False
        self._skip_blanks()
        if self._at >= len(self._text):
            raise LayoutMismatch(element.decode(), "unknown")
        end = self._at
        limit = self._at + len(element)
        while end < min(limit, len(self._text)) and self._text[end] not in _BLANKS:
            end += 1
        self._out += self._text[self._at : end]
        self._at = end
        return True

    def _take_name(self, element: str) -> None:
        # "Pm" and "pM" count as halves of the day here, though a layout does not know them.
        kind = {"Pm": "PM", "pM": "pm"}.get(element, element)
        names = self._locale.names.get(kind)
        if not names:
            raise ExecutionError(f"{self._locale.tag} has no names for {element}")
        best, english = b"", b""
        for name, its_english in names:
            given = self._text[self._at : self._at + len(name)]
            if len(name) > len(best) and len(given) == len(name) and _fold(given) == _fold(name):
                best, english = name, its_english
        if not best:
            raise LayoutMismatch(element, "unknown")
        self._out += english
        self._at += len(best)


def _fold(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape").upper().lower()


@lru_cache(64)
def _load(tag: str) -> Locale:
    try:
        from babel import core, localedata  # 60 ms
    except ImportError:
        raise ExecutionError(
            "names in other languages need the package babel: pip install 'otx[ottl]'"
        ) from None
    name = tag.replace("-", "_")
    if not _TAG.fullmatch(tag) or name not in set(localedata.locale_identifiers()):
        raise ExecutionError(f"{tag!r} is no locale: a BCP 47 tag like es or es-ES is wanted")
    if name.partition("_")[0] == "nb":
        raise ExecutionError("the Collector knows Norwegian Bokmål as no, and not as nb")
    layers = [
        localedata.load(one, merge_inherited=False)
        for one in _lineage(name, core)
        if localedata.exists(one)
    ]
    names = dict(_tables(layers))
    if not any(names.values()):
        raise ExecutionError(f"{tag} has no names of its own for months and days")
    return Locale(tag, names)


def _lineage(name: str, core: ModuleType) -> list[str]:
    """A language's ancestors below the root, and itself last."""
    found: list[str] = []
    exceptions = core.get_global("parent_exceptions")
    while name and name != "root":
        found.insert(0, name)
        name = exceptions.get(name) or name.rpartition("_")[0]
    return found


def _tables(layers: Sequence[Any]) -> Iterator[tuple[str, Sequence[tuple[bytes, bytes]]]]:
    """The names by element of a layout."""
    for element, width, section, english in (
        ("January", "wide", "months", dict(enumerate(MONTHS, 1))),
        ("Jan", "abbreviated", "months", {n: m[:3] for n, m in enumerate(MONTHS, 1)}),
        ("Monday", "wide", "days", {(n + 6) % 7: d for n, d in enumerate(WEEKDAYS)}),
        ("Mon", "abbreviated", "days", {(n + 6) % 7: d[:3] for n, d in enumerate(WEEKDAYS)}),
    ):
        names: dict[Any, str] = {}
        for layer in layers:
            names.update(_section(layer, section, width))
        yield element, _pairs(names, english)
    halves: dict[Any, str] = {}
    for layer in layers:
        halves = _halves(layer) or halves
    yield "PM", _pairs(halves, {"am": "AM", "pm": "PM"})
    yield "pm", _pairs(halves, {"am": "am", "pm": "pm"})


def _section(layer: Any, section: str, width: str) -> Mapping[Any, str]:
    found = layer.get(section, {}).get("format", {}).get(width, {})
    # Another width's names by reference are no names of this width.
    return found if isinstance(found, dict) else {}


def _halves(layer: Any) -> dict[Any, str]:
    """The short names of the halves of the day; narrow ones fill up what the others lack."""
    halves: dict[Any, str] = {}
    for width in ("abbreviated", "narrow"):
        for key, name in _section(layer, "day_periods", width).items():
            if key in ("am", "pm") and isinstance(name, str):
                halves[key] = name.replace(_NARROW_BLANK, "")
        if len(halves) == 2:
            return halves
    return {}


def _pairs(names: Mapping[Any, str], english: Mapping[Any, str]) -> Sequence[tuple[bytes, bytes]]:
    return [(name.encode(), english[key].encode()) for key, name in names.items() if key in english]
