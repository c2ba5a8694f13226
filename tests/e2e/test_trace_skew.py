"""`otx trace skew` as a user calls it, on a store whose clocks are wrong by a known amount."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from otx.model.telemetry import Span
from otx.tracing.skew_tables import PAIR_COLUMNS
from tests.conftest import RunCli
from tests.tracing.kept import kept
from tests.tracing.requests import BEGIN, S, Sent, Simulation, fixed

AHEAD = 5 * S
"""What the clock of `payment` shows more than the others."""


def requests() -> list[Sent]:
    clocks = fixed(front=0, cart=0, payment=AHEAD)
    simulation = Simulation(3, clocks, timeouts=0.1)
    hosts = ["front", "cart", "payment"]
    return [simulation.request(hosts, BEGIN + n * 10 * S, fan=2) for n in range(12)]


@pytest.fixture
def spans() -> list[Span]:
    return [span for sent in requests() for span in sent.spans]


@pytest.fixture
def store(tmp_path: Path, spans: list[Span]) -> str:
    kept(spans, tmp_path)
    return str(tmp_path / "store")


def test_pairs_are_shown_worst_first_and_clocks_with_their_shifts(
    store: str, run_cli: RunCli
) -> None:
    done = run_cli("trace", "skew", "--store", store)
    assert (done.returncode, done.stderr) == (0, "")
    head, first, second, empty, clocks, *rows = done.stdout.splitlines()
    assert head.split() == PAIR_COLUMNS
    assert first.startswith("cart (on-cart)")
    assert "payment (on-payment)  -5.00 s" in first
    assert first.endswith("the server's clock is ahead")
    assert second.startswith("front")
    assert second.endswith("may be right")
    assert empty == ""
    assert clocks.split() == ["clock", "shift", "margin", "reference"]
    assert [row.split()[0] for row in rows] == ["payment", "front"]
    assert "-5.00 s" in rows[0]
    assert rows[1].split()[1] == "0"


def test_json_has_bounds_windows_and_evidence(
    store: str, spans: list[Span], run_cli: RunCli
) -> None:
    done = run_cli("trace", "skew", "--hosts", "--store", store, "--format", "json")
    document = json.loads(done.stdout)
    worst = document["pairs"][0]
    assert (worst["client"], worst["server"]) == ("cart", "payment")
    assert abs(worst["theta_ns"] + AHEAD) <= worst["margin_ns"]
    assert worst["lower_ns"] <= -AHEAD <= worst["upper_ns"]
    assert (worst["verdict"], worst["steps"]) == ("ahead", [])
    assert worst["outside_share"] > 0.9
    assert abs(worst["drift_ppm"]) <= worst["drift_margin_ppm"]
    assert sum(window["calls"] for window in worst["windows"]) == worst["calls"]
    assert all(w["lower_ns"] <= -AHEAD <= w["upper_ns"] for w in worst["windows"])
    assert {one["span_id"] for one in worst["evidence"]} <= {span.span_id for span in spans}
    shifts = {one["clock"]: one for one in document["clocks"]}
    assert shifts["front"]["shift_ns"] == 0
    assert abs(shifts["payment"]["shift_ns"] + AHEAD) <= shifts["payment"]["margin_ns"]
    assert document["contradictions"] == []


def test_one_trace_is_shown_with_its_faults_and_moved_beside_sent(
    tmp_path: Path, spans: list[Span], run_cli: RunCli
) -> None:
    trace_id = spans[0].trace_id
    whole = [span for span in spans if span.trace_id == trace_id]
    backwards = replace(whole[0], span_id="f" * 16, end_unix_nano=BEGIN - S)
    kept([*whole, backwards], tmp_path)
    arguments = ("trace", "skew", trace_id[:10], "--store", str(tmp_path / "store"))
    done = run_cli(*arguments)
    assert done.returncode == 0
    assert "the server's clock is ahead" in done.stdout
    faults = done.stdout.splitlines()[-2:]
    assert "ends before it starts, 1 span (ffffffffffffffff): the clock was set back" in faults[0]
    assert faults[1].startswith("payment: in the future, 4 spans (")
    document = json.loads(run_cli(*arguments, "--format", "json").stdout)
    assert document["trace_id"] == trace_id
    assert [fault["kind"] for fault in document["faults"]] == [
        "ends before it starts",
        "in the future",
    ]
    assert document["faults"][0]["span_ids"] == ["f" * 16]
    moved = document["moved_spans"]
    assert {one["clock"] for one in moved} == {"payment"}
    assert all(one["start_time"] > one["moved_start_time"] for one in moved)


def test_files_are_read_too(tmp_path: Path, spans: list[Span], run_cli: RunCli) -> None:
    from otx.otlp.records import traces_request

    path = tmp_path / "spans.otlp"
    path.write_bytes(traces_request(spans).SerializeToString())
    done = run_cli("trace", "skew", "--in", str(path), "--format", "json")
    assert json.loads(done.stdout)["pairs"][0]["verdict"] == "ahead"


def test_clocks_that_nothing_compares_are_said(tmp_path: Path, run_cli: RunCli) -> None:
    kept(Simulation(1, fixed(a=0)).request("a").spans, tmp_path)
    done = run_cli("trace", "skew", "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no call is between two clocks\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--window", "0s"], 2, "--window takes a duration above 0"),
        (["--window", "soon"], 2, "'soon' is no duration"),
        (["--since", "soon"], 2, "'soon' is no time"),
        (["f" * 32], 1, "no trace ffff"),
        (["xyz"], 2, "'xyz' is no trace id"),
        (["f" * 32, "--hosts"], 2, "not for one trace"),
    ],
)
def test_what_cannot_be_done_is_said(
    store: str, run_cli: RunCli, arguments: list[str], code: int, said: str
) -> None:
    done = run_cli("trace", "skew", *arguments, "--store", store)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_since_goes_by_when_it_was_received(store: str, run_cli: RunCli) -> None:
    after = "2026-09-21T14:13:21Z"
    done = run_cli("trace", "skew", "--since", after, "--store", store, "--format", "json")
    assert json.loads(done.stdout)["pairs"] == []
