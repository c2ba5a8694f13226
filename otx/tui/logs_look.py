"""What the feed reads for the Logs screen: records, neighbours, patterns and rates.

Patterns and rates are made anew at most once a second, or when something else is asked for: a
burst must not be slowed by being summed up.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from otx.logs.patterns import Pattern, mine_patterns
from otx.logs.rates import SECONDS, SeverityRates, severity_rates
from otx.model.telemetry import LogRecord
from otx.model.units import NS_PER_S
from otx.store.search import Search, Term, parse_search
from otx.tui.snapshot import LogsInterest, LogsView, window_start

if TYPE_CHECKING:
    from otx.store.reader import Store

LOG_ROWS = 1_000
NEIGHBOURS = 10
_SUMMARY_EVERY_S = 1.0


class LogsLook:
    """Looks at log records; remembers the last summary and when the next is due.

    Args:
        clock: Unix time in nanoseconds, now.
        seconds: Seconds that only go forward.
    """

    def __init__(
        self, clock: Callable[[], int], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._summed_up: LogsInterest | None = None
        self._summary: tuple[Sequence[Pattern], SeverityRates] = ((), SeverityRates())
        self._due_s = -math.inf
        self._is_stale = False

    @property
    def is_due(self) -> bool:
        """Whether records came after the last summary, and it is time for another."""
        return self._is_stale and self._seconds() >= self._due_s

    def look(self, interest: LogsInterest, store: "Store", held: int) -> LogsView:
        """The view that was asked for."""
        records = _records(interest, store, window_start(interest.window_s, self._clock()))
        if interest != self._summed_up or self._seconds() >= self._due_s:
            self._summary = (mine_patterns(records), self._rates(interest, store, records))
            self._summed_up = interest
            self._due_s = self._seconds() + _SUMMARY_EVERY_S
            self._is_stale = False
        else:
            self._is_stale = True
        patterns, rates = self._summary
        return LogsView(interest, tuple(records), held, tuple(patterns), rates)

    def _rates(
        self, interest: LogsInterest, store: "Store", records: Sequence[LogRecord]
    ) -> SeverityRates:
        """Rates of all that the search finds, whichever severities are shown."""
        newest = records[-1].time_unix_nano if records else 0
        end = min(newest, self._clock())  # a clock that runs ahead must not push the others out
        since = (end // NS_PER_S - SECONDS + 1) * NS_PER_S
        search = parse_search(interest.search)
        counts = store.log_rates(search, since, trace_id=interest.trace_id or None)
        return severity_rates(counts.by_second, end, counts.with_trace, counts.services)


def _records(
    interest: LogsInterest, store: "Store", since_unix_nano: int | None
) -> list[LogRecord]:
    around = interest.around
    if around is not None:
        return store.logs_around(around.service, around.time_unix_nano, NEIGHBOURS)
    text = interest.search
    if interest.least_severity:
        text = f"severity:>={interest.least_severity} {text}"
    search = parse_search(text)
    if interest.template is not None:
        search = _narrowed(search, interest.template.longest_word)
    records = store.logs(
        search, limit=LOG_ROWS, trace_id=interest.trace_id or None, since_unix_nano=since_unix_nano
    )
    if interest.template is None:
        return records
    return [record for record in records if interest.template.fits(record)]


def _narrowed(search: Search, word: str) -> Search:
    """The search with a word that must be in the body, so that the limit is of few others."""
    if not word:
        return search
    return replace(search, terms=(*search.terms, Term("body", "=", word, quoted=True)))
