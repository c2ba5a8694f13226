"""What the Logs screen is given of a real store: records, neighbours, patterns, rates."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from otx.logs.patterns import Template
from otx.model.signal import Signal
from otx.model.telemetry import LogRecord
from otx.model.units import NS_PER_S
from otx.otlp.records import logs_request
from otx.store.reader import Store
from otx.store.wal import LogWriter
from otx.tui.logs_look import NEIGHBOURS, LogsLook
from otx.tui.snapshot import Around, LogsInterest
from tests.tui.conftest import NOW


def record(second: int, service: str, body: str, severity: int = 9) -> LogRecord:
    resource = {"service.name": service}
    return LogRecord(NOW + second * NS_PER_S, severity, "", service, body, resource=resource)


RECORDS = [
    *(record(second, "cart", f"cart read, items={second}") for second in range(30)),
    *(record(second, "payment", f"retry {second} of 3", 13) for second in range(0, 30, 10)),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with LogWriter(tmp_path) as log:
        log.append(Signal.LOGS, logs_request(RECORDS).SerializeToString(), 1).result(60)
        store = Store(tmp_path)
        yield store
        store.close()


@pytest.fixture
def look() -> LogsLook:
    return LogsLook(lambda: NOW + 3_600 * NS_PER_S)


def test_patterns_and_rates_are_of_what_is_found(store: Store, look: LogsLook) -> None:
    view = look.look(LogsInterest(), store, 33)
    assert [(str(one.template), one.count) for one in view.patterns] == [
        ("cart read, items=<*>", 30),
        ("retry <*> of <*>", 3),
    ]
    assert (sum(view.rates.counts["I"]), sum(view.rates.counts["W"])) == (30, 3)
    assert (view.rates.services, view.rates.counts["I"][-1]) == (2, 1)
    only = look.look(LogsInterest("service:payment", least_severity=13), store, 33)
    assert (only.rates.total, only.rates.services, len(only.patterns)) == (3, 1, 1)


def test_a_pattern_narrows(store: Store, look: LogsLook) -> None:
    template = Template("W", ("retry", "<*>", "of", "<*>"))
    view = look.look(LogsInterest(template=template), store, 33)
    assert {one.service for one in view.records} == {"payment"}
    other = replace(template, severity_letter="E")
    assert look.look(LogsInterest(template=other), store, 33).records == ()


def test_a_window_of_time_leaves_older_records_out(store: Store) -> None:
    look = LogsLook(lambda: NOW + 65 * NS_PER_S)
    view = look.look(LogsInterest("service:cart", window_s=60), store, 33)
    assert len(view.records) == 25


def test_neighbours_are_of_the_service_whatever_is_searched_for(
    store: Store, look: LogsLook
) -> None:
    around = Around(NOW + 12 * NS_PER_S, "cart")
    view = look.look(LogsInterest("nothing like it", around=around), store, 33)
    seconds = [(one.time_unix_nano - NOW) // NS_PER_S for one in view.records]
    assert seconds == list(range(12 - NEIGHBOURS, 12 + NEIGHBOURS + 1))
    assert {one.service for one in view.records} == {"cart"}


def test_a_summary_waits_its_turn_and_is_then_made_up_for(store: Store) -> None:
    now_s = [0.0]
    look = LogsLook(lambda: NOW + 3_600 * NS_PER_S, lambda: now_s[0])
    first = look.look(LogsInterest(), store, 33)
    now_s[0] = 0.9
    assert look.look(LogsInterest(), store, 33).rates is first.rates
    due = [look.is_due]
    now_s[0] = 1.0
    due.append(look.is_due)
    assert look.look(LogsInterest(), store, 33).rates is not first.rates
    assert [*due, look.is_due] == [False, True, False]


def test_an_empty_store_has_neither(tmp_path: Path, look: LogsLook) -> None:
    view = look.look(LogsInterest(), Store(tmp_path / "none"), 0)
    assert (view.records, view.patterns, view.rates.total) == ((), (), 0)
