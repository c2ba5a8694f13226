"""Files formatted in place, checked or compared; nothing else of them changes."""

from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.services.ottl_fmt import FmtMode, run_fmt
from tests.services.ottl_case import said, world

BEFORE, AFTER = 'set( span.name,"a" )\n', 'set(span.name, "a")\n'


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    (tmp_path / "a.ottl").write_text(BEFORE)
    (tmp_path / "fine.ottl").write_text(AFTER)
    return world(tmp_path)


def test_files_are_formatted_in_place(here: Environment, tmp_path: Path) -> None:
    assert run_fmt(here, ["a.ottl", "fine.ottl"], "write") == 0
    assert (tmp_path / "a.ottl").read_text() == AFTER
    assert said(here) == ("", "formatted a.ottl\n")


def test_a_check_changes_nothing_and_says_so(here: Environment, tmp_path: Path) -> None:
    assert run_fmt(here, ["a.ottl", "fine.ottl"], "check") == 1
    assert run_fmt(here, ["fine.ottl"], "check") == 0
    assert (tmp_path / "a.ottl").read_text() == BEFORE
    assert said(here) == ("", "a.ottl would be formatted\n")


def test_a_difference_is_shown(here: Environment, tmp_path: Path) -> None:
    assert run_fmt(here, ["a.ottl"], "diff") == 1
    assert said(here)[0].splitlines() == [
        "--- a.ottl",
        "+++ a.ottl",
        "@@ -1 +1 @@",
        f"-{BEFORE.strip()}",
        f"+{AFTER.strip()}",
    ]
    assert (tmp_path / "a.ottl").read_text() == BEFORE


def test_line_ends_modes_and_links_stay(here: Environment, tmp_path: Path) -> None:
    target = tmp_path / "target.yaml"
    target.write_bytes(b"# x\r\ntransform:\r\n  trace_statements:\r\n    - set(span.name,1)\r\n")
    target.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(target)
    statements = tmp_path / "crlf.ottl"
    statements.write_bytes(b"set(span.name,1)\r\n# two\r\nset(span.name,\r\n  2)\r\n")
    assert run_fmt(here, ["link.yaml", "crlf.ottl"], "write") == 0
    assert (tmp_path / "link.yaml").is_symlink()
    assert target.read_bytes().endswith(b"    - set(span.name, 1)\r\n")
    assert target.stat().st_mode & 0o777 == 0o640
    assert statements.read_bytes() == b"set(span.name, 1)\r\n# two\r\nset(span.name, 2)\r\n"


def test_stdin_goes_to_stdout_formatted_or_as_it_was(tmp_path: Path) -> None:
    for text in (BEFORE, AFTER):
        here = world(tmp_path, text.encode())
        assert run_fmt(here, ["-"], "write") == 0
        assert said(here) == (AFTER, "")


def test_nothing_is_written_where_one_file_cannot_be_read(
    here: Environment, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    for name, words in (("nowhere.ottl", "No such file"), ("bad.yaml", "no YAML")):
        with pytest.raises(UsageError, match=words):
            run_fmt(here, ["a.ottl", name], "write")
    (tmp_path / "latin.ottl").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"latin\.ottl is no UTF-8: byte 0"):
        run_fmt(here, ["a.ottl", "latin.ottl"], "write")
    assert (tmp_path / "a.ottl").read_text() == BEFORE


@pytest.mark.parametrize("mode", ["check", "diff"])
def test_what_has_to_be_left_is_a_finding(here: Environment, tmp_path: Path, mode: FmtMode) -> None:
    source = (
        "kind: OpenTelemetryCollector\nspec:\n  config: 'transform: {trace_statements: [\"%s\"]}'\n"
    )
    (tmp_path / "c.yaml").write_text(source % "set( span.kind,2)")
    assert run_fmt(here, ["c.yaml"], mode) == 1
    assert said(here)[1].startswith("otx: warning: c.yaml:3 is not formatted: its configuration")
    assert run_fmt(here, ["c.yaml"], "write") == 0
    (tmp_path / "c.yaml").write_text(source % "set(span.kind, 2)")
    assert run_fmt(here, ["c.yaml"], mode) == 0
