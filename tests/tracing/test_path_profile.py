"""Critical paths of many traces, added up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.assembly import NO_PARENT, assemble
from otx.tracing.path_profile import PathProfile, path_profile
from otx.tracing.timing import raw_timing
from tests.tracing.graphs import traces
from tests.tracing.kept import MS, call


def profile_of(*many: list[Span]) -> PathProfile:
    return path_profile((raw_timing(assemble(spans)), 0) for spans in many)


def like(trace: int, query_ms: float) -> list[Span]:
    return [
        call(trace, 1, 0, 0, 10 + query_ms, "GET /"),
        call(trace, 2, 1, 5, 5 + query_ms, "SELECT"),
    ]


def test_own_times_are_added_up_by_call_path() -> None:
    found = profile_of(*(like(number, 10) for number in range(1, 20)), like(99, 200))
    assert (found.traces, found.quantiles_ns[0]) == (20, 20 * MS)
    query, root = found.shares
    assert query.path == (("shop", "GET /"), ("shop", "SELECT"))
    assert (query.traces, query.mean_ns, query.slow_mean_ns) == (20, 19.5 * MS, 200 * MS)
    assert query.example == f"{99:032x}"
    assert (root.path, root.mean_ns) == ((("shop", "GET /"),), 10 * MS)


def test_nothing_comes_of_nothing() -> None:
    assert profile_of() == PathProfile(0, (0, 0, 0), ())


@given(st.lists(traces(), min_size=1, max_size=4))
def test_means_add_up_to_the_mean_duration(many: list[list[Span]]) -> None:
    timings = [raw_timing(assemble(spans)) for spans in many]
    calls = [(timing, timing.trace.parents.index(NO_PARENT)) for timing in timings]
    lengths = [timing.ends[root] - timing.starts[root] for timing, root in calls]
    whole = sum(share.mean_ns for share in path_profile(calls).shares)
    assert whole == pytest.approx(sum(lengths) / len(many))
