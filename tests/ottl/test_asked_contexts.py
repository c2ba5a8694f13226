"""Whether the input has any record that a plan looks at."""

from typing import Any

import pytest

from otx.ottl.asked_contexts import AskedContexts
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import plan_of_statements
from otx.ottl.plan_config import plan_of_config
from tests.ottl.documents import Document, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))


@pytest.mark.parametrize(
    ("text", "whole", "remark"),
    [
        ("set(log.body, 1)", document("Spans", {}), "no record of the context log is in the input"),
        ("set(log.body, 1)", document("Logs", {}), ""),
        (
            'set(spanevent.name, "x")',
            document("Spans", {}),
            "no record of the context spanevent is in the input",
        ),
        ('set(spanevent.name, "x")', document("Spans", {"events": [{}]}), ""),
        ('set(resource.attributes["a"], 1)', document("Spans", {}), ""),
    ],
)
def test_a_context_without_a_record_is_named(text: str, whole: Document, remark: str) -> None:
    asked = AskedContexts(plan_of_statements([text], FUNCTIONS))
    asked.see(open_case({"input": whole}))
    assert asked.remark().partition(":")[0] == remark


def test_one_of_several_contexts_is_enough() -> None:
    transform: dict[str, Any] = {
        "log_statements": ["set(log.body, 1)"],
        "trace_statements": ["set(span.kind, 1)"],
    }
    plan = plan_of_config({"transform": transform}, FUNCTIONS.gates)
    asked = AskedContexts(plan)
    asked.see(open_case({"input": document("Metrics", {})}))
    assert "no record of the contexts" in asked.remark()
    asked.see(open_case({"input": document("Logs", {})}))
    assert asked.remark() == ""
