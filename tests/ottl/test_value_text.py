"""Values on one line."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.value_text import title_text, value_text
from otx.ottl.values import Duration, Opaque, SpanId, Value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"),
        ("a\nb", '"a\\nb"'),
        (1.0, "1.0"),
        (True, "true"),
        ([1, None, "x"], '[1, null, "x"]'),
        ({"k": {"x": 1}}, '{"k": {"x": 1}}'),
        (b"\x00\xff", "0x00ff"),
        (SpanId(bytes(8)), "0" * 16),
        (Duration(5), "(duration)"),
        (Opaque("status", ()), "(status)"),
        (ExecutionError("no\x1b[31m such"), "fails: no\N{REPLACEMENT CHARACTER}[31m such"),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\x85", '"\N{REPLACEMENT CHARACTER}"'),
    ],
)
def test_a_value_is_on_one_line_and_cannot_drive_the_terminal(value: Value, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 1000, b"x" * 1000, ["x" * 1000] * 1000, {"k" * 1000: {"a": "x" * 1000}}]
)
def test_a_long_value_is_cut(value: Value) -> None:
    assert len(value_text(value)) == 100
    assert value_text(value).endswith("…")
    assert len(title_text(value)) == 60
