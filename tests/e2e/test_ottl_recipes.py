"""`otx ottl recipes`: listed, copied, and tested where they were copied to."""

import json
from pathlib import Path

from tests.conftest import RunCli


def test_recipes_are_listed(run_cli: RunCli) -> None:
    done = run_cli("ottl", "recipes")
    assert done.returncode == 0
    assert "mask-mails " in done.stdout
    rows = json.loads(run_cli("ottl", "recipes", "--format", "json").stdout)
    assert {"name", "summary"} == rows[0].keys()


def test_a_recipe_is_copied_with_its_tests_and_passes_them(run_cli: RunCli, tmp_path: Path) -> None:
    for flags in (("-o", "mask-mails.yaml"), ("--tests", "-o", "mask-mails.test.yaml")):
        done = run_cli("ottl", "recipes", "mask-mails", *flags)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run_cli("ottl", "test", ".")
    assert done.returncode == 0
    assert done.stdout.endswith("5 passed\n")


def test_a_recipe_runs_as_it_is(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("ottl", "recipes", "mask-mails", "-o", "mask-mails.yaml")
    record = {"body": {"stringValue": "to ada@example.com"}}
    (tmp_path / "logs.json").write_text(
        json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    )
    done = run_cli(
        *("ottl", "run", "-f", "mask-mails.yaml", "--in", "logs.json", "--format", "diff")
    )
    assert done.returncode == 0
    assert '~ log.body  "to ada@example.com" → "to ****@example.com"' in done.stdout


def test_a_recipe_that_is_not_there_is_exit_1(run_cli: RunCli) -> None:
    done = run_cli("ottl", "recipes", "mask-mail")
    assert done.returncode == 1
    assert done.stderr == (
        "otx: error: there is no recipe 'mask-mail'\n  hint: did you mean mask-mails?\n"
    )


def test_tests_of_no_recipe_are_refused(run_cli: RunCli) -> None:
    done = run_cli("ottl", "recipes", "--tests")
    assert done.returncode == 2
    assert "--tests needs the name of a recipe" in done.stderr
