"""Kept logs are read as logs are, outlive their conversion, and go once all have passed them."""

import os
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.kept_logs import drop_passed, ends, kept_directories, kept_logs, stretches_left
from otx.store.layout import Layout
from otx.store.log_position import LogPosition
from otx.store.log_reader import iterate_requests
from otx.store.wal import LogWriter
from tests.store.conftest import SpanRequest


def bodies(links: Path) -> list[bytes]:
    return [
        request.body
        for stretch in stretches_left(links, {})
        for portion in iterate_requests(stretch, 1 << 20)
        for request in portion.requests
    ]


def files(links: Path) -> list[str]:
    return [file.name for log in kept_directories(links) for file in sorted(log.glob("*.otxlog"))]


def test_they_outlive_conversion_file_by_file(store_dir: Path, span_request: SpanRequest) -> None:
    layout = Layout(store_dir)
    sent = [span_request("a", trace=number) for number in range(40)]
    with LogWriter(store_dir, file_bytes=2000, is_kept=True) as log:
        for body in sent:
            log.append(Signal.TRACES, body, 1).result(60)
        assert bodies(kept_logs(layout)) == sent
        Conversion(layout).convert()
        assert bodies(kept_logs(layout)) == sent
    Conversion(layout).convert()
    assert not list(layout.logs.iterdir())
    assert len(files(kept_logs(layout))) > 2
    assert bodies(kept_logs(layout)) == sent


def test_a_file_goes_once_the_slowest_has_passed_it(
    store_dir: Path, span_request: SpanRequest
) -> None:
    links = kept_logs(Layout(store_dir))
    with LogWriter(store_dir, file_bytes=500, is_kept=True) as log:
        name = log.directory.name
        for number in range(4):
            log.append(Signal.TRACES, span_request("a", 5, trace=number), 1).result(60)
        there = files(links)
        quick, slow = {name: LogPosition(9, 0)}, {name: LogPosition(2, 40)}
        drop_passed(links, [quick, slow])
        assert files(links) == there[1:]
        drop_passed(links, [quick])
        assert files(links) == there[-1:], "the one that is written to stays"
    drop_passed(links, [{}])
    assert files(links) == there[-1:]
    drop_passed(links, [ends(links)])
    assert kept_directories(links) == []


def test_a_writer_that_is_not_kept_leaves_nothing(
    store_dir: Path, span_request: SpanRequest
) -> None:
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a"), 1).result(60)
    assert kept_directories(kept_logs(Layout(store_dir))) == []


def test_a_file_system_without_hard_links_is_named(
    store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(MachineError, match="no hard links"):
        LogWriter(store_dir, is_kept=True)
