"""Replacing what a regular expression matches, as Go's `regexp` does it.

The engine is the same (RE2). What differs is how a replacement refers to groups (`$1`, `${name}`,
`$$`), and that an empty match right behind another match is none. Text that is no UTF-8 cannot be
given to the engine: its bytes are shown to it as characters of a private area.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import Match, Pattern
from typing import Any, TypeAlias

Template: TypeAlias = tuple[str | int, ...]
"""Literal pieces and numbers of groups."""

_HIDDEN = {0xDC80 + byte: 0x10FF00 + byte for byte in range(128)}
_SHOWN = {hidden: shown for shown, hidden in _HIDDEN.items()}


def contains(pattern: Pattern[str], text: str) -> bool:
    """Whether a pattern is found anywhere in a text."""
    search: Any = pattern
    try:
        # RE2's own test makes no match object, and so costs a fifth of `search`.
        found: bool = search.contains(text)
    except UnicodeEncodeError:
        found = search.contains(text.translate(_HIDDEN))
    return found


def replacer(pattern: Pattern[str], template: Template) -> Callable[[str], str | None]:
    """What replaces all matches in a text; it gives None where there is none."""
    only = template[0] if len(template) == 1 else None
    literal = only if type(only) is str and "\\" not in only else None

    def replace(text: str) -> str | None:
        if not contains(pattern, text):
            return None
        if literal is not None:
            try:
                return pattern.sub(literal, text)
            except UnicodeError:
                # The text is no UTF-8, or an empty match was found within a character.
                pass
        return _replace(pattern, text, lambda match: expand(template, match))

    return replace


def replace_each(pattern: Pattern[str], text: str, make: Callable[[Match[str]], str]) -> str | None:
    """A text with each match replaced by what is made of it; None where there is none."""
    return _replace(pattern, text, make) if contains(pattern, text) else None


def expand(template: Template, match: Match[str]) -> str:
    """A replacement with its references filled in; groups that took no part are empty."""
    return "".join(piece if type(piece) is str else match.group(piece) or "" for piece in template)


def _replace(pattern: Pattern[str], text: str, make: Callable[[Match[str]], str]) -> str:
    if text.isascii() or not any("\udc80" <= c <= "\udcff" for c in text):
        return _joined(pattern, text, make)
    return _joined(pattern, text.translate(_HIDDEN), make).translate(_SHOWN)


def _joined(pattern: Pattern[str], text: str, make: Callable[[Match[str]], str]) -> str:
    parts = []
    end = 0
    for match in _matches(pattern, text):
        parts += [text[end : match.start()], make(match)]
        end = match.end()
    return "".join([*parts, text[end:]])


def _matches(pattern: Pattern[str], text: str) -> list[Match[str]]:
    """All matches but the empty ones at the end of the match before."""
    found = list(pattern.finditer(text))
    if text.isascii() or all(match.start() < match.end() for match in found):
        return list(_not_abutting(found))
    # The binding looks for empty matches within characters too; searching anew does not.
    return list(_not_abutting(_searched(pattern, text)))


def _not_abutting(matches: Iterable[Match[str]]) -> Iterator[Match[str]]:
    last = -1
    for match in matches:
        if match.end() > last:
            last = match.end()
            yield match


def _searched(pattern: Pattern[str], text: str) -> Iterator[Match[str]]:
    at = 0
    while at <= len(text):
        match = pattern.search(text, at)
        if match is None:
            return
        yield match
        at = at + 1 if match.end() == at else match.end()


@lru_cache(1024)
def parse_template(text: str, pattern: Pattern[str]) -> Template:
    """A replacement, taken apart for a pattern: what refers to no group of it is empty."""
    pieces: list[str | int] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        dollar = text.find("$", at)
        if dollar < 0:
            break
        literal.append(text[at:dollar])
        name, at = _reference(text, dollar)
        if not name:
            literal.append("$")
            continue
        group = _group(name, pattern)
        if group is not None:
            pieces += ["".join(literal), group]
            literal = []
    literal.append(text[at:])
    pieces.append("".join(literal))
    return tuple(piece for piece in pieces if piece != "") or ("",)


def _reference(text: str, dollar: int) -> tuple[str, int]:
    """The name after a `$` and where it ends; no name where the `$` stands for itself."""
    at = dollar + 1
    if text[at : at + 1] == "$":
        return "", at + 1
    braced = text[at : at + 1] == "{"
    start = end = at + braced
    while end < len(text) and (text[end] == "_" or text[end].isalpha() or text[end].isdigit()):
        end += 1
    if start == end or (braced and text[end : end + 1] != "}"):
        return "", at
    return text[start:end], end + braced


def _group(name: str, pattern: Pattern[str]) -> int | None:
    """The number of the group that a name means; None for none."""
    is_number = name.isascii() and name.isdigit() and (name == "0" or name[0] != "0")
    if is_number:
        return int(name) if len(name) < 10 and int(name) <= pattern.groups else None
    return pattern.groupindex.get(name)
