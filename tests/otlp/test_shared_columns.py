"""Rows that share texts and lists say what rows say that each have their own."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.shared_columns import (
    SHARED_LIST,
    SHARED_TEXT,
    item_ends,
    kept_rows,
    kept_schema,
    shared_lists,
    shared_texts,
    written_bytes,
)

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=6)
SCHEMA = pa.schema([("number", pa.int64()), ("text", SHARED_TEXT), ("stack", SHARED_LIST)])


@st.composite
def shared_tables(draw: st.DrawFn) -> tuple[pa.Table, list[dict[str, object]]]:
    """A table of several chunks, each with texts and lists of its own, and its rows."""
    parts, expected = [SCHEMA.empty_table()], []
    for number in range(draw(st.integers(1, 3))):
        texts, stacks = draw(TEXTS), draw(st.lists(TEXTS, min_size=1, max_size=4))
        of_text = draw(st.lists(st.integers(0, len(texts) - 1), max_size=8))
        of_stack = [at % len(stacks) for at in of_text]
        columns = [
            pa.array([number] * len(of_text), pa.int64()),
            shared_texts(pa.array(texts, pa.string()), pa.array(of_text, pa.int32())),
            shared_lists(stacks, pa.array(of_stack, pa.int32())),
        ]
        parts.append(pa.Table.from_arrays(columns, schema=SCHEMA))
        expected += [
            {"number": number, "text": texts[text], "stack": stacks[stack]}
            for text, stack in zip(of_text, of_stack, strict=True)
        ]
    return pa.concat_tables(parts), expected


@given(shared_tables(), st.integers(0, 20), st.integers(0, 20))
def test_rows_are_the_same_shared_sorted_sliced_and_kept(
    made: tuple[pa.Table, list[dict[str, object]]], start: int, count: int
) -> None:
    table, expected = made
    table.validate(full=True)
    assert table.to_pylist() == expected
    in_order = table.sort_by([("number", "descending")])
    expected.sort(key=lambda row: -int(str(row["number"])))
    part = kept_rows(in_order.slice(start, count))
    part.validate(full=True)
    assert part.schema == kept_schema(SCHEMA)
    assert part.to_pylist() == expected[start : start + count]
    used = part["text"].combine_chunks().dictionary.to_pylist()
    assert sorted(used) == sorted({str(row["text"]) for row in expected[start : start + count]})


@given(shared_tables())
def test_a_file_holds_plain_texts(made: tuple[pa.Table, list[dict[str, object]]]) -> None:
    table, expected = made
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, kept_schema(SCHEMA), store_schema=False) as writer:
        writer.write_table(kept_rows(table))
    read = pq.read_table(pa.BufferReader(sink.getvalue()))
    assert read.schema.field("text").type == pa.string()
    assert read.schema.field("stack").type == pa.list_(pa.string())
    assert read.to_pylist() == expected


@given(shared_tables())
def test_items_are_counted_as_they_will_be_written(
    made: tuple[pa.Table, list[dict[str, object]]],
) -> None:
    table, expected = made
    frames = [len(row["stack"]) for row in expected if isinstance(row["stack"], list)]
    assert item_ends(table) == [sum(frames[: end + 1]) for end in range(len(frames))]
    assert item_ends(table.drop_columns(["stack"])) == []
    assert written_bytes(table) >= table.nbytes


def test_a_text_may_be_longer_than_a_column_reaches() -> None:
    long = "x" * (1 << 20)
    column = shared_texts(pa.array([long]), pa.array([0] * 5000, pa.int32()))
    assert len(column) == 5000
    assert column.nbytes < 2 * len(long)
