"""Lists of attributes as JSON texts.

Most of what a request holds is attributes. Where the library of `native/` is, it writes them in one
walk over their bytes (`otx.otlp.quick_attributes`). Else, and for what it leaves, each distinct
attribute is read once, and all of it by Arrow: the column view leaves a `KeyValue` as the bytes it
is, equal ones are found by their bytes, and what is left, a third of them in web services' spans,
is parsed and written.
"""

import pyarrow as pa

from otx.otlp.column_groups import parsed_arrow, refuse_doubled, refusing, relisted
from otx.otlp.column_view import key_value_handler
from otx.otlp.json_columns import Column, member_texts, object_texts
from otx.otlp.quick_attributes import quick_objects


def attribute_texts(key_values: Column) -> Column:
    """JSON objects of a column of lists of serialised `KeyValue` messages.

    Raises:
        Undecodable: One of them is no such message, or has several values.
    """
    attributes = key_values.flatten()
    if not len(attributes):
        return pa.repeat(pa.scalar("{}", pa.string()), len(key_values))
    texts = quick_objects(key_values, _member_texts)
    if texts is not None:
        return texts
    return object_texts(relisted(key_values, _member_texts(attributes)))


def _member_texts(key_values: Column) -> Column:
    """JSON members of a column of serialised `KeyValue` messages.

    Raises:
        Undecodable: As of `attribute_texts`.
    """
    encoded = key_values.dictionary_encode()
    distinct = parsed_arrow(key_value_handler(), encoded.dictionary)
    values = distinct.column("value")
    refuse_doubled(values)
    with refusing():
        members = member_texts(distinct.column("key"), values)
    return members.take(encoded.indices)
