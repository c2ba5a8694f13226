"""A store that is damaged, gone or not to be written, as a user meets it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.model.units import counted
from tests.conftest import RunCli, StartReceiver, wait_until
from tests.store.conftest import log_request_of, span_request_of
from tests.store.segments import converted


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_where_the_store_should_be_is_said(
    place: str, tmp_path: Path, run_cli: RunCli
) -> None:
    (tmp_path / "file").touch()
    done = run_cli("receive", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", place)
    assert done.returncode == 2, done.stderr
    assert "file is a file, no directory" in done.stderr
    assert "--store DIR" in done.stderr


@pytest.mark.parametrize("command", [("compact",), ("import", "-")])
def test_a_store_that_cannot_be_written_is_said(
    command: tuple[str, ...], tmp_path: Path, run_cli: RunCli
) -> None:
    store = tmp_path / "store"
    for name in ("segments", "logs", "aside", "converter.lock"):
        (store / name).mkdir(parents=True)  # nobody may write a directory, root neither
    done = run_cli("store", *command, "--store", str(store))
    assert done.returncode in (2, 5), done.stderr
    assert "-o takes" not in done.stderr
    if command == ("compact",):
        assert "converter.lock: Is a directory" in done.stderr
        assert "--store DIR" in done.stderr


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with two segments of spans, of five rows and of twenty thousand, and one of logs."""
    path = tmp_path / "store"
    converted(path, span_request_of("small", 5))
    converted(path, *(span_request_of(f"n{n}", 1000, trace=n) for n in range(2, 22)))
    converted(path, log_request_of("one", "two"), signal=Signal.LOGS)
    return path


def segment(store: Path, kind: str, number: int = 0) -> Path:
    return sorted((store / "segments").glob(f"{kind}-*.parquet"))[number]


def truncate(path: Path) -> None:
    os.truncate(path, 1000)


def spoil_footer(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, os.SEEK_END)
        file.write(b"\xff" * 60)


