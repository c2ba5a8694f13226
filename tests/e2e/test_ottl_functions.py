"""`otx ottl functions` as a user calls it."""

import csv
import io
import json
from typing import Any

import pytest

from tests.conftest import RunCli

COLUMNS = ["name", "signature", "result", "contexts", "since", "extension", "summary"]


def listed(run_cli: RunCli, *flags: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run_cli("ottl", "functions", "--format", "json", *flags).stdout
    )
    return found


def test_every_form_has_the_same_rows(run_cli: RunCli) -> None:
    rows = listed(run_cli)
    lines = run_cli("ottl", "functions", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = run_cli("ottl", "functions").stdout.splitlines()
    assert table[0].split() == COLUMNS
    assert len(table) == len(rows) + 1
    read = csv.DictReader(io.StringIO(run_cli("ottl", "functions", "--format", "csv").stdout))
    assert [one["name"] for one in read] == [one["name"] for one in rows]


def test_editors_come_first_and_all_are_sorted(run_cli: RunCli) -> None:
    names = [one["name"] for one in listed(run_cli)]
    editors = [name for name in names if name[0].islower()]
    assert names == sorted(editors) + sorted(set(names) - set(editors))
    assert {"set", "Concat", "copy_metric"} <= set(names)


def test_a_context_and_strictness_narrow_the_list(run_cli: RunCli) -> None:
    every = {one["name"] for one in listed(run_cli)}
    logs = {one["name"] for one in listed(run_cli, "--context", "log")}
    assert "ParseCEF" in logs
    assert "copy_metric" in every - logs
    strict = {one["name"] for one in listed(run_cli, "--strict")}
    assert every - strict == {"TraceIDRatioBasedSampler"}
    own = {one["name"] for one in listed(run_cli) if one["extension"]}
    assert own == {"TraceIDRatioBasedSampler"}


def test_one_function_has_a_page_with_an_example(run_cli: RunCli) -> None:
    done = run_cli("ottl", "functions", "Concat")
    assert done.returncode == 0
    assert done.stdout.startswith("Concat(vals[], delimiter) → string\n")
    assert '  → "a-1-true"\n' in done.stdout
    found = json.loads(run_cli("ottl", "functions", "Concat", "--format", "json").stdout)
    assert found["example"]["result"] == '"a-1-true"'


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Concta"], 1, "there is no function 'Concta'\n  hint: did you mean Concat?"),
        (["--context", "spam"], 2, "'spam' is no context"),
        (["--feature-gates", "+x"], 2, "is no feature gate of OTTL"),
    ],
)
def test_what_is_not_there(run_cli: RunCli, arguments: list[str], code: int, said: str) -> None:
    done = run_cli("ottl", "functions", *arguments)
    assert done.returncode == code
    assert said in done.stderr
