"""Every shared vector through the command line: arguments, exit codes and output of a user."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otx.cli import run
from otx.environment import Environment
from tests.conftest import Terminal
from tests.ottl.vector_case import differences, expected, load, normal

Case = dict[str, Any]
CODES = {"parse": {2}, "execute": {1}, "any": {1, 2}, None: {0}}


def otx(environment: Environment, case: Case, *arguments: str) -> tuple[int, str, str]:
    """Run `otx ottl …` on a case's input; exit code, stdout, stderr."""
    stdin = io.BytesIO(json.dumps(case["input"]).encode())
    world = replace(environment, stdin=stdin, stdout=Terminal(), stderr=Terminal())
    gates = [f"--feature-gates=+{gate}" for gate in case.get("gates", ())]
    code = run(["ottl", *arguments, "--in", "-", *gates], world)
    assert isinstance(world.stdout, Terminal)
    assert isinstance(world.stderr, Terminal)
    return code, world.stdout.text, world.stderr.text


def the_arguments(case: Case, folder: Path) -> list[str]:
    if "config" in case:
        config = folder / "config.yaml"
        config.write_text(json.dumps(case["config"]))
        form = "json" if "expect_routes" in case else "otlp-json"
        return ["run", "-f", str(config), "--format", form]
    context = ["--context", case["context"]]
    if "condition" in case:
        return ["eval", "--condition", *context, "--", case["condition"]]
    if "value_expression" in case:
        return ["eval", "--format", "otlp", *context, "--", case["value_expression"]]
    mode = ["--error-mode", case["error_mode"]] if "error_mode" in case else []
    statements = [f"--statement={text}" for text in case["statements"]]
    return ["run", *statements, *context, *mode, "--format", "otlp-json"]


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector(case: Case, environment: Environment, tmp_path: Path) -> None:
    arguments = the_arguments(case, tmp_path)
    if "--" in arguments:
        cut = arguments.index("--")
        arguments = [*arguments[:cut], arguments[cut + 1]]
    code, out, said = otx(environment, case, *arguments)
    assert code in CODES[case.get("expect_error")], (out, said)
    assert "a fault of otx" not in said
    if code != 0:
        assert "error: " in said
    elif "expect_condition" in case:
        assert json.loads(out.splitlines()[0]) is case["expect_condition"]
    elif "expect_value" in case:
        value = json.loads(out.splitlines()[0])
        assert not differences(normal(case["expect_value"], "value"), normal(value, "value"))
    elif "expect_routes" in case:
        routes = json.loads(out)["routes"]
        assert {name: records_in(one) for name, one in routes.items()} == {
            name: len(numbers) for name, numbers in case["expect_routes"].items()
        }
    if "expect" in case and code in (0, 1):
        assert not differences(normal(expected(case)), normal(json.loads(out)))


def records_in(document: Case) -> int:
    return sum(
        len(scope["logRecords"])
        for resource in document["resourceLogs"]
        for scope in resource["scopeLogs"]
    )
