"""Work in several processes: in order, ended by the first failure, with errors of the user's."""

import itertools
import json
import os
import signal
from collections.abc import Iterator

import pytest

from otx.errors import MachineError, OtxError
from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.pieces import Piece
from otx.ottl.plan import Plan
from otx.services import ottl_parallel
from otx.services.ottl_open import WorkForm
from otx.services.ottl_parallel import work_all
from otx.services.ottl_work import Done, work
from tests.services.ottl_case import config, statements
from tests.services.small_requests import span_names, spans_request

PLAN = statements('set(span.name, Concat(["x", span.name], ""))')


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes come in from the second piece on, and get a piece at a time."""
    monkeypatch.setattr(ottl_parallel, "PORTION_BYTES", 1)
    monkeypatch.setattr(ottl_parallel, "ALONE_BYTES", 1)


def piece(name: str) -> Piece:
    return Piece("protobuf", spans_request(name).body, f"piece {name}", Signal.TRACES)


def document(spans: int) -> Piece:
    """A document of a resource for each span, all of one trace."""
    ids = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}
    resources = [{"scopeSpans": [{"spans": [{**ids, "name": str(n)}]}]} for n in range(spans)]
    return Piece("json", json.dumps({"resourceSpans": resources}).encode(), "a document")


def names(out: bytes) -> list[str]:
    return span_names(Request(Signal.TRACES, out, 0))


def test_what_comes_back_is_in_order() -> None:
    made = work_all(PLAN, (piece(str(n)) for n in range(50)), "protobuf", processes=3)
    assert [names(done.out) for done in made] == [[f"x{n}"] for n in range(50)]


@pytest.mark.parametrize("processes", [1, 2])
def test_any_number_of_processes_gives_the_same(processes: int) -> None:
    made = work_all(PLAN, (piece(str(n)) for n in range(7)), "json", processes=processes)
    alone = work_all(PLAN, (piece(str(n)) for n in range(7)), "json", processes=1)
    assert [done.out for done in made] == [done.out for done in alone]


def test_only_so_much_is_read_ahead() -> None:
    read = 0

    def endless() -> Iterator[Piece]:
        nonlocal read
        for number in itertools.count():
            read += 1
            yield piece(str(number))

    made = work_all(PLAN, endless(), "protobuf", processes=2)
    for _ in range(10):
        next(made)
    del made
    assert read <= 10 + 2 * 2 + 2


def test_what_was_counted_comes_back() -> None:
    plan = config(filter={"trace_conditions": ['span.name == "1"']})
    made = work_all(plan, (piece(str(n)) for n in range(4)), "protobuf", processes=2)
    dropped = [done.tally.dropped["filter.trace_conditions[0]"] for done in made]
    assert dropped == [0, 1, 0, 0]


def test_a_failure_under_propagate_comes_at_its_place() -> None:
    plan = statements("set(span.name, Substring(span.name, 0, 2))")
    texts = ["10", "11", "7", "12", "8"]
    made = work_all(plan, map(piece, texts), "protobuf", processes=2)
    stopped = [done.stopped for done in made]
    assert [one is not None for one in stopped] == [False, False, True, False, True]
    assert stopped[2] is not None
    assert stopped[2].record.endswith(", in piece 7")


def test_an_error_keeps_its_text_its_hint_and_its_code() -> None:
    bad = Piece("json", b'{"a": 1}', "line 3")
    made = work_all(PLAN, iter([piece("0"), piece("1"), bad]), "protobuf", processes=2)
    assert [names(next(made).out) for _ in range(2)] == [["x0"], ["x1"]]
    with pytest.raises(OtxError, match="line 3 is no OTLP") as caught:
        next(made)
    assert "it may be OTLP protobuf" in caught.value.hint
    assert caught.value.code == 2


@pytest.mark.parametrize("is_live", [True, False])
def test_a_document_is_worked_on_resource_by_resource(is_live: bool) -> None:
    made = work_all(PLAN, [document(9)], "protobuf", processes=2, is_live=is_live)
    assert [names(done.out) for done in made] == [[f"x{n}"] for n in range(9)]


def test_sampling_sees_all_resources_of_a_request() -> None:
    policy = {"name": "p", "type": "ottl_condition", "ottl_condition": {"span": ['name == "0"']}}
    plan = config(tail_sampling={"policies": [policy]})
    (done,) = work_all(plan, [document(9)], "protobuf", processes=2)
    assert names(done.out) == [str(n) for n in range(9)]


def test_a_file_that_is_small_is_worked_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ottl_parallel, "ALONE_BYTES", 1 << 20)
    monkeypatch.setattr(ottl_parallel, "_work_in_processes", None)
    made = work_all(PLAN, map(piece, "abc"), "protobuf", processes=2, is_live=False)
    assert [names(done.out) for done in made] == [["xa"], ["xb"], ["xc"]]


def test_a_process_that_is_killed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def work_or_die(plan: Plan, one: Piece, form: WorkForm) -> Done:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(plan, one, form)

    monkeypatch.setattr(ottl_parallel, "work", work_or_die)
    with pytest.raises(MachineError, match="was killed"):
        list(work_all(PLAN, map(piece, "abc"), "protobuf", processes=2))


def test_no_pieces_are_no_work() -> None:
    assert list(work_all(PLAN, iter(()), "protobuf", processes=2)) == []
