"""The reference's own cases, run as test files: what it does is what a test sees."""

import copy
import json
from typing import Any

import pytest
import yaml

from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import read_test_file
from otx.ottl.unit_tests.results import run_tests
from otx.ottl.unit_tests.updating import updated_source
from otx.ottl.unit_tests.wording import summary
from tests.ottl.vector_case import expected, load


def runnable() -> list[dict[str, Any]]:
    """The cases that change records; one that fails may do so before anything runs."""
    return [
        case
        for case in load()
        if ("statements" in case or case["context"] == "config") and "expect_error" not in case
    ]


def doubled(value: Any) -> Any:
    """A configuration as YAML has it: a dollar stands twice."""
    return json.loads(json.dumps(value).replace("$", "$$"))


def document(case: dict[str, Any]) -> dict[str, Any]:
    if "statements" in case:
        made = {"statements": doubled(case["statements"]), "context": case["context"]}
    else:
        made = copy.deepcopy(doubled(case["config"]))
    test: dict[str, Any] = {"input": {"otlp": case["input"]}, "expect": {"otlp": expected(case)}}
    if "expect_routes" in case:
        test["routes"] = case["expect_routes"]
    options = {
        "feature_gates": [f"+{gate}" for gate in case.get("gates", ())],
        "error_mode": case.get("error_mode"),
    }
    return {**made, **{key: one for key, one in options.items() if one}, "tests": [test]}


def no_file(name: str) -> OpenedFile:
    raise FileNotFoundError(name)


@pytest.mark.parametrize("case", runnable(), ids=lambda case: case["id"])
def test_a_case_of_the_reference_passes_as_a_test(case: dict[str, Any]) -> None:
    case.setdefault("expect", [])
    file = read_test_file(yaml.safe_dump(document(case)), case["id"], no_file, {})
    (result,) = run_tests(file, clock=lambda: 0)
    # A failure that is ignored is one that a test has to expect.
    told = [summary(one) for one in result.problems if one.kind != "failed"]
    assert told == []


@pytest.mark.parametrize("case", runnable(), ids=lambda case: case["id"])
def test_what_a_case_of_the_reference_does_can_be_written_down(case: dict[str, Any]) -> None:
    case.setdefault("expect", [])
    content = document(case)
    del content["tests"][0]["expect"]
    file = read_test_file(yaml.safe_dump(content), case["id"], no_file, {})
    results = run_tests(file, clock=lambda: 0)
    update = updated_source(file, results)
    if any(problem.kind == "failed" for result in results for problem in result.problems):
        assert "what should fail and what should not" in update.remarks[0]
        return
    assert update.remarks == []
    written = read_test_file(update.source, case["id"], no_file, {})
    (result,) = run_tests(written, clock=lambda: 0)
    assert result.problems == []
