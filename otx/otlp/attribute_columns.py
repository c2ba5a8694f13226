"""Lists of attributes as JSON texts: each distinct attribute is read once, and all of it natively.

Most of what a request holds is attributes, and most of them were in it before: methods, routes,
hosts, status codes. The column view leaves a `KeyValue` as the bytes it is; equal ones are found by
their bytes, and what is left, a third of them in web services' spans, is parsed and written.
"""

import pyarrow as pa

from otx.otlp.column_groups import parsed_arrow, refuse_doubled, refusing, relisted
from otx.otlp.column_view import key_value_handler
from otx.otlp.json_columns import Column, member_texts, object_texts


def attribute_texts(key_values: Column) -> Column:
    """JSON objects of a column of lists of serialised `KeyValue` messages.

    Raises:
        Undecodable: One of them is no such message, or has several values.
    """
    encoded = key_values.flatten().dictionary_encode()
    if not len(encoded):
        return pa.repeat(pa.scalar("{}", pa.string()), len(key_values))
    distinct = parsed_arrow(key_value_handler(), encoded.dictionary)
    values = distinct.column("value")
    refuse_doubled(values)
    with refusing():
        members = member_texts(distinct.column("key"), values)
    return object_texts(relisted(key_values, members.take(encoded.indices)))
