"""Values of a test file: maps, lists and texts, and the error for one that cannot be used."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from otx.ottl.yaml_places import YamlPath


class Unreadable(ValueError):
    """A part of a test file that cannot be used.

    Attributes:
        path: Where it stands.
        hint: What to do about it.
    """

    def __init__(self, path: YamlPath, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


def mapping(data: object, path: YamlPath) -> Mapping[str, Any]:
    """A map; an empty one where nothing is written.

    Raises:
        Unreadable: It is something else.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise wanted("a map", data, path)
    return data


def listing(data: object, path: YamlPath) -> Sequence[Any]:
    """A list.

    Raises:
        Unreadable: It is something else.
    """
    if not isinstance(data, list):
        raise wanted("a list", data, path)
    return data


def text_of(data: object, path: YamlPath) -> str:
    """A text.

    Raises:
        Unreadable: It is something else.
    """
    if not isinstance(data, str):
        raise wanted("a text", data, path)
    return data


def unknown_key(path: YamlPath, key: str, known: Collection[str], what: str = "key") -> Unreadable:
    """The error for a key of a map that has no such key."""
    meant = near(key, known)
    hint = f"did you mean {meant}?" if meant else f"there are {', '.join(sorted(known))}"
    return Unreadable((*path, key), f"there is no {what} {key!r}", hint)


def wanted(what: str, data: object, path: YamlPath, hint: str = "") -> Unreadable:
    """The error for a value of another kind than is wanted."""
    is_scalar = not isinstance(data, (Mapping, list, str))
    if not hint and what in ("a text", "a value of OTLP") and is_scalar:
        hint = "quoted, it is a text"
    return Unreadable(path, f"{what} is wanted, not {_word(data)}", hint)


def _word(data: object) -> str:
    if isinstance(data, Mapping):
        return "a map"
    if isinstance(data, list):
        return "a list"
    if isinstance(data, str):
        return f"the text {data!r}"
    if data is None:
        return "nothing"
    return f"{type(data).__name__} {data}"


def near(word: str, known: Collection[str]) -> str:
    """The known word that may be meant; "" where none is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return found[0] if found else ""
