"""Several processes come to what one comes to, in the same order."""

import itertools
import json
import os
import signal
from collections.abc import Iterator, Sequence

import pytest

from otx.errors import ExitCode, MachineError, OtxError
from otx.otlp.pieces import Piece
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, plan_of_config, plan_of_statements
from otx.services import ottl_parallel
from otx.services.ottl_parallel import work_all
from otx.services.ottl_work import Done, work

SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ottl_parallel, "ALONE_BYTES", 2_000)
    monkeypatch.setattr(ottl_parallel, "PORTION_BYTES", 1_000)


def resource(number: int) -> dict[str, object]:
    span = {**SPAN, "name": f"n{number}", "traceState": "x" * 100}
    return {"scopeSpans": [{"spans": [span]}]}


def document(numbers: Sequence[int], place: str) -> Piece:
    text = json.dumps({"resourceSpans": [resource(number) for number in numbers]})
    return Piece("json", text.encode(), place)


def lines(count: int) -> Iterator[Piece]:
    for number in range(count):
        yield document([number], f"f:{number + 1}")


def plan(*statements: str) -> Plan:
    return plan_of_statements(statements, FunctionSet())


def names(done: Sequence[Done]) -> list[str]:
    return [
        span["name"]
        for one in done
        for resources in json.loads(one.out)["resourceSpans"]
        for span in resources["scopeSpans"][0]["spans"]
    ]


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_the_pieces(processes: int) -> None:
    run = plan('set(span.name, Concat([span.name, "!"], ""))')
    done = list(work_all(run, lines(100), "json", processes))
    assert names(done) == [f"n{number}!" for number in range(100)]
    assert sum(one.tally.items for one in done) == 100


@pytest.mark.parametrize("processes", [1, 3])
def test_a_large_document_is_worked_on_in_parts(processes: int) -> None:
    run = plan('set(span.name, "x") where span.name == "n7"')
    done = list(work_all(run, [document(range(100), "f")], "json", processes))
    assert len(done) > 5
    assert names(done) == [f"n{number}" if number != 7 else "x" for number in range(100)]


def test_sampling_sees_all_resources_of_a_request() -> None:
    policy = {"name": "p", "type": "ottl_condition", "ottl_condition": {"span": ['name == "n0"']}}
    run = plan_of_config({"tail_sampling": {"policies": [policy]}})
    (done,) = work_all(run, [document(range(100), "f")], "json", 2)
    assert len(names([done])) == 100


@pytest.mark.parametrize("processes", [1, 2])
def test_nothing_follows_the_failure_that_ended_a_portion(processes: int) -> None:
    run = plan('set(span.name, Concat([span.name, "!"], "")) where Int(span.name) == 1')
    done = work_all(run, lines(100), "json", processes)
    assert list(itertools.takewhile(lambda one: one.stopped is None, done)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_a_child_keeps_place_and_hint(processes: int) -> None:
    broken = itertools.chain(lines(90), [Piece("json", b'{"nothing": 1}', "f:91")])
    with pytest.raises(OtxError, match="f:91 is no OTLP") as caught:
        list(work_all(plan('set(span.name, "x")'), broken, "json", processes))
    assert "OTLP protobuf, JSON" in caught.value.hint
    assert caught.value.code == ExitCode.USAGE


def test_a_child_that_is_killed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = os.getpid()

    def work_or_die(*arguments: object) -> Done:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ottl_parallel, "work", work_or_die)
    with pytest.raises(MachineError, match="was killed"):
        list(work_all(plan('set(span.name, "x")'), lines(100), "json", 2))
