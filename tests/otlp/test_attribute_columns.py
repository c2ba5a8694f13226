"""Attributes read once for each distinct one say what protobuf's own decoder says of each."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.model.telemetry import AttributeValue
from otx.otlp.attribute_columns import attribute_texts
from otx.otlp.column_groups import Undecodable
from otx.otlp.json_columns import Column, attributes_text, read_attributes
from tests.otlp.messages import any_values

KEY_VALUES = st.lists(
    st.builds(KeyValue, key=st.sampled_from(["a", "b", 'c"', ""]), value=any_values()), max_size=5
)


def encoded(lists: Sequence[Sequence[KeyValue]]) -> Column:
    messages = [[one.SerializeToString() for one in some] for some in lists]
    return pa.array(messages, pa.list_(pa.binary()))


def read(text: str) -> list[tuple[str, str]]:
    # By repr: NaN is not equal to itself, and 1 is equal to 1.0 and True.
    attributes: dict[str, AttributeValue] = dict(read_attributes(text))
    return [(key, repr(value)) for key, value in attributes.items()]


@given(st.lists(KEY_VALUES, max_size=6))
def test_what_each_attribute_says_alone(lists: list[list[KeyValue]]) -> None:
    texts = attribute_texts(encoded(lists)).to_pylist()

    assert list(map(read, texts)) == [read(attributes_text(some)) for some in lists]


@given(st.lists(KEY_VALUES, min_size=2, max_size=6), st.data())
def test_a_slice_of_lists(lists: list[list[KeyValue]], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(lists) - 1))

    assert attribute_texts(encoded(lists).slice(start)).equals(
        attribute_texts(encoded(lists[start:]))
    )


def test_order_and_doubled_keys_stay() -> None:
    pair = [
        KeyValue(key="k", value=AnyValue(int_value=2)),
        KeyValue(key="k", value=AnyValue(string_value="x")),
    ]

    assert attribute_texts(encoded([pair, [], pair[::-1]])).to_pylist() == [
        '{"k":2,"k":"x"}',
        "{}",
        '{"k":"x","k":2}',
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        # The field `value` of the wire twice, with different members of its oneof.
        KeyValue(value=AnyValue(int_value=1)).SerializeToString()
        + KeyValue(value=AnyValue(string_value="x")).SerializeToString(),
    ],
    ids=["no message", "two values"],
)
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable):
        attribute_texts(pa.array([[data]], pa.list_(pa.binary())))
