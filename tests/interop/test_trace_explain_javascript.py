"""Real traces of OpenTelemetry for JavaScript: nothing said is wrong, and what matters is said.

Its spans begin at whole milliseconds, name no thread, and a server's ends when its answer has been
flushed, often after the client's. The services know the true times of their spans.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli, StartReceiver
from tests.interop.true_times import Service, TrueTime, ask, wrong_orders

MS = 1_000_000
SHIM = Path(__file__).with_name("shifted_clock.c")
SHIFT_NS = -80 * MS
ROUTES = (
    *("loop", "parallel", "interleaved", "waits", "gap", "fails", "fails-far", "retry"),
    *("gives-up", "streams", "after-far", "waits-far"),
)
TIMEOUT_S = 30
GAVE_UP = ("error-gave-up", "error-unordered", "error-lost")
"""A server ends its span when the connection is gone, which it may hear of before its client."""


@dataclass(frozen=True)
class Told:
    """What was sent of the shop's requests, by route, and the truth."""

    store: Path
    traces: Mapping[str, str]
    truth: Mapping[str, TrueTime]
    run_cli: RunCli

    def explained(self, route: str) -> dict[str, Any]:
        """The document of a request's explanation."""
        asked = ("--store", str(self.store), "--format", "json")
        done = self.run_cli("trace", "explain", self.traces[route], *asked)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def said(self, route: str) -> dict[str, dict[str, Any]]:
        """Of each rule that is used of a request its first statement, the heaviest."""
        found: dict[str, dict[str, Any]] = {}
        for one in self.explained(route)["statements"]:
            found.setdefault(one["rule"], one)
        return found


@pytest.fixture(
    params=["whole", *(pytest.param(name, marks=pytest.mark.long) for name in ("bare", "shifted"))]
)
def told(
    request: pytest.FixtureRequest,
    javascript: Path,
    start_receiver: StartReceiver,
    run_cli: RunCli,
    cli_variables: dict[str, str],
    tmp_path: Path,
) -> Iterator[Told]:
    """The shop's requests, with all that resources say, with a name alone, or one clock shifted."""
    receiver = start_receiver()
    variables = {**cli_variables, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{receiver.http}"}
    if request.param == "bare":
        variables["BARE"] = "1"
    if request.param == "shifted":
        variables |= shifted(tmp_path)
    services: list[Service] = []
    try:
        for name in ("stock", "checkout", "web"):
            command = ["node", str(javascript / "shop.cjs"), name]
            command += [services[-1].url] if services else []
            services.append(Service(command, tmp_path / f"{name}.json", variables))
        traces = {route: ask(f"{services[-1].url}/{route}") for route in ROUTES}
        truth: dict[str, TrueTime] = {}
        for service in reversed(services):
            truth |= service.stop()
    finally:
        for service in services:
            service.kill()
    receiver.stop()
    yield Told(tmp_path / "store", traces, truth, run_cli)


def shifted(folder: Path) -> dict[str, str]:
    """The variables that give the checkout a wrong clock."""
    library = folder / "shifted_clock.so"
    build = ["gcc", "-O1", "-shared", "-fPIC", str(SHIM), "-o", str(library)]
    subprocess.run(build, check=True, timeout=TIMEOUT_S)
    return {
        "LD_PRELOAD": str(library),
        "CLOCK_SHIFT_OF": "checkout",
        "CLOCK_SHIFT_NS": str(SHIFT_NS),
    }


def operation(span: Mapping[str, str]) -> str:
    return f"{span['service']} {span['name']}"


@pytest.mark.long
def test_what_matters_is_said_and_nothing_that_is_wrong(told: Told) -> None:
    wrong, said = wrong_orders(told.store, told.traces, told.truth)
    assert wrong == []
    assert said["caused"] > said["unknown"] * 0.8
    assert said["concurrent"]
    check_time(told)
    check_failures(told)
    check_clocks(told)


def check_time(told: Told) -> None:
    loop = told.said("loop")["n-plus-one"]
    assert (loop["facts"]["count"], loop["facts"]["parent"]) == (7, "web GET")
    assert "n-plus-one" not in told.said("parallel")
    for route, slow in (("waits", "checkout"), ("waits-far", "stock"), ("parallel", "checkout")):
        steps = told.explained(route)["critical_path"]
        slowest = max(steps, key=lambda step: step["own_ns"])
        assert operation(slowest) == f"{slow} search shelves"
        times = told.truth[slowest["span_id"]]
        assert abs(slowest["own_ns"] - (times.end_ns - times.start_ns)) < 10 * MS
    gap = told.said("gap")["idle-gap"]["facts"]
    assert (gap["operation"], gap["next"]) == ("web GET", "web GET")
    assert 140 * MS < gap["gap_ns"] < 300 * MS


def check_failures(told: Told) -> None:
    for route, service in (("fails", "checkout"), ("fails-far", "stock")):
        [cause] = told.explained(route)["causes"]
        assert operation(cause) == f"{service} count shelf"
        assert operation(cause["failed_at_last"]) == "web GET"
        assert cause["statement"]["facts"]["what"] == "RangeError"
    retries = told.said("retry")["retries"]["facts"]
    assert (retries["count"], retries["outcome"]) == (3, "the last went well")
    assert not told.explained("retry")["failed"]
    [cause] = told.explained("gives-up")["causes"]
    assert operation(cause) == "web GET"
    assert cause["statement"]["rule"] in GAVE_UP
    for route in ("loop", "parallel", "streams", "after-far"):
        assert told.explained(route)["hops"] == []


def check_clocks(told: Told) -> None:
    """Clocks that are right are not moved; one that is not is moved to where it is, if at all."""
    for route in ROUTES:
        for clock in told.explained(route)["clocks"]:
            off_ns = -SHIFT_NS if clock["clock"].startswith("shifted-") else 0
            if clock["reference"].startswith("shifted-"):
                off_ns += SHIFT_NS
            assert abs(clock["shift_ns"] - off_ns) <= clock["margin_ns"], route
    missing = told.run_cli("trace", "missing", "--store", str(told.store), "--format", "json")
    assert json.loads(missing.stdout) == {"traces": []}
