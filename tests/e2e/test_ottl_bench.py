"""`otx ottl bench`: what each statement costs, on the command line."""

import json
from pathlib import Path

import pytest

from otx.ottl.repl.sample import sample
from tests.conftest import RunCli


@pytest.fixture
def traces(tmp_path: Path) -> str:
    """A file of one span."""
    (tmp_path / "traces.pb").write_bytes(next(sample()).body)
    return "traces.pb"


def test_a_table_has_a_row_a_statement_and_what_the_wire_costs(
    run_cli: RunCli, traces: str
) -> None:
    done = run_cli(
        *("ottl", "bench", "--in", traces, "--seconds", "0"),
        *("-s", "set(span.kind, 3) where span.kind == 2", "-s", 'set(span.name, "x")'),
    )
    assert done.returncode == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == [
        *("us", "condition_us", "editor_us", "share", "matched", "failed", "context", "statement"),
    ]
    assert [row.rpartition("  ")[2] for row in rows] == [
        "set(span.kind, 3) where span.kind == 2",
        'set(span.name, "x")',
        *("decode", "encode", "total"),
    ]
    assert "100.0%" in rows[0]
    assert "1 000 of them a round" in done.stderr


def test_a_document_has_the_figures_of_each_signal(
    run_cli: RunCli, traces: str, tmp_path: Path
) -> None:
    config = {"transform": {"trace_statements": ['set(span.name, "x") where span.kind == 1']}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = run_cli(
        *("ottl", "bench", "-f", "config.json", "--in", traces, "--seconds", "0"),
        *("--format", "json", "-o", "figures.json"),
    )
    assert (done.returncode, done.stdout) == (0, "")
    (found,) = json.loads((tmp_path / "figures.json").read_text())
    assert (found["signal"], found["items"]) == ("traces", 1000)
    (only,) = found["statements"]
    assert (only["asked"], only["matched"], only["failed"]) == (1000, 0, 0)
    assert only["share"] == 1
    parts = found["decode_us"] + found["encode_us"] + only["us"]
    assert found["total_us"] == pytest.approx(parts, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "one of -s STATEMENT and -f FILE is wanted"),
        (("-s", "set("), "-s:1:5: statement has invalid syntax"),
        (("-s", 'set(log.body, "x")'), "nothing in the input is of a signal"),
        (("-s", "set(span.kind, 1)", "--seconds", "-1"), "--seconds"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    run_cli: RunCli, traces: str, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cli("ottl", "bench", "--in", traces, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
