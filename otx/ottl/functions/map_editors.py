"""The editors of a map's keys: which are kept, which are removed, and how maps become one."""

from collections.abc import Collection
from typing import Any, Literal

from otx.ottl.attributes import is_attribute_map
from otx.ottl.coerce import mapping
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import ConstInt, ConstText, Get, Mapping_, Regex, Target, Text
from otx.ottl.substitution import contains
from otx.ottl.values import Map, deep_copy


@editor_builder(
    "delete_matching_keys",
    target="map",
    example=Example(
        'delete_matching_keys(attributes, "(?i)password")', '{"a":1}', '{"a":1,"Password":"x"}'
    ),
)
def delete_matching_keys(target: Target, pattern: Get[Regex]) -> Run:
    """Remove the keys of a map in which a regular expression is found."""
    return _by_pattern(target, pattern, keeps=False)


@editor_builder(
    "keep_matching_keys",
    target="map",
    example=Example(
        'keep_matching_keys(attributes, "^http")', '{"http.url":"/"}', '{"http.url":"/","a":1}'
    ),
)
def keep_matching_keys(target: Target, pattern: Get[Regex]) -> Run:
    """Remove the keys of a map in which a regular expression is not found."""
    return _by_pattern(target, pattern, keeps=True)


def _by_pattern(target: Target, pattern: Get[Regex], *, keeps: bool) -> Run:
    edit = target.edit

    def run(record: Any) -> None:
        compiled = pattern(record)
        attributes = mapping(edit(record))
        retain(attributes, {key for key in attributes if contains(compiled, key) is keeps})

    return run


@editor_builder(
    "keep_keys",
    target="map",
    example=Example('keep_keys(attributes, ["a", "c"])', '{"a":1}', '{"a":1,"b":2}'),
)
def keep_keys(target: Target, keys: list[Get[Text]]) -> Run:
    """Remove every key of a map but those listed."""
    edit = target.edit
    if all(isinstance(key, Always) for key in keys):
        fixed = frozenset(key(None) for key in keys)
        return lambda record: retain(mapping(edit(record)), fixed)

    def run(record: Any) -> None:
        attributes = mapping(edit(record))
        retain(attributes, {key(record) for key in keys})

    return run


@editor_builder(
    "limit",
    target="map",
    example=Example('limit(attributes, 2, ["c"])', '{"a":1,"c":3}', '{"a":1,"b":2,"c":3}'),
)
def limit(target: Target, limit: ConstInt, priority_keys: list[ConstText]) -> Run:
    """Keep so many keys of a map: the ones of priority, then the first others."""
    if limit < 0:
        raise ExecutionError(f"the limit {limit} is negative")
    if limit < len(priority_keys):
        raise ExecutionError(f"the limit {limit} is below the number of priority keys")
    edit, get = target.edit, target.get
    first = frozenset(priority_keys)

    def run(record: Any) -> None:
        keys = mapping(get(record)).keys()
        if len(keys) <= limit:
            return
        # A priority key that is given twice is counted twice, as the Collector does.
        room = limit - len([key for key in priority_keys if key in keys])
        others = [key for key in keys if key not in first]
        _remove(edit(record), others[room:])

    return run


@editor_builder(
    "merge_maps",
    target="map",
    example=Example(
        'merge_maps(attributes, {"a": 9, "b": 2}, "insert")', '{"a":1,"b":2}', '{"a":1}'
    ),
)
def merge_maps(
    target: Target, source: Get[Mapping_], strategy: Literal["insert", "update", "upsert"]
) -> Run:
    """Copy entries of a map into another: new keys (insert), present ones (update) or all."""
    edit = target.edit
    takes_new, takes_present = strategy != "update", strategy != "insert"

    def run(record: Any) -> None:
        attributes = mapping(edit(record))
        added = source(record)
        if is_attribute_map(attributes) and is_attribute_map(added):
            attributes.adopt(added, new=takes_new, present=takes_present)
            return
        for key in list(added):
            if takes_present if key in attributes else takes_new:
                attributes[key] = deep_copy(added[key])

    return run


def retain(attributes: Map, keys: "frozenset[str] | set[str]") -> None:
    """Remove every key of a map but these, and decode nothing for it."""
    _remove(attributes, [key for key in attributes if key not in keys])


def _remove(attributes: Map, keys: Collection[str]) -> None:
    if is_attribute_map(attributes):
        attributes.drop(keys)
        return
    for key in keys:
        del attributes[key]
