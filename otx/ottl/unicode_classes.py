r"""The classes of characters that Go's `\p{…}` names: Unicode 15, whatever the engine here knows.

RE2 takes fewer names than Go 1.25 and later, which also reads `\p{Letter}` and `\p{greek}`, and its
tables are those of an older Unicode. So a class is written out as ranges.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TypeAlias

Ranges: TypeAlias = Sequence[tuple[int, int]]
"""Code points from one to another, both included, in their order."""

_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_GROUPS = "CLMNPSZ"
_ALIASES = {
    "Casedletter": "Lc",
    "Closepunctuation": "Pe",
    "Cntrl": "Cc",
    "Combiningmark": "M",
    "Connectorpunctuation": "Pc",
    "Control": "Cc",
    "Currencysymbol": "Sc",
    "Dashpunctuation": "Pd",
    "Decimalnumber": "Nd",
    "Digit": "Nd",
    "Enclosingmark": "Me",
    "Finalpunctuation": "Pf",
    "Format": "Cf",
    "Initialpunctuation": "Pi",
    "Letter": "L",
    "Letternumber": "Nl",
    "Lineseparator": "Zl",
    "Lowercaseletter": "Ll",
    "Mark": "M",
    "Mathsymbol": "Sm",
    "Modifierletter": "Lm",
    "Modifiersymbol": "Sk",
    "Nonspacingmark": "Mn",
    "Number": "N",
    "Openpunctuation": "Ps",
    "Other": "C",
    "Otherletter": "Lo",
    "Othernumber": "No",
    "Otherpunctuation": "Po",
    "Othersymbol": "So",
    "Paragraphseparator": "Zp",
    "Privateuse": "Co",
    "Punct": "P",
    "Punctuation": "P",
    "Separator": "Z",
    "Spaceseparator": "Zs",
    "Spacingmark": "Mc",
    "Surrogate": "Cs",
    "Symbol": "S",
    "Titlecaseletter": "Lt",
    "Unassigned": "Cn",
    "Uppercaseletter": "Lu",
}
"""The long names of categories (Unicode's property value aliases), as Go compares them."""


@cache
def class_text(name: str, *, is_negated: bool, is_in_class: bool) -> str:
    r"""A class as a pattern writes it without `\p`.

    Args:
        name: What stands in the braces; a `^` before it negates once more.
        is_negated: Whether everything else is meant.
        is_in_class: Whether it stands between brackets already.

    Raises:
        ValueError: There is no such class.
    """
    if name.startswith("^"):
        name, is_negated = name[1:], not is_negated
    found = _ranges(_canonical(name))
    if not is_in_class:
        if not _texts(found):
            found, is_negated = [(0, _LAST)], not is_negated
        return f"[{'^' if is_negated else ''}{_texts(found)}]"
    return _texts(_rest(found) if is_negated else found)


def _canonical(name: str) -> str:
    """A name as Go looks it up: one capital, and neither blanks nor `_` nor `-`."""
    return "".join(c for c in name if c not in " _-").capitalize()


def _ranges(name: str) -> Ranges:
    """The characters of a class.

    Raises:
        ValueError: There is no such class.
    """
    name = _ALIASES.get(name, name)
    if name == "Any":
        return [(0, _LAST)]
    if name == "Ascii":
        return [(0, 0x7F)]
    if name == "Lc":
        return _union(["Ll", "Lt", "Lu"])
    if name in ("Cn", "Assigned"):
        assigned = _union([one for one in _tables() if len(one) == 2 and one[0] in _GROUPS])
        return assigned if name == "Assigned" else _rest(assigned)
    if name == "C":
        return _merged([*_union(_members("C")), *_ranges("Cn")])
    if name and name in _GROUPS:
        return _union(_members(name))
    if name not in _tables():
        raise ValueError(f"there is no class of characters {name!r}")
    return _tables()[name]


def _members(group: str) -> list[str]:
    return [one for one in _tables() if len(one) == 2 and one[0] == group]


def _union(names: Sequence[str]) -> Ranges:
    return _merged([one for name in names for one in _tables()[name]])


def _merged(ranges: Ranges) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _rest(ranges: Ranges) -> Ranges:
    """All other characters."""
    rest, begin = [], 0
    for first, last in ranges:
        if first > begin:
            rest.append((begin, first - 1))
        begin = last + 1
    if begin <= _LAST:
        rest.append((begin, _LAST))
    return rest


def _texts(ranges: Ranges) -> str:
    return "".join(f"{_text(first)}-{_text(last)}" for first, last in _encodable(ranges))


def _encodable(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """The ranges without surrogates, which no text that is UTF-8 holds."""
    low, high = _SURROGATES
    for first, last in ranges:
        if first < low:
            yield first, min(last, low - 1)
        if last > high:
            yield max(first, high + 1), last


def _text(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x80 else chr(code)


@cache
def _tables() -> Mapping[str, Ranges]:
    """Categories of two letters, and scripts, by name."""
    lines = files("otx.ottl").joinpath("unicode_classes.txt").read_text("ascii").splitlines()
    tables = {}
    for line in lines:
        name, *parts = line.split()
        if name != "#":
            tables[name] = [_range(part) for part in parts]
    return tables


def _range(part: str) -> tuple[int, int]:
    first, _, last = part.partition("-")
    return int(first, 16), int(last or first, 16)
