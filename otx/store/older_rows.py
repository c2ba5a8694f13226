"""Rows that an earlier otx wrote, with what rows of their table have got since.

Segments stay as they were written until they are merged. What one lacks says what its protobuf
field says where nothing was sent: an empty text, or 0. That is also what a null says, which stands
where an earlier otx merged its own segments with later ones.

Tables get new columns behind `received_time`, events and links new fields behind `attributes`, so
that the others keep their places.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from otx.otlp.column_groups import Table, relisted
from otx.otlp.json_columns import Column
from otx.otlp.shared_columns import SHARED_TEXT
from otx.store.row_tables import ROW_TABLES, RowKind, Schema


def later_columns(kind: RowKind) -> Schema:
    """The columns of a table that its segments may lack."""
    return _behind("received_time", ROW_TABLES[kind].schema)


def completed(rows: Table, kind: RowKind) -> Table:
    """Rows of a file with the columns and fields that came later, and no nulls in them.

    Others stay as they are: those that are missing, and those of an otx to come.
    """
    for field in later_columns(kind):
        rows = _with_column(rows, field)
    for field in ROW_TABLES[kind].schema:
        later = _later_fields(field.type)
        at = rows.schema.get_field_index(field.name)
        if later and at >= 0 and _is_list_of_structures(rows.schema.field(at).type):
            chunks = [_with_fields(chunk, later) for chunk in rows.column(at).chunks]
            column = pa.chunked_array(chunks, None if chunks else field.type)
            rows = rows.set_column(at, field.name, column)
    return rows


def nothing_of(kind: Any) -> str | int:
    """What a value of a type is where nothing was sent."""
    return "" if kind in (SHARED_TEXT, pa.string()) else 0


def _behind(name: str, fields: Any) -> Schema:
    found = list(fields)
    names = [one.name for one in found]
    return pa.schema(found[names.index(name) + 1 :])


def _later_fields(kind: Any) -> list[Any]:
    """The fields that structures in lists of a type may lack."""
    if not _is_list_of_structures(kind) or kind.value_type.get_field_index("attributes") < 0:
        return []
    return list(_behind("attributes", kind.value_type))


def _is_list_of_structures(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _with_column(rows: Table, field: Any) -> Table:
    at = rows.schema.get_field_index(field.name)
    if at < 0:
        return rows.append_column(field, _constant(field.type, len(rows)))
    if not rows.column(at).null_count:
        return rows
    filled = pc.fill_null(rows.column(at), nothing_of(field.type))
    return rows.set_column(at, field.name, filled)


def _with_fields(lists: Column, later: list[Any]) -> Column:
    """Lists of structures that have some fields more, unless they have them already."""
    items = lists.flatten()
    there = {one.name: items.field(one.name) for one in items.type}
    if all(one.name in there and not there[one.name].null_count for one in later):
        return lists
    for one in later:
        there[one.name] = (
            pc.fill_null(there[one.name], nothing_of(one.type))
            if one.name in there
            else _constant(one.type, len(items))
        )
    return relisted(lists, pa.StructArray.from_arrays(list(there.values()), list(there)))


def _constant(kind: Any, count: int) -> Column:
    if kind == SHARED_TEXT:
        zeros = pa.repeat(pa.scalar(0, pa.int32()), count)
        return pa.DictionaryArray.from_arrays(zeros, pa.array([""], pa.string()))
    return pa.repeat(pa.scalar(nothing_of(kind), kind), count)
