"""A large OTLP/JSON document cut between its resources, so that it is never all objects at once.

A document of 10 MB is 60 MB of Python objects. Its resources are found one after the other by the
standard library's scanner, which says where a value ends, and handed on as the text that they are.
"""

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from otx.otlp.files import parse_json, signal_of_document
from otx.otlp.json_text import is_utf8
from otx.otlp.pieces import Piece, not_otlp

_HEAD = re.compile(r'\s*\{\s*"([a-zA-Z]+)"\s*:\s*\[\s*(?!\])', re.ASCII)
_NEXT = re.compile(r"\s*,\s*", re.ASCII)
_TAIL = re.compile(r"\s*\]\s*\}\s*", re.ASCII)


def by_resources(piece: Piece, size: int) -> Iterator[Piece]:
    """A large document as several of about so many bytes; what is small or none as it is.

    Whoever needs all resources of a request together cannot use it.

    Raises:
        UsageError: It turns out to be no OTLP.
    """
    # Latin-1 keeps every byte as it is: what is no ASCII stands in strings, which stay unread.
    # Of a part with a byte that is none of UTF-8 the parser could not say where it stands.
    is_large = piece.encoding == "json" and len(piece.data) >= 2 * size and is_utf8(piece.data)
    text = piece.data.decode("latin-1") if is_large else ""
    head = _HEAD.match(text)
    if head is None:
        yield piece
        return
    begin, first = head.end(), 1
    for number, end in enumerate(_ends(piece, text, begin), 1):
        following = _NEXT.match(text, end)
        if following is None and first == 1:
            yield piece
        elif following is None or end - begin >= size:
            data = f'{{"{head[1]}":[{text[begin:end]}]}}'.encode("latin-1")
            yield Piece("json", data, f"{piece.place}, from resource {first} on")
            begin, first = following.end() if following else end, number + 1


def _ends(piece: Piece, text: str, at: int) -> Iterator[int]:
    """Where each element of a list ends, whose first one begins at an offset."""
    # What scanner and parser differ in is for the parser to say, of each part.
    scanner = json.JSONDecoder(strict=False)
    while True:
        try:
            _, end = scanner.raw_decode(text, at)
        except (ValueError, RecursionError):
            _refuse(piece)
        yield end
        following = _NEXT.match(text, end)
        if following is None:
            break
        at = following.end()
    if not _TAIL.fullmatch(text, end):
        _check(piece)


def _check(piece: Piece) -> None:
    """Unknown keys may follow; the list of another signal may not."""
    signal_of_document(parse_json(piece), piece.place)


def _refuse(piece: Piece) -> NoReturn:
    _check(piece)
    raise not_otlp(piece.place)
