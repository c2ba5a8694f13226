"""Attributes as OTTL sees them: a map whose entries stay bytes until somebody names them.

Most statements read two of ten attributes and write one. What is not named is never decoded, and
is written back byte for byte; order is kept, as it is in the Collector.
"""

from abc import abstractmethod
from collections.abc import (
    Callable,
    Collection,
    ItemsView,
    Iterator,
    KeysView,
    MutableMapping,
    Sequence,
    Set,
)
from typing import Any, TypeGuard

from otx.otlp.any_value import TooDeep, encode_key_value, key_of, value_of
from otx.ottl.errors import ExecutionError
from otx.ottl.values import MapForm, Value, deep_copy

_MISSING: Any = object()
_FORMS: set[type] = set()
_KNOWN_KEYS: dict[bytes, str] = {}
"""Keys by the field that holds them: tag, length of one byte, text."""
_KNOWN_KEYS_LIMIT = 10_000


class AttributeMap(MapForm, MutableMapping[str, Value]):
    """The attributes of one message. Of two entries with one key the first is the one that counts.

    Values are those of `otx.ottl.values`. A map or list that was read and is then changed in place
    has to be announced by `touch`. How entries are kept is a subclass's concern.
    """

    __slots__ = ("_changed", "_later", "_raw", "_values")

    def __init_subclass__(cls) -> None:
        """Take down one more way to keep entries."""
        _FORMS.add(cls)

    _key_of: Callable[[Any], str]
    _value_of: Callable[[Any], Value]
    _entry_of: Callable[[str, Value], Any]

    def __init__(self, raw: dict[str, Any], entries: Sequence[Any]) -> None:
        """Hold entries.

        Args:
            raw: They by their keys.
            entries: All of them.
        """
        self._raw: dict[str, Any] = raw
        self._values: dict[str, Value] = {}
        self._changed = False
        self._later: list[Any] = []
        if len(entries) != len(raw):
            self._sort_out_doubles(entries)

    def __getitem__(self, key: str) -> Value:
        value = self._values.get(key, _MISSING)
        if value is _MISSING:
            data = self._raw[key]
            assert data is not None  # noqa: S101 - an entry without bytes has a value
            value = self._values[key] = self._value_of(data)
        return value

    def get(self, key: str, default: Value = None) -> Value:
        """The value of a key; `default` where there is none."""
        value = self._values.get(key, _MISSING)
        if value is not _MISSING:
            return value
        data = self._raw.get(key)
        if data is None:
            return default
        value = self._values[key] = self._value_of(data)
        return value

    def __setitem__(self, key: str, value: Value) -> None:
        self._raw[key] = None
        self._values[key] = value
        self._changed = True

    def __delitem__(self, key: str) -> None:
        del self._raw[key]
        self._values.pop(key, None)
        self._changed = True
        if self._later:
            self._uncover(key)

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def keys(self) -> KeysView[str]:
        """All keys as they are at any time."""
        return self._raw.keys()

    def __len__(self) -> int:
        return len(self._raw)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def items(self) -> ItemsView[str, Value]:
        """All keys and values as they are now: what changes meanwhile does not disturb the walk."""
        values = self._values
        for key, data in self._raw.items():
            if key not in values:
                assert data is not None  # noqa: S101 - an entry without bytes has a value
                values[key] = self._value_of(data)
        return {key: values[key] for key in self._raw}.items()

    def clear(self) -> None:
        """Remove everything."""
        self._raw.clear()
        self._values.clear()
        self._later.clear()
        self._changed = True

    def touch(self, key: str) -> None:
        """Announce that the value of a key was changed in place."""
        self[key] = self[key]

    def replace(self, content: dict[str, Value]) -> None:
        """Hold this and nothing else."""
        self._raw = dict.fromkeys(content)
        self._values = content
        self._later.clear()
        self._changed = True

    def adopt(self, source: "AttributeMap", *, new: bool = True, present: bool = True) -> None:
        """Take over entries of another map, as the bytes that they are where they are bytes.

        Args:
            source: Where they are.
            new: Whether entries whose keys are not here are taken.
            present: Whether entries whose keys are here are taken.
        """
        raw, values = self._raw, self._values
        for key, data in source._raw.items():
            if key not in raw:
                if not new:
                    continue
            elif present:
                values.pop(key, None)
            else:
                continue
            raw[key] = data
            if data is None:
                values[key] = deep_copy(source._values[key])
            self._changed = True

    def keep(self, keys: Set[str]) -> None:
        """Remove every key but these; without decoding what goes or stays."""
        self.drop([key for key in self._raw if key not in keys])

    def drop(self, keys: Collection[str]) -> None:
        """Remove keys that are there, with what other entries they have; nothing is decoded."""
        if not keys:
            return
        for key in keys:
            del self._raw[key]
            self._values.pop(key, None)
        if self._later:
            self._later = [data for data in self._later if self._key_of(data) in self._raw]
        self._changed = True

    @abstractmethod
    def texts_longer_than(self, limit: int) -> "list[tuple[str, str]]":
        """The texts of more than `limit` bytes; of the others hardly any is decoded."""

    def flush(self) -> None:
        """Write back what changed.

        Raises:
            ExecutionError: A value is nested too deep.
        """
        if not self._changed:
            return
        values, entry_of = self._values, self._entry_of
        try:
            entries = [
                entry_of(key, values[key]) if data is None else data
                for key, data in self._raw.items()
            ]
        except TooDeep as error:
            raise ExecutionError(str(error)) from None
        self._write(entries + self._later if self._later else entries)
        self._changed = False

    @abstractmethod
    def _write(self, entries: list[Any]) -> None:
        """Put entries in the place of those of the message."""

    def _sort_out_doubles(self, entries: Sequence[Any]) -> None:
        """Keep entries whose key was there before: nobody sees them, and nobody loses them."""
        self._raw = {}
        for data in entries:
            key = self._key_of(data)
            if key in self._raw:
                self._later.append(data)
            else:
                self._raw[key] = data

    def _uncover(self, key: str) -> None:
        """Show the next entry with a key whose first one was removed."""
        for at, data in enumerate(self._later):
            if self._key_of(data) == key:
                self._raw[key] = self._later.pop(at)
                return


