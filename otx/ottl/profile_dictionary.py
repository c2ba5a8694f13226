"""The dictionary of a request's profiles, and attributes that lie in it.

Profiles share their texts and attributes: a profile or sample holds indices into tables of the
request (opentelemetry-proto, profiles.proto, `ProfilesDictionary`). Entries are shared, so that a
changed attribute is a new entry, found or appended, and never a changed one.
"""

from collections.abc import Iterator, MutableMapping, Set
from typing import Any

from google.protobuf.message import DecodeError

from otx.otlp.any_value import TooDeep, decode_any, encode_any
from otx.ottl.errors import ExecutionError
from otx.ottl.values import MapForm, Value

_CHANGED = -1


class Dictionary:
    """The tables of one request."""

    def __init__(self, message: Any) -> None:
        """Look at a `ProfilesDictionary` of the open view."""
        self._message = message
        self._strings: dict[bytes, int] = {}
        self._attributes: dict[tuple[int, bytes, int], int] = {}

    def text(self, index: int) -> str:
        """The text at an index.

        Raises:
            ExecutionError: There is none.
        """
        table = self._message.string_table
        if not 0 <= index < len(table):
            raise ExecutionError(f"string {index} is not in the dictionary, which has {len(table)}")
        return str(table[index], "utf-8", "surrogateescape")

    def index_of(self, text: str) -> int:
        """The index of a text, which is appended where it is not there."""
        table, known = self._message.string_table, self._strings
        if not known:
            for index, data in enumerate(table):
                known.setdefault(data, index)
        data = text.encode("utf-8", "surrogateescape")
        if data not in known:
            known[data] = len(table)
            table.append(data)
        return known[data]

    def attribute(self, index: int) -> tuple[str, bytes]:
        """The key and the serialised value of the attribute at an index.

        Raises:
            ExecutionError: There is none.
        """
        table = self._message.attribute_table
        if not 0 <= index < len(table):
            raise ExecutionError(
                f"attribute {index} is not in the dictionary, which has {len(table)}"
            )
        found = table[index]
        return self.text(found.key_strindex), found.value

    def index_of_attribute(self, key: str, value: Value) -> int:
        """The index of an attribute without a unit, which is appended where it is not there.

        Raises:
            ExecutionError: The value is nested too deep.
        """
        table, known = self._message.attribute_table, self._attributes
        if not known:
            for index, one in enumerate(table):
                content = encode_any(decode_any(one.value))
                known.setdefault((one.key_strindex, content, one.unit_strindex), index)
        try:
            wanted = (self.index_of(key), encode_any(value), 0)
        except TooDeep as error:
            raise ExecutionError(str(error)) from None
        if wanted not in known:
            known[wanted] = len(table)
            table.add(key_strindex=wanted[0], value=wanted[1])
        return known[wanted]

    def resolve(self, field: Any) -> None:
        """Put the texts that a resource's or scope's attributes refer to in their places.

        Collectors write them as references; statements and everybody else read texts.
        """
        from opentelemetry.proto.common.v1.common_pb2 import KeyValue

        if not len(self._message.string_table):
            return
        for at, data in enumerate(field):
            try:
                entry: Any = KeyValue.FromString(data)
                if self._resolve_entry(entry):
                    field[at] = entry.SerializeToString()
            except DecodeError:
                continue

    def _resolve_entry(self, entry: Any) -> bool:
        is_reference = entry.key_strindex > 0 and not entry.key
        if is_reference:
            entry.key = self._valid_text(entry.key_strindex)
            entry.key_strindex = 0
        return self._resolve_value(entry.value) or is_reference

    def _resolve_value(self, value: Any) -> bool:
        kind = value.WhichOneof("value")
        if kind == "string_value_strindex" and value.string_value_strindex:
            value.string_value = self._valid_text(value.string_value_strindex)
            return True
        # All of them are resolved: `sum` does not stop at the first as `any` would.
        if kind == "kvlist_value":
            return sum(map(self._resolve_entry, value.kvlist_value.values)) > 0
        if kind == "array_value":
            return sum(map(self._resolve_value, value.array_value.values)) > 0
        return False

    def _valid_text(self, index: int) -> str:
        table = self._message.string_table
        return str(table[index], "utf-8", "replace") if 0 <= index < len(table) else ""


def dictionary_of(request: Any) -> Dictionary:
    """The dictionary of a request of profiles; what refers to it from outside is resolved."""
    dictionary = Dictionary(request.dictionary)
    for group in request.resource_profiles:
        dictionary.resolve(group.resource.attributes)
        for scope in group.scope_profiles:
            dictionary.resolve(scope.scope.attributes)
    return dictionary


class ProfileAttributes(MapForm, MutableMapping[str, Value]):
    """The attributes of a profile or sample.

    What is changed is written to the dictionary by `flush`, without the unit that it may have had.
    A map or list that was read and is then changed in place has to be announced by `touch`.
    """

    __slots__ = ("_dictionary", "_indices", "_is_changed", "_item", "_values")

    def __init__(self, item: Any, dictionary: Dictionary) -> None:
        """Look at the `attribute_indices` of a message.

        Raises:
            ExecutionError: One leads nowhere.
        """
        self._item = item
        self._dictionary = dictionary
        self._values: dict[str, Value] = {}
        self._is_changed = False
        # Of two with one key the last counts.
        self._indices = {dictionary.attribute(i)[0]: i for i in item.attribute_indices}

    def __getitem__(self, key: str) -> Value:
        if key not in self._values:
            self._values[key] = decode_any(self._dictionary.attribute(self._indices[key])[1])
        return self._values[key]

    def __setitem__(self, key: str, value: Value) -> None:
        self._indices[key] = _CHANGED
        self._values[key] = value
        self._is_changed = True

    def __delitem__(self, key: str) -> None:
        del self._indices[key]
        self._values.pop(key, None)
        self._is_changed = True

    def __contains__(self, key: object) -> bool:
        return key in self._indices

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[str]:
        return iter(self._indices)

    def clear(self) -> None:
        """Remove everything."""
        self.replace({})

    def touch(self, key: str) -> None:
        """Announce that the value of a key was changed in place."""
        self[key] = self[key]

    def replace(self, content: dict[str, Value]) -> None:
        """Hold this and nothing else."""
        self._indices = dict.fromkeys(content, _CHANGED)
        self._values = content
        self._is_changed = True

    def keep(self, keys: Set[str]) -> None:
        """Remove every key but these."""
        for key in [key for key in self._indices if key not in keys]:
            del self[key]

    def flush(self) -> None:
        """Write back what changed."""
        if not self._is_changed:
            return
        for key, index in self._indices.items():
            if index == _CHANGED:
                value = self._values[key]
                self._indices[key] = self._dictionary.index_of_attribute(key, value)
        del self._item.attribute_indices[:]
        self._item.attribute_indices.extend(self._indices.values())
        self._is_changed = False
