"""A store is put right without losing what can be read, wherever a crash cuts that short."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.manifest import copy_path, read_manifest
from otx.store.reader import Store
from otx.store.repair import rebuild_manifest, set_damaged_aside
from otx.store.upkeep import merge_rest
from otx.store.wal import LogWriter
from tests.store.conftest import profile_request
from tests.store.segments import converted

SpanRequest = Callable[..., bytes]


class Ended(BaseException):
    """What a test ends the work with, where a process would be killed."""


@pytest.fixture
def layout(store_dir: Path, span_request: SpanRequest) -> Layout:
    """A store with two segments of spans that were merged, one beside, and one of profiles."""
    converted(store_dir, span_request("a", 3))
    merge_rest(converted(store_dir, span_request("b", 2, trace=2)), now_unix_nano=1)
    converted(store_dir, profile_request("f"), signal=Signal.PROFILES)
    return converted(store_dir, span_request("c", 4, trace=3)).layout


def spoil_manifests(layout: Layout) -> None:
    for path in (layout.manifest, copy_path(layout.manifest)):
        path.write_bytes(b"{")


def names(layout: Layout) -> list[str]:
    rows = Store(layout.root).query("SELECT name FROM spans ORDER BY name").rows()
    return [name for (name,) in rows]


def test_a_manifest_made_anew_says_what_the_lost_one_said(layout: Layout) -> None:
    before, shown = read_manifest(layout.manifest), names(layout)
    assert rebuild_manifest(layout) is None
    spoil_manifests(layout)
    done = rebuild_manifest(layout)
    assert done is not None
    assert (done.segments, done.left_out) == (len(before.segments), 2)  # what was merged
    after = read_manifest(layout.manifest)
    assert set(after.segments) == set(before.segments)
    assert after.version >= before.version - 1
    assert names(layout) == shown


def test_requests_of_a_log_come_twice_rather_than_never(
    store_dir: Path, span_request: SpanRequest
) -> None:
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a"), 1).result(60)
        conversion = Conversion(Layout(store_dir))
        conversion.convert()
        log.append(Signal.TRACES, span_request("b"), 2).result(60)
        spoil_manifests(conversion.layout)
        done = rebuild_manifest(conversion.layout)
        assert done is not None
        assert "converted already is there twice" in str(done)
        assert names(conversion.layout) == ["a-0", "a-0", "b-0"]


def test_a_crash_at_any_step_of_a_rebuild_loses_nothing(layout: Layout) -> None:
    shown = names(layout)
    spoil_manifests(layout)
    for allowed in range(100):
        left = allowed

        def step(name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Ended(name)

        try:
            rebuild_manifest(layout, step)
        except Ended:
            continue
        break
    Conversion(layout)
    assert names(layout) == shown


def test_a_crash_at_any_step_of_setting_aside_keeps_the_file(layout: Layout) -> None:
    damaged = read_manifest(layout.manifest).of_kind("spans")[-1]
    os.truncate(layout.segments / damaged.name, 500)
    left = 0

    def step(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Ended(name)

    for allowed in range(100):
        left = allowed
        try:
            set_damaged_aside(Conversion(layout, step))
        except Ended:
            continue
        break
    assert (layout.aside / damaged.name).stat().st_size == 500
    after = read_manifest(layout.manifest)
    assert (after.aside_segments, after.aside_rows) == (1, damaged.rows)
    assert names(layout) == ["a-0", "a-1", "a-2", "b-0", "b-1"]
