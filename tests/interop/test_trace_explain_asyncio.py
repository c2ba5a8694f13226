"""Real traces of asyncio services with OpenTelemetry for Python, whose tasks take turns.

Their spans name no thread, or all of them the same one, though few of them ran one after the other.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli, StartReceiver
from tests.interop.true_times import Service, TrueTime, ask, wrong_orders

PROGRAM = Path(__file__).with_name("asyncio_shop.py")
ROUTES = (*("loop", "interleaved", "parallel", "waits", "fails", "retry", "cancelled", "forgets"),)


@pytest.mark.parametrize(
    "names_threads",
    [
        pytest.param(False, id="no threads", marks=pytest.mark.long),
        pytest.param(True, id="threads"),
    ],
)
@pytest.mark.long
def test_what_matters_is_said_and_nothing_that_is_wrong(
    start_receiver: StartReceiver,
    run_cli: RunCli,
    cli_variables: dict[str, str],
    tmp_path: Path,
    names_threads: bool,
) -> None:
    receiver = start_receiver()
    variables = {**cli_variables, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{receiver.http}"}
    if names_threads:
        variables["THREADS"] = "1"
    services: list[Service] = []
    try:
        for name in ("stock", "web"):
            command = [sys.executable, str(PROGRAM), name, *(one.url for one in services)]
            services.append(Service(command, tmp_path / f"{name}.json", variables))
        traces = {route: ask(f"{services[-1].url}/{route}") for route in ROUTES}
        truth: dict[str, TrueTime] = {}
        for service in reversed(services):
            truth |= service.stop()
    finally:
        for service in services:
            service.kill()
    receiver.stop()

    def explained(route: str) -> dict[str, Any]:
        asked = ("--store", str(tmp_path / "store"), "--format", "json")
        found: dict[str, Any] = json.loads(
            run_cli("trace", "explain", traces[route], *asked).stdout
        )
        return found

    def said(route: str, rule: str) -> list[dict[str, Any]]:
        return [one["facts"] for one in explained(route)["statements"] if one["rule"] == rule]

    wrong, _ = wrong_orders(tmp_path / "store", traces, truth)
    assert wrong == []
    [loop] = said("loop", "n-plus-one")
    assert (loop["count"], loop["parent"]) == (7, "web GET /loop")
    assert not said("parallel", "n-plus-one")
    assert [one["count"] for one in said("interleaved", "n-plus-one")] == [3, 3]
    for route in ("waits", "parallel"):
        slowest = max(explained(route)["critical_path"], key=lambda step: step["own_ns"])
        assert (slowest["service"], slowest["name"]) == ("stock", "search shelves")
    [cause] = explained("fails")["causes"]
    assert (cause["service"], cause["name"]) == ("stock", "count shelf")
    assert cause["statement"]["facts"]["what"] == "KeyError"
    first = explained("cancelled")["causes"][0]
    assert (first["service"], first["name"]) == ("stock", "count shelf")
    [retries] = said("retry", "retries")
    assert (retries["count"], retries["outcome"]) == (3, "the last went well")
    for route in ("loop", "interleaved", "parallel", "forgets"):
        assert explained(route)["hops"] == []
