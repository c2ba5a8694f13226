"""`otx trace show --profile` as a user calls it, on a store with a trace and samples."""

import json
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.model.stack import Frame, Sample
from otx.profile.formats.otlp_write import write_otlp
from otx.services.profile_feed import Sampling, batch_profile
from otx.store.wal import LogWriter
from tests.conftest import RunCli
from tests.e2e.test_trace import MS, START, TRACE_ID, store

__all__ = ["store"]
ROOT_SPAN, CHARGE = f"{1:016x}", f"{2:016x}"
UNRECEIVED = "b" * 32


@pytest.fixture
def sampled(store: str) -> str:
    """The store of a slow checkout, with what its spans' code did."""
    taken = [(ROOT_SPAN, "render", 3), (CHARGE, "sign", 6), (CHARGE, "encrypt", 1)]
    samples = [
        Sample(START + 600 * MS, 7, 8, "shop", frames(function), count, TRACE_ID, span_id)
        for span_id, function, count in taken
    ]
    samples.append(Sample(START, 7, 8, "shop", frames("lost"), 1, UNRECEIVED, "c" * 16))
    with LogWriter(Path(store)) as log:
        body = write_otlp(batch_profile(samples, Sampling(100, "process", {})))
        log.append(Signal.PROFILES, body, START).result(60)
    return store


def frames(function: str) -> tuple[Frame, ...]:
    return (Frame("main", "native", module="shop"), Frame(function, "native", module="shop"))


def test_the_tree_is_followed_by_what_each_spans_code_did(sampled: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "show", TRACE_ID[:8], "--profile", "--store", sampled)
    assert (done.returncode, done.stderr) == (0, "")
    _, _, code = done.stdout.partition("\n\ncode: ")
    assert code.splitlines() == [
        "100 ms of processor time in 3 samples",
        "",
        f"frontend charge  {CHARGE}  70.0 ms · 70 % of the trace's",
        "   86 %   60.0 ms  main;sign",
        "   14 %   10.0 ms  main;encrypt",
        "  most in: sign 86 %, encrypt 14 %",
        "",
        f"frontend POST /checkout  {ROOT_SPAN}  30.0 ms · 30 % of the trace's",
        "  100 %   30.0 ms  main;render",
        "  most in: render 100 %",
    ]


def test_json_has_the_same(sampled: str, run_cli: RunCli) -> None:
    words = ("trace", "show", TRACE_ID, "--profile", "--format", "json", "--store", sampled)
    document = json.loads(run_cli(*words).stdout)
    assert document["span_count"] == 3
    profile = document["profile"]
    assert (profile["cpu_ns"], profile["reason"]) == (100 * MS, "")
    assert [span["span_id"] for span in profile["spans"]] == [CHARGE, ROOT_SPAN]
    assert {span["joined"] for span in profile["spans"]} == {"published"}


def test_a_trace_that_was_not_exported_says_so(sampled: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "show", UNRECEIVED, "--profile", "--store", sampled)
    assert done.returncode == 0
    assert done.stdout.startswith(f"trace {UNRECEIVED}  no span of it was received: ")
    assert f"(not received)  {'c' * 16}  10.0 ms" in done.stdout
    assert run_cli("trace", "show", "d" * 32, "--profile", "--store", sampled).returncode == 1


def test_without_samples_the_reason_is_told(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "show", TRACE_ID, "--profile", "--store", store)
    assert done.returncode == 0
    said = "no samples of that time were kept: `otx profile --store` keeps them\n"
    assert done.stdout.endswith(said)


@pytest.mark.parametrize("other", [("--raw",), ("--in", "-")])
def test_what_excludes_it_is_refused(store: str, run_cli: RunCli, other: tuple[str, ...]) -> None:
    done = run_cli("trace", "show", TRACE_ID, "--profile", *other)
    assert done.returncode == 2
    assert f"{other[0]} and --profile exclude each other" in done.stderr
