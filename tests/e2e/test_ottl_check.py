"""`otx ottl check` as a user calls it."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli

COLLECTOR = """\
receivers: {otlp: {}}
processors:
  transform:
    trace_statements:
      - context: span
        statements:
          - set(name, "it's")
          - 'set(attributes["it''s"], nmae)'
          - "set(attributes[\\"a\\"], \\"${env:WHO}\\") where trace_id == \\"$$\\""
          - >-
            set(name,
            "a") wehre true
          - |
            set(status.cod,
              1)
service: {pipelines: {traces: {processors: [transform]}}}
"""


def test_every_finding_has_its_place_in_the_file(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COLLECTOR)
    done = run_cli("ottl", "check", "-f", "c.yaml")
    assert done.returncode == 1
    assert done.stderr == ""
    heads = [line for line in done.stdout.splitlines() if line.startswith("c.yaml:")]
    assert heads == [
        "c.yaml:8:39: error: 'nmae' is no path of the context span",
        "c.yaml:9:14: warning: WHO is not set: it becomes empty text",
        "c.yaml:9:59: warning: an id never equals a text or bytes",
        "c.yaml:12:18: error: statement has invalid syntax: unexpected 'wehre'",
        "c.yaml:14:24: error: section 'cod' is not part of 'status'",
    ]
    lines = done.stdout.splitlines()
    for head in heads:
        line, caret = lines[lines.index(head) + 1 : lines.index(head) + 3]
        column = int(head.split(":")[2])
        assert caret.index("^") == column + 1
        assert line[caret.index("^")] != " "


def test_statements_run_where_context_says(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "s.ottl").write_text('set(name, "x") where kind == "server"\n')
    assert run_cli("ottl", "check", "s.ottl").returncode == 1
    done = run_cli("ottl", "check", "s.ottl", "--context", "span")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == (
        '  hint: write kind == SPAN_KIND_SERVER, or kind.string == "Server"'
    )
    refused = run_cli("ottl", "check", "s.ottl", "--context", "spam")
    assert (refused.returncode, "'spam' is no context" in refused.stderr) == (2, True)
    (tmp_path / "c.yaml").write_text("filter: {trace_conditions: ['true']}")
    refused = run_cli("ottl", "check", "c.yaml", "--context", "span")
    assert (refused.returncode, "--context is for statements" in refused.stderr) == (2, True)


def test_json_has_the_same_findings(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COLLECTOR)
    done = run_cli("ottl", "check", "c.yaml", "--format", "json", "-o", "found.json")
    assert (done.returncode, done.stdout) == (1, "")
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(one["line"], one["column"], one["severity"]) for one in found] == [
        (8, 39, "error"),
        (9, 14, "warning"),
        (9, 59, "warning"),
        (12, 18, "error"),
        (14, 24, "error"),
    ]
    assert found[0]["hint"] == "did you mean name?"


def test_warnings_alone_are_exit_0_and_nothing_is_nothing(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "w.ottl").write_text('set(span.name, "x") where span.trace_id == "a"\n')
    (tmp_path / "fine.ottl").write_text('set(span.name, "x")\n')
    warned = run_cli("ottl", "check", "w.ottl")
    assert (warned.returncode, warned.stdout.count("warning: ")) == (0, 1)
    fine = run_cli("ottl", "check", "fine.ottl")
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "", "")
    assert run_cli("ottl", "check", "fine.ottl", "--format", "json").stdout == "[]\n"


def test_several_files_and_stdin(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "a.ottl").write_text("set(span.nmae, 1)\n")
    (tmp_path / "b.yaml").write_text("filter: {trace_conditions: [span.nmae == nil]}\n")
    done = run_cli("ottl", "check", "a.ottl", "-f", "b.yaml")
    assert done.returncode == 1
    assert "a.ottl:1:10: error: " in done.stdout
    assert "b.yaml:1:34: error: " in done.stdout
    piped = run_cli("ottl", "check", "-f", "-", stdin="set(span.nmae, 1)\n")
    assert "-:1:10: error: 'nmae'" in piped.stdout


UNUSABLE = {
    "empty": (b"", "c.yaml holds no OTTL"),
    "null": (b"null\n", "c.yaml holds no OTTL"),
    "a text": (b"hello\n", "c.yaml holds no OTTL"),
    "no OTTL": (b"receivers: {}\n", "c.yaml holds no OTTL"),
    "a list": (b"- 1\n", "is a list of something other than statements"),
    "an open bracket": (b"a: [b\n", "c.yaml:2:1: no YAML"),
    "a tab": (b"a:\n\tb: 1\n", "c.yaml:2:1: no YAML"),
    "a recursive anchor": (b"a: &a [*a]\n", "c.yaml:1:4: an anchor that contains itself"),
    "a key twice": (b"transform: {}\ntransform: {}\n", "c.yaml:2:1: the key 'transform' twice"),
    "a list as key": (b"? [a]\n: b\n", "c.yaml:1:3: a key that is no text"),
    "two documents": (b"transform: {}\n---\nfilter: {}\n", "c.yaml:2:1: no YAML"),
    "no UTF-8": (b"transform: \xff\n", "c.yaml is no UTF-8: byte 11"),
    "a NUL": (b"transform: \x00\n", "no YAML"),
    "deep lists": (b"[" * 3000 + b"]" * 3000, "no YAML"),
    "deep maps": (b"{a: " * 200 + b"}" * 200, "nested deeper than 100"),
    "a bomb": (
        b"a: &a [x, x, x, x, x, x, x, x]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 8))
            for n in range(9)
        ),
        "more than 200000 values",
    ),
}


@pytest.mark.parametrize(("content", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_configuration_is_exit_2(
    run_cli: RunCli, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    for command in (
        ("check", "c.yaml"),
        ("run", "-f", "c.yaml", "--in", "c.yaml"),
        ("fmt", "c.yaml"),
    ):
        done = run_cli("ottl", *command)
        assert done.returncode == 2, command
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "c.yaml").read_bytes() == content


@pytest.mark.parametrize(
    "text",
    [
        "transform: 7",
        "transform: {trace_statements: 7}",
        "transform: {trace_statements: [{context: 5, statements: {a: 1}}]}",
        "filter: [1]",
        "tail_sampling: {policies: [1, {type: ottl_condition, ottl_condition: {span: 5}}]}",
        "routing: {table: [1, {context: [1]}, {condition: 5}, {context: request, condition: x}]}",
        "processors: {transform: !!python/object:os.system x}",
    ],
)
def test_wrong_types_are_findings(run_cli: RunCli, tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    done = run_cli("ottl", "check", "c.yaml")
    assert done.returncode == 1
    assert done.stdout.startswith("c.yaml:1:")
    assert "Traceback" not in done.stderr


def test_nothing_to_check_is_said_so(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("ottl", "check")
    assert done.returncode == 2
    assert "nothing to check" in done.stderr
    (tmp_path / "empty.ottl").write_text("# nothing\n")
    empty = run_cli("ottl", "check", "empty.ottl")
    assert empty.returncode == 2
    assert "empty.ottl holds no statement" in empty.stderr
    folder = run_cli("ottl", "check", ".")
    assert folder.returncode == 2
    assert "cannot read .: Is a directory" in folder.stderr


def test_very_long_statements_are_findings_of_a_readable_length(
    run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "long.ottl").write_text(f"set(span.name, {'(' * 5000}1{')' * 5000})\n")
    done = run_cli("ottl", "check", "long.ottl")
    assert done.returncode == 1
    assert "nested deeper than" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200


def test_strict_refuses_what_no_collector_has(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("filter: {traces: {span: [TraceIDRatioBasedSampler(0.5)]}}")
    assert run_cli("ottl", "check", "x.yaml").returncode == 0
    strict = run_cli("ottl", "check", "x.yaml", "--strict")
    assert strict.returncode == 1
    assert "TraceIDRatioBasedSampler is otx's own, refused by --strict" in strict.stdout