def spoil_pages(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(bytes(size * 3 // 4))


@pytest.mark.parametrize("harm", [truncate, spoil_footer, Path.unlink])
def test_reading_goes_on_without_a_damaged_segment(
    harm: Callable[[Path], None], store: Path, run_cli: RunCli
) -> None:
    damaged = segment(store, "spans")
    harm(damaged)
    counted = run_cli(
        "query", "SELECT count(*) AS n FROM spans", "--format", "json", "--store", str(store)
    )
    assert counted.returncode == 0, counted.stderr
    assert json.loads(counted.stdout) == [{"n": 20_000}]
    listed = run_cli("trace", "list", "--limit", "1", "--store", str(store))
    assert listed.returncode == 0, listed.stderr
    for done in (counted, listed):
        assert done.stderr.count("warning") == 1
        assert damaged.name in done.stderr
        assert "5 of spans" in done.stderr
        assert "`otx store verify`" in done.stderr


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.long
def test_damage_met_while_scanning_names_the_segment_and_the_command(
    form: str, store: Path, run_cli: RunCli
) -> None:
    damaged = segment(store, "spans", 1)
    spoil_pages(damaged)
    asked = ("query", "SELECT * FROM spans", "--format", form, "-o", "answer")
    for command in (asked, ("trace", "list", "/nothing/")):
        done = run_cli(*command, "--store", str(store))
        assert done.returncode == 5, done.stderr
        assert damaged.name in done.stderr
        assert "`otx store compact`" in done.stderr
        assert "DESCRIBE" not in done.stderr
    assert not (store.parent / "answer").exists()


def count_of(run_cli: RunCli, store: Path) -> int:
    sql = "SELECT count(*) AS n FROM spans"
    done = run_cli("query", sql, "--format", "json", "--store", str(store))
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    return int(json.loads(done.stdout)[0]["n"])


@pytest.mark.parametrize(
    "harm",
    [
        truncate,
        pytest.param(spoil_pages, marks=pytest.mark.long),
        pytest.param(Path.unlink, marks=pytest.mark.long),
    ],
)
def test_compact_sets_a_damaged_segment_aside_and_counts_it(
    harm: Callable[[Path], None], store: Path, run_cli: RunCli
) -> None:
    damaged = segment(store, "spans", 1)
    harm(damaged)
    assert run_cli("store", "verify", "--store", str(store)).returncode == 1
    done = run_cli("store", "compact", "--store", str(store))
    assert done.returncode == 0, done.stderr
    assert damaged.name in done.stderr
    assert (store / "aside" / damaged.name).exists() is (harm is not Path.unlink)
    assert count_of(run_cli, store) == 5
    info = json.loads(run_cli("store", "info", "--format", "json", "--store", str(store)).stdout)
    assert (info["aside_segments"], info["aside_rows"]) == (1, 20_000)
    assert "1 segment set aside" in run_cli("store", "info", "--store", str(store)).stdout
    assert run_cli("store", "verify", "--store", str(store)).returncode == 0
    exported = run_cli("store", "export", "--store", str(store))
    assert exported.returncode == 0, exported.stderr


@pytest.mark.parametrize("content", [b"", b"{", None])
@pytest.mark.long
def test_the_manifests_copy_stands_in(content: bytes | None, store: Path, run_cli: RunCli) -> None:
    manifest = store / "MANIFEST.json"
    good = manifest.read_bytes()
    manifest.unlink()
    if content is not None:
        manifest.write_bytes(content)
    done = run_cli("trace", "list", "--limit", "1", "--store", str(store))
    assert (done.returncode, done.stderr.count("its copy stands in")) == (0, 1), done.stderr
    assert run_cli("store", "verify", "--store", str(store)).returncode == 1
    assert run_cli("store", "compact", "--store", str(store)).returncode == 0
    assert json.loads(manifest.read_bytes())["version"] >= json.loads(good)["version"]
    assert count_of(run_cli, store) == 20_005


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_manifest_is_made_anew_from_segments(is_gone: bool, store: Path, run_cli: RunCli) -> None:
    assert run_cli("store", "compact", "--store", str(store)).returncode == 0
    assert len(list((store / "segments").glob("spans-*.parquet"))) == 3  # two of them merged
    for name in ("MANIFEST.json", "MANIFEST.copy.json"):
        if is_gone:
            (store / name).unlink()
        else:
            (store / name).write_bytes(b"")
    refused = run_cli("query", "FROM spans", "--store", str(store))
    assert refused.returncode == 5
    assert "`otx store compact` makes a new one" in refused.stderr
    made = run_cli("store", "compact", "--store", str(store))
    assert made.returncode == 0, made.stderr
    assert "made anew" in made.stderr
    assert count_of(run_cli, store) == 20_005
    assert run_cli("store", "verify", "--store", str(store)).returncode == 0


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.long
def test_an_export_goes_on_without_a_damaged_segment(
    form: str, store: Path, run_cli: RunCli
) -> None:
    damaged = segment(store, "spans")
    truncate(damaged)
    only = ("--signal", "traces", "--format", form, "-o", "out")
    done = run_cli("store", "export", *only, "--store", str(store))
    assert done.returncode == 0, done.stderr
    assert f"{counted(20_000, 'record')} exported" in done.stderr
    assert done.stderr.count(damaged.name) == 1
    kept = run_cli("ottl", "eval", "name", "--context", "span", "--store", str(store))
    assert (kept.returncode, damaged.name in kept.stderr) == (5, True), kept.stderr


def test_a_receiver_says_what_its_converter_passes_over(
    store: Path, start_receiver: StartReceiver
) -> None:
    damaged = segment(store, "spans")
    truncate(damaged)
    receiver = start_receiver()
    wait_until(lambda: any(damaged.name in line for line in receiver.said), "a warning")
    receiver.stop()
    assert damaged.exists()  # it takes a person to give rows up
