"""Test files found, run and rewritten on a disk of our own."""

import json
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.services.ottl_test import TestOptions, find_test_files, run_test_files
from tests.conftest import Terminal

PASSES = """\
statements: ['set(span.name, "a")']
tests:
  - {name: one, input: {span: {}}, changes: {span.name: a}}
"""
FAILS = PASSES.replace("{span.name: a}", "{span.name: b}")


def out(environment: Environment) -> str:
    assert isinstance(environment.stdout, Terminal)
    return environment.stdout.text


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.test.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_folder_means_the_test_files_below_it(tmp_path: Path) -> None:
    write(tmp_path, b=PASSES, sub__a=PASSES)
    (tmp_path / "c.ottl-test.yaml").write_text(PASSES)
    (tmp_path / "other.yaml").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.test.yaml").write_text(PASSES)
    assert find_test_files(tmp_path, ["."]) == [
        "b.test.yaml",
        "c.ottl-test.yaml",
        "sub/a.test.yaml",
    ]
    assert find_test_files(tmp_path, ["sub", "./b.test.yaml", "b.test.yaml"]) == [
        "sub/a.test.yaml",
        "b.test.yaml",
    ]
    assert find_test_files(tmp_path, ["other.yaml"]) == ["other.yaml"]


def test_nothing_to_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file or folder lost"):
        find_test_files(tmp_path, ["lost"])
    with pytest.raises(UsageError, match=r"there is no test file in \."):
        find_test_files(tmp_path, ["."])


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a": PASSES}, ExitCode.DONE),
        ({"a": PASSES, "b": FAILS}, ExitCode.NO),
        ({"a": PASSES, "b": FAILS, "c": "nothing: 1\n"}, ExitCode.USAGE),
    ],
)
def test_the_exit_code_is_the_worst_of_all(
    environment: Environment, tmp_path: Path, files: dict[str, str], code: ExitCode
) -> None:
    write(tmp_path, **files)
    assert run_test_files(environment, TestOptions(["."])) == code


def test_files_are_read_beside_the_test_file(environment: Environment, tmp_path: Path) -> None:
    write(
        tmp_path,
        sub__a="config: ../c.yaml\ntests: [{input: {file: in.json}, changes: {log.body: b}}]\n",
    )
    (tmp_path / "c.yaml").write_text(
        'transform: {log_statements: [\'set(log.body, "b") where log.body == "${env:OLD}"\']}\n'
    )
    record = {"body": {"stringValue": "a"}}
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    (tmp_path / "sub" / "in.json").write_text(json.dumps(document))
    world = Environment(**{**vars(environment), "variables": {"OLD": "a"}})
    assert run_test_files(world, TestOptions(["sub"], coverage=True)) == ExitCode.DONE
    assert "c.yaml:1:31  ran 1, not matched 0" in out(world)
    assert "no test makes its where false" in out(world)


def test_an_error_in_a_file_beside_is_told_with_its_name(
    environment: Environment, tmp_path: Path
) -> None:
    write(tmp_path, sub__a="config: ../c.yaml\ntests: [{input: {log: {}}, changes: {}}]\n")
    (tmp_path / "c.yaml").write_text("transform: {log_statements: ['set(log.bdoy, 1)']}\n")
    assert run_test_files(environment, TestOptions(["sub"])) == ExitCode.USAGE
    assert "  c.yaml:1:39: error: " in out(environment)


def test_what_is_no_text_is_refused(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "a.test.yaml").write_bytes(b"\xff\xfe")
    assert run_test_files(environment, TestOptions(["a.test.yaml"])) == ExitCode.USAGE
    assert "a.test.yaml is no UTF-8: byte 0" in out(environment)


def test_update_rewrites_and_runs_again(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path, a=FAILS)
    path = tmp_path / "a.test.yaml"
    path.chmod(0o640)
    link = tmp_path / "link.test.yaml"
    link.symlink_to(path)
    options = TestOptions(["link.test.yaml"], update=True)
    assert run_test_files(environment, options) == ExitCode.DONE
    assert path.read_text() == PASSES
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert "1 passed, 1 updated" in out(environment)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.test.yaml", "link.test.yaml"]


def test_update_leaves_what_passes_untouched(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path, a=PASSES)
    before = (tmp_path / "a.test.yaml").stat().st_mtime_ns
    assert run_test_files(environment, TestOptions(["."], update=True)) == ExitCode.DONE
    assert (tmp_path / "a.test.yaml").stat().st_mtime_ns == before


def test_update_of_what_cannot_be_accepted_fails(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path, a=PASSES.replace('set(span.name, "a")', "set(span.name, 1 / 0 * 1)"))
    source = (tmp_path / "a.test.yaml").read_text()
    assert run_test_files(environment, TestOptions(["."], update=True)) == ExitCode.NO
    assert (tmp_path / "a.test.yaml").read_text() == source
    assert "'one' was not updated" in out(environment)


def test_a_file_that_cannot_be_written_is_told(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path, a=FAILS)
    (tmp_path / ".a.test.yaml.part").mkdir()  # where the new text would be written first
    assert run_test_files(environment, TestOptions(["."], update=True)) == ExitCode.USAGE
    assert "cannot write" in out(environment)
    assert (tmp_path / "a.test.yaml").read_text() == FAILS
