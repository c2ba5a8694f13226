"""Columns in which a value stands once, however many rows have it.

What a resource, a scope, a metric or a stack says is said once in a request and belongs to each of
its records. Written out a row, a request of a megabyte is gigabytes, more than the 32-bit offsets
of an Arrow column reach. So rows refer to texts by index, and to stacks by offset and length.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from otx.otlp.json_columns import Column

SHARED_TEXT = pa.dictionary(pa.int32(), pa.string())
"""Texts, of which each stands once; DuckDB and Parquet have VARCHAR for it."""
SHARED_LIST = pa.list_view(pa.string())
"""Lists of texts, of which each stands once; DuckDB and Parquet have VARCHAR[] for it."""
_KEPT_LIST = pa.list_(pa.string())
_REFERENCE_BYTES = 4


def shared_texts(texts: Column, of_row: Column) -> Column:
    """A column of texts by the index that each row has in others, as `SHARED_TEXT`.

    A text that is there twice becomes one: Parquet takes no dictionary with doubles.
    """
    distinct = texts.dictionary_encode()
    return pa.DictionaryArray.from_arrays(distinct.indices.take(of_row), distinct.dictionary)


def shared_lists(lists: Sequence[Sequence[str]], of_row: Column) -> Column:
    """The same of lists, as `SHARED_LIST`."""
    whole = pa.array(lists, _KEPT_LIST)
    starts, sizes = whole.offsets[:-1], pc.list_value_length(whole)
    return pa.ListViewArray.from_arrays(starts.take(of_row), sizes.take(of_row), whole.values)


def is_shared(kind: Any) -> bool:
    """Whether a type is one of this module's."""
    return bool(kind in (SHARED_TEXT, SHARED_LIST))


def kept_schema(schema: Any) -> Any:
    """A schema with lists written out, as files hold them."""
    fields = [pa.field(one.name, _KEPT_LIST) if one.type == SHARED_LIST else one for one in schema]
    return pa.schema(fields)


def kept_rows(rows: Any) -> Any:
    """A few rows as files hold them: lists written out, and no text that none of them has."""
    arrays = [_kept(column.combine_chunks()) for column in rows.columns]
    return pa.Table.from_arrays(arrays, schema=kept_schema(rows.schema))


def item_ends(rows: Any) -> list[int]:
    """For each row, how many items lists of texts have up to it; none without such a column."""
    for column in rows.columns:
        if column.type in (SHARED_LIST, _KEPT_LIST):
            sizes = pc.fill_null(pc.list_value_length(column), 0)
            ends: list[int] = pc.cumulative_sum(sizes.cast(pa.int64())).to_pylist()
            return ends
    return []


def written_bytes(rows: Any) -> int:
    """About how much rows take in memory, a reference for each item of their lists counted in."""
    ends = item_ends(rows)
    return int(rows.nbytes) + _REFERENCE_BYTES * (ends[-1] if ends else 0)


def _kept(values: Column) -> Column:
    if values.type == SHARED_LIST:
        ends = pc.cumulative_sum(pc.list_value_length(values))
        bounds = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        return pa.ListArray.from_arrays(bounds, values.flatten())
    if values.type == SHARED_TEXT:
        used = values.indices.dictionary_encode()
        texts = values.dictionary.take(used.dictionary)
        return pa.DictionaryArray.from_arrays(used.indices, texts)
    return values
