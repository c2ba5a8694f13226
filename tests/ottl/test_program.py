"""The language as the reference has it: every shared vector, through the library."""

from typing import Any

import pytest

from tests.ottl.vector_case import load
from tests.ottl.vector_run import judge, run


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector(case: dict[str, Any]) -> None:
    why = judge(case, run(case))
    text = case.get("statements") or case.get("condition") or case.get("value_expression")
    assert not why, f"{text or case['config']}: {why} ({case.get('note', '')})"
