"""Real traces of processes whose clock is wrong: what is told of it is true, and so is the order.

The demo's shop sends them; one of its processes reads a shifted clock.
"""

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from otx.services.shop.runner import Shop
from otx.store.reader import Store
from tests.conftest import RunCli, StartReceiver, wait_until

SHIM = Path(__file__).with_name("shifted_clock.c")
BUILD_TIMEOUT_S = 60
MS = 1_000_000
TRACES = 5


@pytest.fixture
def shifted_payment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> int:
    """Gives the payment service that is started next a clock that is this much off, in ns."""
    library = tmp_path / "shifted_clock.so"
    build = ["gcc", "-O1", "-shared", "-fPIC", str(SHIM), "-o", str(library)]
    subprocess.run(build, check=True, timeout=BUILD_TIMEOUT_S)
    shift_ns: int = request.param
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK_SHIFT_OF", "payment")
    monkeypatch.setenv("CLOCK_SHIFT_NS", str(shift_ns))
    return shift_ns


def paid(store: Store) -> list[str]:
    """The traces in which a payment was made and answered."""
    rows = store.rows(
        "SELECT server.trace_id FROM all_spans AS server JOIN all_spans AS client "
        "ON client.trace_id = server.trace_id AND client.span_id = server.parent_span_id "
        "WHERE server.service = 'payment' AND server.kind = 'SERVER' "
        "AND client.status <> 'ERROR' GROUP BY ALL ORDER BY ALL",
        (),
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    "shifted_payment",
    [
        -80 * MS,
        *(pytest.param(shift * MS, marks=pytest.mark.long) for shift in (-5_000, 120_000)),
    ],
    indirect=True,
)
@pytest.mark.long
def test_the_shift_of_a_clock_is_found_in_the_traces_of_the_demo(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, shifted_payment: int
) -> None:
    receiver = start_receiver()
    with closing(Store(tmp_path / "store")) as store:
        with Shop(f"http://{receiver.http}", tmp_path / "shop.log"):
            wait_until(lambda: len(paid(store)) >= TRACES, "payments arrive")
        traces = paid(store)
    receiver.stop()
    for trace_id in traces[:TRACES]:
        asked = ("--store", str(tmp_path / "store"), "--format", "json")
        found = json.loads(run_cli("trace", "explain", trace_id, *asked).stdout)
        clocks = [one for one in found["clocks"] if one["clock"].startswith("shifted-")]
        if not clocks:
            continue  # nothing bounds it there, and nothing is claimed
        (clock,) = clocks
        assert abs(clock["shift_ns"] + shifted_payment) <= clock["margin_ns"]
    skew = json.loads(
        run_cli("trace", "skew", "--store", str(tmp_path / "store"), "--format", "json").stdout
    )
    (pair,) = [one for one in skew["pairs"] if one["server"].startswith("shifted-")]
    assert abs(pair["theta_ns"] + shifted_payment) <= pair["margin_ns"]
