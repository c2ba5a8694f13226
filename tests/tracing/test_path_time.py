"""The time on a path is named for what it was, and the shares add up to it."""

from dataclasses import replace

import pytest
from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import critical_path
from otx.tracing.path_time import Part, path_parts, shares
from otx.tracing.timing import Shift, Timing, raw_timing
from otx.tracing.waits import waits_of
from tests.tracing.calls import MS, span
from tests.tracing.graphs import traces


def parts(spans: list[Span], shifts: dict[str, Shift] | None = None) -> list[Part]:
    timing = raw_timing(assemble(spans))
    timing = Timing(timing.trace, timing.starts, timing.ends, shifts or {})
    waits = waits_of(timing)
    return path_parts(critical_path(waits), waits)


CALL = [
    span("client", "", 0, 100, "CLIENT"),
    span("server", "client", 30, 90, "SERVER", "stock", host="two"),
]
SHIFTS = {"one": Shift(0, 0, "one"), "two": Shift(0, 2 * MS, "one")}


def test_around_a_server_is_the_network_where_clocks_compare() -> None:
    found = parts(CALL, SHIFTS)
    kinds = [(part.kind, part.duration_ns // MS) for part in found]
    assert kinds == [("network", 30), ("self", 60), ("network", 10)]
    assert [(part.margin_ns or 0) >= 2 * MS for part in found] == [True, False, True]


def test_of_one_server_and_nothing_else_it_is_known_in_sum_on_any_clocks() -> None:
    found = [(part.kind, part.margin_ns) for part in parts(CALL)]
    assert found == [("network", None), ("self", 0), ("network", None)]


def test_on_clocks_that_do_not_compare_it_is_not_known_otherwise() -> None:
    beside = span("dns", "client", 0, 10)
    kinds = [part.kind for part in parts([*CALL, beside])]
    assert kinds == ["self", "unknown", "self", "unknown"]
    overdue = replace(CALL[1], end_unix_nano=120 * MS)
    assert [part.kind for part in parts([CALL[0], overdue])] == ["unknown", "self"]


def test_a_call_whose_other_side_left_no_span_waits() -> None:
    assert [part.kind for part in parts(CALL[:1])] == ["waiting"]
    below = span("dns", "client", 0, 10)
    assert [part.kind for part in parts([CALL[0], below])] == ["self", "self"]


def test_between_two_servers_of_one_client_it_is_not_known() -> None:
    again = replace(CALL[1], span_id="again", start_unix_nano=95 * MS, end_unix_nano=97 * MS)
    kinds = [part.kind for part in parts([*CALL, again], SHIFTS)]
    assert kinds == ["network", "self", "unknown", "self", "network"]


@given(traces())
def test_shares_add_up_to_the_path(spans: list[Span]) -> None:
    waits = waits_of(raw_timing(assemble(spans)))
    path = critical_path(waits)
    found = shares(path_parts(path, waits), waits)
    assert sum(one.own_ns for one in found) == path.duration_ns
    assert sum(one.part for one in found) == pytest.approx(1 if found else 0)
