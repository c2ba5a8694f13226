"""A trace beside others of its kind."""

from dataclasses import replace
from pathlib import Path

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.peers import FEWEST, HOUR_NS, peers
from tests.tracing.kept import MS, call, kept


def like(trace: int, query_ms: float) -> list[Span]:
    return [
        call(trace, 2 * trace, 0, trace, trace + 20 + query_ms, "GET /"),
        call(trace, 2 * trace + 1, 2 * trace, trace, trace + query_ms, "SELECT"),
    ]


def test_a_slow_span_is_found_by_what_is_usual(tmp_path: Path) -> None:
    others = [span for number in range(1, 41) for span in like(number, 10 + number % 5)]
    slow = like(99, 80)
    trace = assemble(slow)
    found = peers(kept([*others, *slow], tmp_path), trace)
    assert found is not None
    assert (found.count, found.share_faster, found.p50_ns) == (40, 1.0, 32 * MS)
    # What is above it took no longer than that explains.
    (query,) = found.deviations
    assert trace.spans[query.spans[0]].name == "SELECT"
    assert (query.excess_ns, query.own_ns, query.usual_ns) == (68 * MS, 68 * MS, 12 * MS)


def test_what_is_slow_by_itself_is_told_above_what_is_slower_below(tmp_path: Path) -> None:
    others = [span for number in range(1, 41) for span in like(number, 10 + number % 5)]
    slow = [call(99, 198, 0, 99, 99 + 20 + 300, "GET /"), call(99, 199, 198, 99, 179, "SELECT")]
    trace = assemble(slow)
    found = peers(kept([*others, *slow], tmp_path), trace)
    assert found is not None
    names = [trace.spans[one.spans[0]].name for one in found.deviations]
    assert names == ["GET /", "SELECT"]
    assert [one.own_ns for one in found.deviations] == [220 * MS, 68 * MS]
    assert [one.excess_ns for one in found.deviations] == [288 * MS, 68 * MS]


def test_what_is_usual_is_not_told(tmp_path: Path) -> None:
    others = [span for number in range(1, 41) for span in like(number, 10 + number % 5)]
    found = peers(kept(others, tmp_path), assemble(like(3, 12)))
    assert found is not None
    assert found.count == 39
    assert found.deviations == []


def test_few_others_tell_nothing(tmp_path: Path) -> None:
    others = [span for number in range(1, FEWEST) for span in like(number, 10)]
    found = peers(kept(others, tmp_path), assemble(like(99, 500)))
    assert found is not None
    assert (found.count, found.deviations) == (FEWEST - 1, ())


def test_only_those_of_the_same_hours_count_and_only_the_same_operation(tmp_path: Path) -> None:
    others = [span for number in range(1, 41) for span in like(number, 10)]
    store = kept(others, tmp_path)
    hours = 2 * HOUR_NS / MS
    late = [call(99, 99, 0, hours, hours + 5, "GET /")]
    assert peers(store, assemble(late)) == peers(store, assemble([call(1, 1, 0, 0, 1, "POST /")]))
    orphan = [call(99, 99, 98, 0, 5, "GET /")]
    assert peers(store, assemble(orphan)) is None


def test_a_root_at_the_end_of_time_has_no_others(tmp_path: Path) -> None:
    late = replace(like(99, 10)[0], start_unix_nano=2**63 - 1, end_unix_nano=2**64 - 1)
    found = peers(kept(like(1, 10), tmp_path), assemble([late]))
    assert found is not None
    assert found.count == 0
