"""`otx ottl fmt` as a user calls it."""

from pathlib import Path

import pytest

from tests.conftest import RunCli

STATEMENTS = """\
# what is masked
set( span.attributes["a"],1 )   where  span.kind==SPAN_KIND_SERVER
set(span.name,
   "x")

not OTTL at all(
"""
FORMATTED = """\
# what is masked
set(span.attributes["a"], 1) where span.kind == SPAN_KIND_SERVER
set(span.name, "x")

not OTTL at all(
"""
YAML = """\
processors:
  transform:   # keeps its spaces
    error_mode:   ignore
    trace_statements:
      - 'set( span.name,"it''s" )'
      - "set(span.name,\\"a\\")"
      - set(span.kind,3)
      - >-
        set( span.kind,
        4)
"""


def test_files_are_formatted_in_place(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "a.ottl").write_text(STATEMENTS)
    (tmp_path / "c.yaml").write_text(YAML)
    done = run_cli("ottl", "fmt", "a.ottl", "c.yaml")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "formatted a.ottl\nformatted c.yaml\n"
    assert (tmp_path / "a.ottl").read_text() == FORMATTED
    after = (tmp_path / "c.yaml").read_text()
    assert "- 'set(span.name, \"it''s\")'\n" in after
    assert '- "set(span.name, \\"a\\")"\n' in after
    assert "- set(span.kind, 3)\n" in after
    # What is not OTTL keeps every byte.
    assert "  transform:   # keeps its spaces\n    error_mode:   ignore\n" in after
    assert after.endswith("      - >-\n        set(span.kind, 4)\n")
    again = run_cli("ottl", "fmt", "a.ottl", "c.yaml")
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize("flag", ["--check", "--diff"])
def test_check_and_diff_change_nothing(run_cli: RunCli, tmp_path: Path, flag: str) -> None:
    (tmp_path / "a.ottl").write_text(STATEMENTS)
    (tmp_path / "fine.ottl").write_text(FORMATTED)
    done = run_cli("ottl", "fmt", flag, "a.ottl", "fine.ottl")
    assert done.returncode == 1
    assert (tmp_path / "a.ottl").read_text() == STATEMENTS
    if flag == "--check":
        assert (done.stdout, done.stderr) == ("", "a.ottl would be formatted\n")
    else:
        assert '+set(span.name, "x")' in done.stdout.splitlines()
    assert run_cli("ottl", "fmt", flag, "fine.ottl").returncode == 0


def test_texts_of_several_lines_are_checked_and_what_is_left_is_told(
    run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text("- set( span.kind,\n  1)\n- |2\n    set( span.kind,2)\n")
    done = run_cli("ottl", "fmt", "--check", "c.yaml")
    assert done.returncode == 1
    assert done.stderr == (
        "otx: warning: c.yaml:4 is not formatted: its form in YAML cannot be kept\n"
        "c.yaml would be formatted\n"
    )


def test_stdin_goes_to_stdout(run_cli: RunCli) -> None:
    done = run_cli("ottl", "fmt", "-", stdin=STATEMENTS)
    assert (done.returncode, done.stdout, done.stderr) == (0, FORMATTED, "")


def test_nothing_is_written_where_a_file_cannot_be_formatted(
    run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "a.ottl").write_text(STATEMENTS)
    for name in ("nowhere.ottl", "."):
        done = run_cli("ottl", "fmt", "a.ottl", name)
        assert done.returncode == 2
        assert f"cannot read {name}: " in done.stderr
    assert (tmp_path / "a.ottl").read_text() == STATEMENTS
    assert run_cli("ottl", "fmt").returncode == 2
