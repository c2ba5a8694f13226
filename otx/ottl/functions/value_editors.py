"""The editors of all values of a map: flattened, as text, cut, or made valid text."""

import re
from typing import Any

from otx.ottl.attributes import is_attribute_map, is_longer
from otx.ottl.coerce import mapping
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstBool, ConstInt, ConstText, Target
from otx.ottl.value_json import as_string
from otx.ottl.values import Map, ProfileId, SpanId, TraceId, Value, is_map, kind_of

_UNLIMITED = 1 << 63


@editor_builder(
    "flatten",
    target="map",
    example=Example(
        "flatten(attributes)", '{"a.b":1,"c.0":"x","c.1":"y"}', '{"a":{"b":1},"c":["x","y"]}'
    ),
)
def flatten(
    target: Target,
    prefix: ConstText = "",
    depth: ConstInt = _UNLIMITED,
    resolve_conflicts: ConstBool = False,
) -> Run:
    """Move what lies in nested maps and lists to the top, under keys joined by dots."""
    if depth < 1:
        raise ExecutionError(f"the depth {depth} is not above 0")
    get, put = target.get, target.set

    def run(record: Any) -> None:
        flattener = _Flattener(depth, resolves=resolve_conflicts)
        flattener.map(mapping(get(record)), prefix, 0)
        put(record, flattener.result)

    return run


class _Flattener:
    """One run of `flatten`, which counts a list in a list as two levels, as the Collector does."""

    def __init__(self, depth: int, *, resolves: bool) -> None:
        self.result: dict[str, Value] = {}
        self._depth = depth
        self._resolves = resolves
        self._clashes: dict[str, int] = {}

    def map(self, content: Map, prefix: str, level: int) -> None:
        start = f"{prefix}." if prefix else ""
        for key, value in content.items():
            self._value(start + key, value, level)

    def _value(self, key: str, value: Value, level: int) -> None:
        if level < self._depth:
            if is_map(value):
                self.map(value, key, level + 1)
                return
            if type(value) is list:
                self._list(key, value, level)
                return
        self._put(key, value)

    def _list(self, key: str, elements: list[Value], level: int) -> None:
        goes_on = level + 1 < self._depth
        for number, element in enumerate(elements):
            place = f"{key}.{number}"
            if goes_on and is_map(element):
                self.map(element, place, level + 2)
            elif goes_on and type(element) is list:
                self._inner_list(place, element, level + 2)
            elif self._resolves:
                self._put(key, element)
            else:
                self.result[place] = element

    def _inner_list(self, place: str, elements: list[Value], level: int) -> None:
        # The Collector leaves the dot out here: `[[1]]` under `a` becomes `a.00`.
        for number, element in enumerate(elements):
            self._value(f"{place}{number}", element, level + 1)

    def _put(self, key: str, value: Value) -> None:
        if not self._resolves or key not in self.result:
            self._clashes[key] = 0
            self.result[key] = value
            return
        number = self._clashes.get(key, 0)
        self._clashes[key] = number + 1
        self.result[f"{key}.{number}"] = value


@editor_builder(
    "stringify_all",
    target="map",
    since="0.155",
    example=Example("stringify_all(attributes)", '{"a":"1","b":"[true]"}', '{"a":1,"b":[true]}'),
)
def stringify_all(target: Target) -> Run:
    """Make every value of a map a text."""
    edit = target.edit

    def run(record: Any) -> None:
        attributes = mapping(edit(record))
        for key, value in list(attributes.items()):
            if type(value) is not str:
                attributes[key] = as_string(value)

    return run


@editor_builder(
    "truncate_all",
    target="map",
    example=Example("truncate_all(attributes, 3)", '{"a":"hel","b":7}', '{"a":"hello","b":7}'),
)
def truncate_all(
    target: Target,
    limit: ConstInt,
    utf8_safe: ConstBool = True,
    truncation_marker: ConstText = "",
) -> Run:
    """Cut the texts of a map to so many bytes, and not in the middle of a character."""
    if limit < 0:
        raise ExecutionError(f"the limit {limit} is negative")
    marker = truncation_marker.encode("utf-8", "surrogateescape")
    if len(marker) > limit:
        raise ExecutionError(f"the marker's {len(marker)} bytes are more than the limit {limit}")
    end = limit - len(marker)
    edit = target.edit

    def run(record: Any) -> None:
        attributes = mapping(edit(record))
        for key, value in _texts_longer_than(attributes, limit):
            if value.isascii():
                attributes[key] = value[:end] + truncation_marker
                continue
            octets = value.encode("utf-8", "surrogateescape")
            kept = octets[: _boundary(octets, end) if utf8_safe else end] + marker
            attributes[key] = kept.decode("utf-8", "surrogateescape")

    return run


def _texts_longer_than(attributes: Map, limit: int) -> list[tuple[str, str]]:
    """The texts of a map of more than so many bytes."""
    if is_attribute_map(attributes):
        return attributes.texts_longer_than(limit)
    return [(key, value) for key, value in attributes.items() if is_longer(value, limit)]


def _boundary(octets: bytes, end: int) -> int:
    """The last place up to an end at which a character begins."""
    while end > 0 and octets[end] & 0xC0 == 0x80:
        end -= 1
    return end


_INVALID = re.compile("[\ud800-\udfff]+")


@editor_builder(
    "sanitize_utf8",
    since="newest",
    example=Example("sanitize_utf8(attributes)", '{"a":"ok"}', '{"a":"ok"}'),
)
def sanitize_utf8(target: Target, replacement: ConstText = "\ufffd") -> Run:
    """Replace each run of bytes that is no UTF-8, in a text or in all texts and keys within."""
    if _INVALID.search(replacement):
        raise ExecutionError("the replacement is no UTF-8 itself")
    get, put = target.get, target.set

    def run(record: Any) -> None:
        value = get(record)
        if isinstance(value, (TraceId, SpanId, ProfileId)):
            raise ExecutionError(f"sanitize_utf8 takes no {kind_of(value)}")
        if is_attribute_map(value) or is_map(value):
            clean = _clean_map(value, replacement)
        else:
            clean = _clean(value, replacement)
        if clean is not value:
            put(record, clean)

    return run


def _clean(value: Value, replacement: str) -> Value:
    """A value with valid texts only; the value itself where nothing was amiss."""
    if type(value) is str:
        return _INVALID.sub(lambda _: replacement, value) if _INVALID.search(value) else value
    if type(value) is list:
        cleaned = [_clean(one, replacement) for one in value]
        return cleaned if any(a is not b for a, b in zip(cleaned, value, strict=True)) else value
    return _clean_map(value, replacement) if is_map(value) else value


def _clean_map(value: Map, replacement: str) -> Map:
    cleaned: dict[str, Value] = {}
    changed = False
    for key, one in value.items():
        name, inner = _clean(key, replacement), _clean(one, replacement)
        changed = changed or name is not key or inner is not one
        cleaned[name] = inner
    return cleaned if changed else value
