"""The editors that write one value or one key: set, delete_key, append and their kin."""

from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Run, editor_builder
from otx.ottl.parameters import Get, Target, Text
from otx.ottl.values import is_map, kind_of


@editor_builder("set")
def set_(target: Target, value: Get[Any]) -> Run:
    """Write a value to a path."""
    put = target.set

    def run(record: Any) -> None:
        put(record, value(record))

    return run


@editor_builder("delete_key")
def delete_key(target: Target, key: Get[Text]) -> Run:
    """Remove one key of a map; a key that is not there is none of its business."""
    edit = target.edit

    def run(record: Any) -> None:
        attributes = edit(record)
        if not is_map(attributes):
            raise ExecutionError(f"delete_key takes a map, not {kind_of(attributes)}")
        attributes.pop(key(record), None)

    return run
