"""Attributes that are objects of OTLP/JSON: those of the parser, until somebody changes them."""

from otx.otlp.json_values import Entry, entry_of, key_of_entry, value_of_entry
from otx.otlp.json_view import JsonMessage
from otx.ottl.attributes import AttributeMap, is_longer


class JsonAttributes(AttributeMap):
    """The attributes of a message of the JSON view."""

    __slots__ = ("_field", "_message")

    _key_of = staticmethod(key_of_entry)
    _value_of = staticmethod(value_of_entry)
    _entry_of = staticmethod(entry_of)

    def __init__(self, message: JsonMessage, field: str) -> None:
        """Look at a field of a message."""
        self._message = message
        self._field = field
        entries = message.entries(field)
        try:
            raw = {entry["key"]: entry for entry in entries}
        except KeyError:  # a key that is empty is not there
            raw = {key_of_entry(entry): entry for entry in entries}
        super().__init__(raw, entries)

    def texts_longer_than(self, limit: int) -> "list[tuple[str, str]]":
        """The texts of more than `limit` bytes; nothing else is looked at."""
        found = []
        values = self._values
        try:
            for key, entry in self._raw.items():
                text = values[key] if entry is None else entry["value"].get("stringValue")
                if type(text) is str and (
                    len(text) > limit or (not text.isascii() and is_longer(text, limit))
                ):
                    found.append((key, text))
        except KeyError:  # an entry without a value
            return [(key, one) for key, one in self.items() if is_longer(one, limit)]
        return found

    def _write(self, entries: list[Entry]) -> None:
        self._message.put_entries(self._field, entries)
