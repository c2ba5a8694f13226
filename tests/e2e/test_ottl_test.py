"""`otx ottl test`, as a user and as a CI system call it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import RunCli, wait_until

TESTS = """\
# names without numbers
statements:
  - replace_pattern(span.name, "/[0-9]+", "/{id}") where span.kind == SPAN_KIND_SERVER
tests:
  - name: a number in the name becomes a placeholder
    input:
      span: {name: /orders/12, kind: SERVER, resource: {service.name: web}}
    changes: {span.name: "/orders/{id}"}
  - name: clients keep theirs
    input:
      span: {name: /orders/12, kind: CLIENT}
    changes: {}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "names.test.yaml").write_text(TESTS)
    return tmp_path


def test_all_that_passes_is_exit_0(run_cli: RunCli, folder: Path) -> None:
    done = run_cli("ottl", "test", ".", "--coverage")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == (
        "names.test.yaml\n"
        "  ✓ a number in the name becomes a placeholder\n"
        "  ✓ clients keep theirs\n"
        "\n"
        "coverage: 2 of 2 reached\n"
        "  names.test.yaml:3:5  ran 1, not matched 1  "
        'replace_pattern(span.name, "/[0-9]+", "/{id}") where span.kind == SPAN_KIND_SERVER\n'
        "\n"
        "2 passed\n"
    )


def test_what_fails_is_exit_1_with_the_reason(run_cli: RunCli, folder: Path) -> None:
    (folder / "names.test.yaml").write_text(TESTS.replace("kind: SERVER", "kind: CONSUMER"))
    done = run_cli("ottl", "test", "names.test.yaml")
    assert done.returncode == 1
    assert '          expected "/orders/{id}"\n          got      "/orders/12"\n' in done.stdout
    assert (
        "span.kind == SPAN_KIND_SERVER → false\n              span.kind → SPAN_KIND_CONSUMER (5)\n"
    ) in done.stdout
    assert done.stdout.endswith("\n1 passed, 1 failed\n")
    coloured = run_cli("--color", "always", "ottl", "test", "names.test.yaml")
    assert "\x1b[31m✗\x1b[0m" in coloured.stdout


def test_what_cannot_be_used_is_exit_2_with_its_place(run_cli: RunCli, folder: Path) -> None:
    (folder / "names.test.yaml").write_text(TESTS.replace("span.kind ==", "span.knid =="))
    done = run_cli("ottl", "test", ".")
    assert done.returncode == 2
    assert "  names.test.yaml:3:63: error: " in done.stdout
    assert "did you mean kind?" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_without_tests_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("ottl", "test", ".")
    assert done.returncode == 2
    assert "there is no test file in ." in done.stderr


def test_json_and_junit_are_what_programs_read(run_cli: RunCli, folder: Path) -> None:
    document = json.loads(run_cli("ottl", "test", ".", "--format", "json", "--coverage").stdout)
    assert (document["passed"], document["failed"]) == (2, 0)
    assert document["coverage"]["texts"][0]["not_matched"] == 1
    done = run_cli("ottl", "test", ".", "--format", "junit", "-o", "results.xml")
    assert (done.returncode, done.stdout) == (0, "")
    assert ElementTree.parse(folder / "results.xml").getroot().attrib["tests"] == "2"


def test_update_writes_down_what_came(run_cli: RunCli, folder: Path) -> None:
    path = folder / "names.test.yaml"
    path.write_text(TESTS.replace('"/orders/{id}"}', "wrong} # the name"))
    done = run_cli("ottl", "test", ".", "--update")
    assert done.returncode == 0
    assert "2 passed, 1 updated" in done.stdout
    assert path.read_text() == TESTS.replace('"/orders/{id}"}', "'/orders/{id}'} # the name")


def test_gates_and_strictness_are_those_of_the_flags_and_the_file(
    run_cli: RunCli, folder: Path
) -> None:
    lambdas = (
        "statements: ['set(log.body, MapEach(log.body, (_, v) => v * 2))']\n"
        "tests: [{input: {log: {body: [1, 2]}}, changes: {log.body: [2, 4]}}]\n"
    )
    (folder / "names.test.yaml").write_text(lambdas)
    assert run_cli("ottl", "test", ".").returncode == 2
    gate = "+ottl.functions.enableLambda"
    assert run_cli("ottl", "test", ".", "--feature-gates", gate).returncode == 0
    (folder / "names.test.yaml").write_text(f"feature_gates: {gate}\n{lambdas}")
    assert run_cli("ottl", "test", ".").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_runs_again_after_a_change_and_ends_well(
    folder: Path, cli_variables: dict[str, str], number: signal.Signals
) -> None:
    printed = folder / "printed"
    with printed.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "otx", "ottl", "test", "names.test.yaml", "--watch"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=cli_variables,
        )
    try:
        wait_until(lambda: "Ctrl-C ends" in printed.read_text(), "the first run is over")
        beside = folder / "beside"
        beside.write_text(TESTS.replace("kind: SERVER", "kind: CLIENT"))
        beside.replace(folder / "names.test.yaml")
        wait_until(lambda: "1 passed, 1 failed" in printed.read_text(), "the second run is over")
        wait_until(lambda: printed.read_text().count("Ctrl-C ends") == 2, "it waits again")
        os.kill(process.pid, number)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
