"""The dictionary of an OTLP profiles request: what its indices stand for.

Index 0 of each table stands for nothing (profiles.proto, `ProfilesDictionary`), also where a
sender left the table out. Every other index must lead somewhere.

Frames are written as everywhere in otx (docs/profile.md): `name`, `name (file.py)` of an
interpreter, `name_[k]` of the kernel, `[lib.so+0x1f2e]` where no symbol is known.
"""

import os.path
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from otx.otlp.json_columns import attributes_text
from otx.otlp.profile_rules import FRAME_TYPE

_COMPILED = frozenset(("", "native", "kernel", "go", "rust"))
"""Types of frames whose name says enough without its file."""

MAX_ITEMS = 32 * 1024 * 1024
"""Frames of all samples of a request, each written out: a minute of 64 busy CPUs has half as many.

A stack is said once and referred to by a byte, so that without a bound some kilobytes are an
hour's work.
"""
_TEXT_OF_AN_ITEM = 32


class BadIndex(ValueError):
    """A request that contradicts itself: an index leads nowhere, or to far too much."""


class Dictionary:
    """Texts, stacks, attributes and links by index, each read once."""

    def __init__(self, tables: Any) -> None:
        """Take a `ProfilesDictionary` message."""
        self._strings: Sequence[str] = list(tables.string_table)
        self._tables = tables
        self._stacks: dict[int, int] = {}
        self._stack_texts: list[list[str]] = []
        self._links: dict[int, int] = {}
        self._link_ids: list[tuple[str, str]] = []
        self._frames: dict[int, list[str]] = {}
        self._left = MAX_ITEMS

    def spend(self, items: int) -> None:
        """Take note of so many frames, or as much text, that indices have become.

        Raises:
            BadIndex: It is more than any honest request has.
        """
        self._left -= items
        if self._left < 0:
            raise BadIndex(f"its indices stand for more than {MAX_ITEMS} frames")

    def text(self, index: int) -> str:
        """A string of the table.

        Raises:
            BadIndex: There is none.
        """
        if index == 0:
            return ""
        if not 0 < index < len(self._strings):
            raise BadIndex(f"no string {index} in a table of {len(self._strings)}")
        return self._strings[index]

    def checked_stack(self, index: int) -> int:
        """The place in `stacks()` of the stack with an index.

        Raises:
            BadIndex: It, or what it refers to, is not there.
        """
        place = self._stacks.get(index)
        if place is None:
            stack = self._entry("stack", index)
            leaf_first = stack.location_indices if stack else ()
            parts = [self._frames_at(at) for at in leaf_first]
            self.spend(sum(map(len, parts)))
            frames = [frame for part in parts for frame in part]
            frames.reverse()
            place = self._stacks[index] = len(self._stack_texts)
            self._stack_texts.append(frames)
        return place

    def checked_link(self, index: int) -> int:
        """The place in `links()` of the link with an index.

        Raises:
            BadIndex: It is not there.
        """
        place = self._links.get(index)
        if place is None:
            link = self._entry("link", index)
            place = self._links[index] = len(self._link_ids)
            self._link_ids.append((_id(link.trace_id), _id(link.span_id)) if link else ("", ""))
        return place

    def stacks(self) -> list[list[str]]:
        """The frames, root first, of every stack that was asked for."""
        return self._stack_texts

    def links(self) -> list[tuple[str, str]]:
        """Trace id and span id of every link that was asked for; empty where it links nothing."""
        return self._link_ids

    def attributes_text(self, indices: Sequence[int]) -> str:
        """The JSON object of attributes (`otx.otlp.json_columns`); of a key twice both stay.

        Raises:
            BadIndex: One is not there.
        """
        text = attributes_text(list(self._attributes(indices)))
        self.spend(len(text) // _TEXT_OF_AN_ITEM)
        return text

    def resource_text(self, attributes: Sequence[KeyValue]) -> str:
        """The JSON object of attributes that stand in place, but may refer to texts.

        Raises:
            BadIndex: Such a text is not there.
        """
        return attributes_text(list(map(self._pair, attributes)))

    def _attributes(self, indices: Sequence[int]) -> Iterator[KeyValue]:
        for index in indices:
            entry = self._entry("attribute", index)
            if entry is not None:
                yield KeyValue(key=self.text(entry.key_strindex), value=self._value(entry.value))

    def _pair(self, pair: KeyValue) -> KeyValue:
        key = self.text(pair.key_strindex) if pair.key_strindex else pair.key
        return KeyValue(key=key, value=self._value(pair.value))

    def _value(self, value: AnyValue) -> AnyValue:
        """A value with the texts that it refers to by index (common.proto, `AnyValue`)."""
        kind = value.WhichOneof("value")
        if kind == "string_value_strindex":
            return AnyValue(string_value=self.text(value.string_value_strindex))
        if kind == "array_value":
            items = map(self._value, value.array_value.values)
            return AnyValue(array_value=ArrayValue(values=items))
        if kind == "kvlist_value":
            pairs = map(self._pair, value.kvlist_value.values)
            return AnyValue(kvlist_value=KeyValueList(values=pairs))
        return value

    def _entry(self, table: str, index: int) -> Any:
        """An entry of a table; None for index 0.

        Raises:
            BadIndex: There is none.
        """
        if index == 0:
            return None
        entries = getattr(self._tables, f"{table}_table")
        if not 0 < index < len(entries):
            raise BadIndex(f"no {table} {index} in a table of {len(entries)}")
        return entries[index]

    def _frames_at(self, index: int) -> list[str]:
        """The frames of a location, innermost first: several where calls are inlined."""
        frames = self._frames.get(index)
        if frames is None:
            frames = self._frames[index] = self._read_frames(index)
        return frames

    def _read_frames(self, index: int) -> list[str]:
        location = self._entry("location", index)
        if location is None:
            return ["[unknown]"]
        kind = self._frame_type(location)
        named = [self._frame(line, kind) for line in location.lines]
        frames = [frame for frame in named if frame]
        return frames or [self._unnamed(location)]

    def _frame_type(self, location: Any) -> str:
        for attribute in self._attributes(location.attribute_indices):
            if attribute.key == FRAME_TYPE:
                return attribute.value.string_value
        return ""

    def _frame(self, line: Any, kind: str) -> str:
        """A function's name as otx writes it; "" where it has none."""
        function = self._entry("function", line.function_index)
        if function is None:
            return ""
        name = self.text(function.name_strindex) or self.text(function.system_name_strindex)
        file = os.path.basename(self.text(function.filename_strindex))  # noqa: PTH119 - a sender's
        if not name:
            return ""
        if kind == "kernel":
            return name if name.endswith("_[k]") else f"{name}_[k]"
        return f"{name} ({file})" if file and kind not in _COMPILED else name

    def _unnamed(self, location: Any) -> str:
        """A place in a file: where its mapping lies in it, plus how far behind that it is."""
        mapping = self._entry("mapping", location.mapping_index)
        if mapping is None:
            return f"[{location.address:#x}]" if location.address else "[unknown]"
        file = os.path.basename(self.text(mapping.filename_strindex))  # noqa: PTH119 - a sender's
        inside = max(0, location.address - mapping.memory_start) + mapping.file_offset
        return f"[{file or 'unknown'}+{inside:#x}]"


def _id(data: bytes) -> str:
    """An id as hex text; "" for one of zeros, which stands for none."""
    return data.hex() if any(data) else ""