def is_attribute_map(value: object) -> "TypeGuard[AttributeMap]":
    """Whether a value is an AttributeMap; asking an abstract class costs four times as much."""
    return type(value) in _FORMS


def is_longer(value: Value, limit: int) -> bool:
    """Whether a value is a text of more than `limit` bytes."""
    if type(value) is not str:
        return False
    if len(value) > limit:
        return True
    return not value.isascii() and len(value.encode("utf-8", "surrogateescape")) > limit


class WireAttributes(AttributeMap):
    """Attributes that are serialised KeyValue messages."""

    __slots__ = ("_field",)

    _key_of = staticmethod(key_of)
    _value_of = staticmethod(value_of)
    _entry_of = staticmethod(encode_key_value)

    def __init__(self, field: Any) -> None:
        """Look at a repeated field of the open view."""
        raw: dict[str, bytes | None] = {}
        known = _KNOWN_KEYS
        entries = field[:]
        for data in entries:
            try:
                size = data[1]
                if data[0] == 0x12:  # the value first, as the Collector writes
                    named = data[size + 2 :] if size < 128 else b""
                else:
                    named = data[: size + 2]
            except IndexError:
                named = b""
            key = known.get(named)
            raw[_learn(data) if key is None else key] = data
        self._field = field
        super().__init__(raw, entries)

    def texts_longer_than(self, limit: int) -> "list[tuple[str, str]]":
        """The texts of more than `limit` bytes; of the others hardly any is decoded."""
        found = []
        for key, data in self._raw.items():
            if data is not None and len(data) <= limit:
                continue  # the entry as a whole is shorter
            value = self[key]
            if is_longer(value, limit):
                found.append((key, value))
        return found

    def _write(self, entries: list[bytes]) -> None:
        del self._field[:]
        self._field.extend(entries)


def _learn(data: bytes) -> str:
    """The key of an entry whose key was not met before, or could not be taken as it stands."""
    key = key_of(data)
    name = key.encode("utf-8", "surrogateescape")
    if len(name) < 128 and len(_KNOWN_KEYS) < _KNOWN_KEYS_LIMIT:
        _KNOWN_KEYS[bytes((0x0A, len(name))) + name] = key
    return key
