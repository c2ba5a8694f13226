"""`otx store compact`, `export` and `import` as a user calls them."""

import gzip
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.conftest import CLI_TIMEOUT_S, RunCli
from tests.store.conftest import (
    LogRequest,
    SpanRequest,
    log_request,
    metric_request,
    profile_request,
    span_request,
)

__all__ = ["log_request", "span_request"]

EVERYTHING = {
    "spans": "SELECT * EXCLUDE received_time FROM spans ORDER BY ALL",
    "logs": "SELECT * EXCLUDE received_time FROM logs ORDER BY ALL",
    "metrics": "SELECT * EXCLUDE received_time FROM metrics ORDER BY ALL",
    "samples": "SELECT * EXCLUDE received_time FROM samples ORDER BY ALL",
}


@pytest.fixture
def store(tmp_path: Path, span_request: SpanRequest, log_request: LogRequest) -> str:
    """Four small segments of spans, one of each other kind, and a trace in the log."""
    directory = tmp_path / "store"
    with LogWriter(directory) as log:
        for trace in range(1, 5):
            log.append(Signal.TRACES, span_request("a", 3, trace=trace, errors=1), 1).result(60)
            if trace == 1:
                log.append(Signal.LOGS, log_request("one", "two", trace=1), 2).result(60)
                log.append(Signal.METRICS, metric_request("m", "n"), 3).result(60)
                log.append(Signal.PROFILES, profile_request("f", "g"), 4).result(60)
            Conversion(Layout(directory)).convert()
        log.append(Signal.TRACES, span_request("late", 2, trace=9), 5).result(60)
    return str(directory)


def test_what_is_exported_and_imported_is_the_same_again(
    store: str, run_cli: RunCli, tmp_path: Path
) -> None:
    file, other = tmp_path / "all.jsonl", str(tmp_path / "other")
    done = run_cli("store", "export", "-o", str(file), "--store", store)
    assert (done.returncode, done.stderr) == (0, "20 records exported\n")
    done = run_cli("store", "import", str(file), "--store", other)
    assert done.returncode == 0, done.stderr
    assert "14 records of traces, 2 records of logs" in done.stderr
    for sql in EVERYTHING.values():
        was = run_cli("query", sql, "--format", "jsonl", "--store", store)
        now = run_cli("query", sql, "--format", "jsonl", "--store", other)
        assert was.stdout
        assert now.stdout == was.stdout
    assert run_cli("store", "verify", "--store", other).returncode == 0


