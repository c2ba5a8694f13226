"""The forms of a query's values, from SQL to what JSON has words for."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.readable import DoubledKeys, readable, reader_of


def value_of(sql: str) -> Any:
    """What becomes of the one value that an expression has."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'America/New_York'")
    relation = connection.sql(f"SELECT {sql}")
    (kind,) = relation.types
    (value,) = relation.project(readable("#1", kind)).to_arrow_table().columns[0].to_pylist()
    reader = reader_of(kind)
    return reader(value) if reader else value


MOMENT = "make_timestamp_ns(1)"
WRITTEN = "1970-01-01T00:00:00.000000001Z"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        (MOMENT, WRITTEN),
        (f"[{MOMENT}, NULL]", [WRITTEN, None]),
        (f"{{'a': {MOMENT}, 'b': 1}}", {"a": WRITTEN, "b": 1}),
        (
            f"""[{{'x"y''z': [{MOMENT}], 'n': NULL::TIMESTAMP}}]""",
            [{"x\"y'z": [WRITTEN], "n": None}],
        ),
        ("NULL::STRUCT(a TIMESTAMP)", None),
        ("[NULL::STRUCT(a TIMESTAMP)]", [None]),
        ("NULL::TIMESTAMP[]", None),
        ("TIMESTAMPTZ '2026-01-01 00:00:00+01'", "2025-12-31T23:00:00.000000000Z"),
        ("[TIMESTAMPTZ '2026-01-01 00:00:00+01']", ["2025-12-31T23:00:00.000000000Z"]),
        ("sum(duration) FROM (SELECT 5::BIGINT AS duration)", 5),
        ("12345678901234567890123456789::HUGEINT", 12345678901234567890123456789),
        ("NULL::HUGEINT", None),
        ("1.5::DECIMAL(4, 2)", 1.5),
        ("'nan'::DOUBLE", "NaN"),
        ("['-inf'::DOUBLE]", ["-Infinity"]),
        ("DATE '2026-01-01'", "2026-01-01"),
    ],
)
def test_values_have_the_forms_of_json(sql: str, value: Any) -> None:
    found = value_of(sql)
    assert (found, type(found)) == (value, type(value))


def test_a_key_that_is_there_twice_is_written_twice_and_the_first_is_found() -> None:
    text = '{"a":{"k":1,"k":[2]},"b":3}'
    found = value_of(f"'{text}'::JSON")
    assert found["a"]["k"] == 1
    assert json.dumps(found, separators=(",", ":")) == text
    assert json.loads(json.dumps(found, indent=2), object_pairs_hook=list) == [
        ("a", [("k", 1), ("k", [2])]),
        ("b", 3),
    ]


@given(st.lists(st.tuples(st.text(max_size=3), st.integers() | st.text()), max_size=5))
def test_all_pairs_of_an_object_are_kept(pairs: list[tuple[str, Any]]) -> None:
    text = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(it)}" for key, it in pairs) + "}"
    reader = reader_of(duckdb.sqltype("JSON"))
    assert reader is not None
    found = reader(text)
    assert json.loads(json.dumps(found), object_pairs_hook=list) == pairs
    assert isinstance(found, DoubledKeys) == (len({key for key, _ in pairs}) < len(pairs))
