"""How exactly times are recorded, told by language, packages or the times themselves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Attributes, Span
from otx.tracing.domains import domain_of
from otx.tracing.grain import Grains, grains

MS = 1_000_000
BEGIN = 1_790_000_000_000_000_000


def span(start: int, end: int, resource: Attributes | None = None, scope: str = "") -> Span:
    """A span by offsets in nanoseconds."""
    return Span(
        "1" * 32,
        f"{start:016x}",
        "",
        "work",
        "INTERNAL",
        "shop",
        BEGIN + start,
        BEGIN + end,
        resource=resource or {},
        scope=scope,
    )


def grains_of(*spans: Span) -> Grains:
    return grains(spans, [domain_of(one) for one in spans])


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ({"telemetry.sdk.language": "nodejs"}, ""),
        ({"telemetry.sdk.language": "webjs"}, ""),
        ({"process.runtime.name": "nodejs"}, ""),
        ({}, "@opentelemetry/instrumentation-http"),
    ],
)
def test_javascript_begins_at_milliseconds(resource: Attributes, scope: str) -> None:
    found = grains_of(span(3, 1_234_567, resource, scope))
    assert found.by_span == [MS]
    assert len(found.javascript) == len(found.uneven) == 1


@pytest.mark.parametrize(
    ("end", "grain"), [(1_234_567, 1), (1_234_000, 1_000), (2 * MS, MS), (0, MS)]
)
def test_else_the_length_tells(end: int, grain: int) -> None:
    assert grains_of(span(0, end)) == Grains([grain], frozenset(), frozenset())


def test_starts_whole_milliseconds_apart_tell_where_nothing_else_does() -> None:
    three = [span(at * MS + 77, at * MS + 400_077) for at in (0, 1, 5)]
    assert grains_of(*three).by_span == [MS] * 3
    assert not grains_of(*three[:2]).javascript
    assert not grains_of(*three, span(8 * MS, 9 * MS)).javascript
    assert not grains_of(*(replace(one, attributes={"thread.id": 1}) for one in three)).javascript
    known = {"telemetry.sdk.language": "java"}
    assert not grains_of(*(replace(one, resource=known) for one in three)).javascript


def test_one_thread_makes_times_uneven_but_no_javascript() -> None:
    found = grains_of(span(0, 5, {"telemetry.sdk.language": "php"}))
    assert (len(found.uneven), len(found.javascript)) == (1, 0)


@given(st.lists(st.tuples(st.integers(0, 5 * MS), st.integers(0, 5 * MS))), st.integers(0, 10**9))
def test_shifting_all_times_changes_nothing(times: list[tuple[int, int]], by_ns: int) -> None:
    spans = [span(start, start + length) for start, length in times]
    moved = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + by_ns,
            end_unix_nano=one.end_unix_nano + by_ns,
        )
        for one in spans
    ]
    assert grains_of(*moved) == grains_of(*spans)
