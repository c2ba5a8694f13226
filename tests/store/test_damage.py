"""What keeps a segment from being read is found, and nothing else is taken for it."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from otx.store.conversion import Conversion
from otx.store.damage import (
    GONE,
    Health,
    any_problem,
    damage_behind,
    edge_problem,
    footer_problem,
    page_problem,
)
from otx.store.tail import LogTails
from tests.store.segments import converted

CHECKS = (edge_problem, footer_problem, page_problem, any_problem)
SpanRequest = Callable[..., bytes]


@pytest.fixture
def conversion(store_dir: Path, span_request: SpanRequest) -> Conversion:
    """A store with two segments of spans."""
    converted(store_dir, span_request("a", 3))
    return converted(store_dir, span_request("b", 2, trace=2))


def test_a_whole_segment_has_no_problem(conversion: Conversion) -> None:
    for segment in conversion.manifest.segments:
        assert [check(conversion.layout.segments, segment) for check in CHECKS] == [""] * 4


@pytest.mark.parametrize("check", CHECKS)
def test_a_segment_that_is_cut_off_or_gone(
    check: Callable[..., str], conversion: Conversion
) -> None:
    segments, first = conversion.layout.segments, conversion.manifest.segments[0]
    for left in (first.bytes - 1, 3, 0):
        os.truncate(segments / first.name, left)
        assert check(segments, first) == f"has {left} bytes, the manifest says {first.bytes}"
    (segments / first.name).unlink()
    assert check(segments, first) == GONE


def test_readers_are_told_once_and_look_again_when_asked(conversion: Conversion) -> None:
    told: list[str] = []
    health = Health(conversion.layout, told.append)
    view = LogTails(conversion.layout).follow()
    first, second = view.manifest.segments
    assert health.readable(view) == view
    os.truncate(conversion.layout.segments / first.name, 100)
    assert health.readable(view) == view  # known to be whole
    health.forget()
    for _ in range(2):
        assert health.readable(view).manifest.segments == (second,)
    (warning,) = told
    assert first.name in warning
    assert "3 of spans" in warning


def test_what_a_converter_replaced_meanwhile_is_no_damage(conversion: Conversion) -> None:
    told: list[str] = []
    view = LogTails(conversion.layout).follow()
    first, second = conversion.manifest.segments
    conversion.publish(type(conversion.manifest)(conversion.manifest.version, (second,)))
    (conversion.layout.segments / first.name).unlink()
    assert Health(conversion.layout, told.append).readable(view) == view
    assert told == []


def test_an_error_of_the_sql_is_no_damage(conversion: Conversion) -> None:
    layout, manifest = conversion.layout, conversion.manifest
    assert damage_behind(layout, manifest, duckdb.BinderException("no such column")) is None
    assert damage_behind(layout, manifest, duckdb.IOException("something")) is None
    path = layout.segments / manifest.segments[1].name
    named = damage_behind(layout, manifest, duckdb.InvalidInputException(f'read "{path}": bad'))
    assert named is not None
    assert manifest.segments[1].name in named.message
