"""The language as the reference has it: every shared vector, through the library."""

from collections.abc import Callable
from typing import Any

import pytest

from otx.ottl.batch import Batch
from tests.ottl.vector_case import load
from tests.ottl.vector_run import judge, open_case, open_json_case, run


@pytest.mark.parametrize("opened", [open_case, open_json_case], ids=["protobuf", "json"])
@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector(case: dict[str, Any], opened: Callable[[dict[str, Any]], Batch]) -> None:
    why = judge(case, run(case, opened))
    text = case.get("statements") or case.get("condition") or case.get("value_expression")
    assert not why, f"{text or case['config']}: {why} ({case.get('note', '')})"
