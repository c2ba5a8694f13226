"""N+1 is the same call in a row, three times at least."""

from dataclasses import replace
from itertools import pairwise

from otx.model.telemetry import Span
from otx.tracing.patterns.n_plus_one import find_n_plus_one
from tests.tracing.calls import MS, span
from tests.tracing.patterns.scenes import scene, told

ROOT = span("root", "", 0, 100, "SERVER")


def selects(count: int, step: float = 10, length: float = 10) -> list[Span]:
    return [
        replace(
            span(f"q{n}", "root", n * step, n * step + length, "CLIENT", operation="SELECT"),
            attributes={"db.system": "pg", "db.query.text": f"SELECT * FROM t WHERE id = {n}"},
        )
        for n in range(count)
    ]


def test_a_row_of_the_same_statement_is_told_with_its_time() -> None:
    assert told(find_n_plus_one, ROOT, *selects(4)) == [
        "shop root made 4 calls of shop SELECT that overlap by at most 1.00 ms, if at all; they "
        "took 40.0 ms."
    ]
    exact = selects(4, step=10.5, length=10.4999)
    assert told(find_n_plus_one, ROOT, *exact) == [
        "shop root made 4 calls of shop SELECT one after the other; they took 42.0 ms."
    ]
    (found,) = find_n_plus_one(scene([ROOT, *selects(4)]))
    assert found.weight_ns == 40 * MS
    assert found.facts["overlap_ns"] == MS - 1
    assert found.facts["shape"] == "SELECT * FROM t WHERE id = ?"


def test_fewer_or_overlapping_or_different_ones_are_not() -> None:
    assert told(find_n_plus_one, ROOT, *selects(2)) == []
    assert told(find_n_plus_one, ROOT, *selects(5, step=5)) == []
    others = [replace(one, attributes={"db.system": f"db{n}"}) for n, one in enumerate(selects(4))]
    assert told(find_n_plus_one, ROOT, *others) == []


def test_failures_but_the_last_are_retries() -> None:
    failing = [replace(one, status="ERROR") for one in selects(4)]
    assert told(find_n_plus_one, ROOT, *failing[:3], selects(4)[3]) == []


def test_work_that_calls_nobody_is_a_loop() -> None:
    steps = [span(f"i{n}", "root", n * 10, n * 10 + 10, operation="item") for n in range(4)]
    assert told(find_n_plus_one, ROOT, *steps) == []


def test_beside_the_path_it_weighs_nothing() -> None:
    long = span("long", "root", 0, 100)
    (found,) = find_n_plus_one(scene([ROOT, long, *selects(4)]))
    assert found.weight_ns == 0


def in_whole_ms(spans: list[Span]) -> list[Span]:
    """As OpenTelemetry for JavaScript records them: starts rounded down, lengths exact."""
    return [
        replace(
            one,
            start_unix_nano=one.start_unix_nano // MS * MS,
            end_unix_nano=one.start_unix_nano // MS * MS + one.duration_ns,
            resource={**one.resource, "telemetry.sdk.language": "nodejs"},
        )
        for one in spans
    ]


def test_times_in_whole_milliseconds_may_overlap_by_as_much() -> None:
    row = in_whole_ms(selects(8, step=1.7, length=1.6))
    assert any(one.end_unix_nano > next_.start_unix_nano for one, next_ in pairwise(row))
    (found,) = find_n_plus_one(scene([ROOT, *row]))
    assert found.facts["overlap_ns"] == max(
        one.end_unix_nano + MS - 1 - after.start_unix_nano for one, after in pairwise(row)
    )


def test_calls_in_whole_milliseconds_are_in_order_where_a_whole_one_lies_between() -> None:
    row = in_whole_ms(selects(4, step=4, length=2.3))
    (found,) = find_n_plus_one(scene([ROOT, *row]))
    assert found.facts["overlap_ns"] == 0


def test_what_began_at_once_is_no_row_however_coarse_its_times() -> None:
    for step, length in ((0.01, 0.3), (0.01, 0.05), (0.6, 1.2)):
        beside = in_whole_ms(selects(8, step=step, length=length))
        assert told(find_n_plus_one, ROOT, *beside) == []