def test_a_file_is_imported_once(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    file, other = tmp_path / "all.jsonl.gz", str(tmp_path / "other")
    lines = run_cli("store", "export", "--signal", "traces", "--store", store).stdout
    file.write_bytes(gzip.compress(lines.encode()))
    for _ in range(2):
        done = run_cli("store", "import", str(file), "--store", other)
        assert done.returncode == 0, done.stderr
    assert "is in the store already (14 records of traces); nothing was added" in done.stderr
    assert _count(run_cli, other) == 14


def test_a_file_that_is_no_otlp_leaves_nothing(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    file, other = tmp_path / "half.jsonl", str(tmp_path / "other")
    lines = run_cli("store", "export", "--store", store).stdout.splitlines(keepends=True)
    file.write_text(lines[0] + '{"resourceSpans": 1}\n')
    done = run_cli("store", "import", str(file), "--store", other)
    assert done.returncode == 2
    assert "half.jsonl" in done.stderr
    assert _count(run_cli, other) == 0
    missing = run_cli("store", "import", str(tmp_path / "none"), "--store", other)
    assert missing.returncode == 2
    assert "cannot read" in missing.stderr


def test_parquet_holds_one_table(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    file = tmp_path / "spans.parquet"
    done = run_cli("store", "export", "-o", str(file), "--store", store)
    assert done.returncode == 2
    assert "--signal" in done.stderr
    assert not file.exists()
    done = run_cli("store", "export", "--signal", "traces", "-o", str(file), "--store", store)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(file)
    assert len(rows) == 14
    assert {"trace_id", "start_time", "attributes"} <= set(rows.schema.names)


@pytest.mark.long
def test_tables_that_were_exported_as_parquet_come_back(
    store: str, run_cli: RunCli, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    for signal, table in (("traces", "spans"), ("logs", "logs"), ("metrics", "metrics")):
        file = f"{table}.parquet"
        run_cli("store", "export", "--signal", signal, "-o", file, "--store", store)
        done = run_cli("store", "import", file, "--store", other)
        assert done.returncode == 0, done.stderr
        sql = EVERYTHING[table]
        was = run_cli("query", sql, "--format", "jsonl", "--store", store)
        now = run_cli("query", sql, "--format", "jsonl", "--store", other)
        assert was.stdout
        assert now.stdout == was.stdout
        again = run_cli("store", "import", file, "--store", other)
        assert "nothing was added" in again.stderr
    assert _count(run_cli, other) == 14
    for sql in ("FROM span_events ORDER BY ALL", "FROM span_links ORDER BY ALL"):
        was = run_cli("query", sql, "--format", "jsonl", "--store", store)
        assert run_cli("query", sql, "--format", "jsonl", "--store", other).stdout == was.stdout


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT 1 AS n", "is Parquet, but no table of a store"),
        ("FROM logs", "is Parquet, but no table of a store"),
        ("SELECT trace_id, name FROM spans", "is Parquet, but no table of a store"),
    ],
)
@pytest.mark.long
def test_parquet_of_something_else_is_refused(
    store: str, run_cli: RunCli, tmp_path: Path, sql: str, told: str
) -> None:
    other = str(tmp_path / "other")
    run_cli("query", sql, "-o", "odd.parquet", "--store", store)
    done = run_cli("store", "import", "odd.parquet", "--store", other)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"odd.parquet {told}" in done.stderr
    assert "hint:" in done.stderr
    assert _count(run_cli, other) == 0


def test_samples_as_parquet_and_half_a_file_are_refused(
    store: str, run_cli: RunCli, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    exported = run_cli(
        *("store", "export", "--signal", "profiles", "-o", "samples.parquet", "--store", store)
    )
    assert "`otx store import` takes profiles as jsonl" in exported.stderr
    done = run_cli("store", "import", "samples.parquet", "--store", other)
    assert done.returncode == 2
    assert "samples.parquet holds samples, of which no profile can be made" in done.stderr
    assert "no mappings, build ids, addresses or lines" in done.stderr
    assert "jsonl" in done.stderr
    (tmp_path / "half.parquet").write_bytes((tmp_path / "samples.parquet").read_bytes()[:900])
    done = run_cli("store", "import", "half.parquet", "--store", other)
    assert done.returncode == 2
    assert "half.parquet cannot be read as Parquet" in done.stderr
    assert len(done.stderr.splitlines()) <= 3
    assert _count(run_cli, other) == 0


def test_an_export_is_of_a_time(store: str, run_cli: RunCli) -> None:
    done = run_cli(
        *("store", "export", "--signal", "traces", "--store", store),
        *("--since", "2026-09-21T14:13:22Z", "--until", "2026-09-21T14:13:24Z"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "6 records exported\n"
    spans = [
        span["traceId"]
        for line in done.stdout.splitlines()
        for group in json.loads(line)["resourceSpans"]
        for scope in group["scopeSpans"]
        for span in scope["spans"]
    ]
    assert sorted(set(spans)) == [f"{2:032x}", f"{3:032x}"]


def test_compact_merges_what_is_small(store: str, run_cli: RunCli) -> None:
    done = run_cli("store", "compact", "--format", "json", "--store", store)
    assert done.returncode == 0, done.stderr
    spans, *_ = json.loads(done.stdout)
    assert (spans["kind"], spans["rows"]) == ("spans", 14)
    assert (spans["segments_before"], spans["segments"]) == (4, 1)
    assert "5 replaced files" in done.stderr
    assert _count(run_cli, store) == 14
    assert run_cli("store", "verify", "--store", store).returncode == 0
    again = json.loads(run_cli("store", "compact", "--format", "json", "--store", store).stdout)
    assert again[0]["segments_before"] == again[0]["segments"] == 1


def test_compact_leaves_a_store_to_its_converter(store: str, run_cli: RunCli) -> None:
    from otx.store.durable import FileLock

    lock = FileLock(Layout(Path(store)).converter_lock)
    assert lock.acquire()
    try:
        done = run_cli("store", "compact", "--store", store)
    finally:
        lock.release()
    assert done.returncode == 5
    assert "a converter works on the store" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (("export", "-o", "again.jsonl"), "K3 records exported", 0),
        (("import", "all.jsonl"), "all.jsonl: 3 records read", 0),
        (("import", "half.jsonl"), "half.jsonl: 3 records read", 2),
        (("verify",), "1 of 8 segments read", 0),
        (("compact",), "converting: 0 B left", 0),
    ],
)
@pytest.mark.long
def test_a_terminal_sees_how_far_it_is_while_it_lasts(
    store: str,
    run_cli: RunCli,
    tmp_path: Path,
    cli_variables: dict[str, str],
    arguments: tuple[str, ...],
    told: str,
    code: int,
) -> None:
    run_cli("store", "export", "-o", "all.jsonl", "--store", store)
    lines = (tmp_path / "all.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "half.jsonl").write_text(lines[0] + '{"resourceSpans": 1}\n')
    command = [sys.executable, "-m", "otx", "store", *arguments, "--store", store]
    leader, follower = pty.openpty()
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=tmp_path,
        env=cli_variables,
        timeout=CLI_TIMEOUT_S,
        check=False,
    )
    os.close(follower)
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        drawn, _, rest = terminal.read(4096).decode().rpartition("\r\x1b[K")
    assert done.returncode == code, rest
    assert drawn.startswith("\r\x1b[K")
    assert told in drawn
    assert told not in rest
    assert b"\x1b" not in done.stdout


def _count(run_cli: RunCli, store: str) -> int:
    done = run_cli("query", "SELECT count(*) AS n FROM spans", "--format", "json", "--store", store)
    return int(json.loads(done.stdout)[0]["n"])
