"""The bridge from the screens to store, receiver and profiler.

What the current screen shows is read only when it has changed, and handed over as an immutable
snapshot.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from otx.errors import OtxError
from otx.store.errors import SearchError
from otx.store.layout import ReceiverLock
from otx.store.search import parse_search
from otx.tui.flame_look import FlameLook, Sampled, missing_view, sampled_processes
from otx.tui.logs_look import LogsLook
from otx.tui.looking import INTERVAL_S, LookingFeed
from otx.tui.open_trace import open_trace, with_code
from otx.tui.rate import Rate
from otx.tui.snapshot import (
    FlameInterest,
    Interest,
    LogsInterest,
    OpenTrace,
    RecordKind,
    SearchFault,
    Snapshot,
    Status,
    TracesInterest,
    TracesView,
    View,
    window_start,
)
from otx.tui.trace_count import TraceCount

if TYPE_CHECKING:
    from otx.services.profiler import ProfileSnapshot
    from otx.store.reader import Store, StoreVersion, Totals

TRACE_ROWS = 500
TRACE_LOG_ROWS = 500
MAX_TRACE_SPANS = 20_000
"""Spans of one trace that are shown; a larger one is for `otx query`."""
_STATUS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Sources:
    """What a feed looks at.

    Attributes:
        store_dir: The store.
        profile: The profiler; None where there is none.
        profile_missing: Why there is none, and what to do about it.
    """

    store_dir: Path
    profile: Sampled | None = None
    profile_missing: OtxError | None = None


class StoreFeed(LookingFeed):
    """A feed on a real store and a real profiler.

    Args:
        sources: What to look at.
        clock: Unix time in nanoseconds, now.
        interval_s: Least time between two looks.
    """

    screens: ClassVar[tuple[str, ...]] = ("traces", "logs", "flame")

    def __init__(
        self,
        sources: Sources,
        clock: Callable[[], int] = time.time_ns,
        interval_s: float = INTERVAL_S,
    ) -> None:
        super().__init__(_Looker(sources, clock), TracesInterest(), interval_s)

    def check_search(self, text: str, kind: RecordKind) -> SearchFault | None:
        """What is wrong with a search expression; None where nothing is."""
        try:
            parse_search(text).condition(kind)
        except SearchError as error:
            return SearchFault(error.reason, error.position)
        return None


class _Looker:
    """Looks once; remembers what it saw, so that nothing unchanged is read again."""

    def __init__(self, sources: Sources, clock: Callable[[], int]) -> None:
        self._sources = sources
        self._opened: Store | None = None
        self._clock = clock
        self._rate = Rate()
        self._flame = FlameLook(clock)
        self._logs = LogsLook(clock)
        self._seen: tuple[Interest, object, View] | None = None
        self._totals: tuple[StoreVersion, Totals] | None = None
        self._traces_held = TraceCount()
        self._status = Status()
        self._status_due_s = 0.0
        self._last_trace: OpenTrace | None = None

    def look(self, interest: Interest) -> Snapshot:
        """What there is to see now."""
        try:
            self._refresh_status()
            return Snapshot(self._status, self._view(interest))
        except OtxError as error:
            return self._faulty(error.message + (f" ({error.hint})" if error.hint else ""))
        except Exception as error:
            # A thread that ends without a word would leave a picture that looks alive.
            return self._faulty(f"a fault of otx: {type(error).__name__}: {error}")

    @property
    def _store(self) -> "Store":
        if self._opened is None:
            # 400 ms of DuckDB and Arrow; the screens are up by then
            from otx.store.reader import Store

            self._opened = Store(self._sources.store_dir)
        return self._opened

    def _faulty(self, fault: str) -> Snapshot:
        """What was seen last, and why it is not what there is now."""
        seen = self._seen[2] if self._seen else None
        return Snapshot(replace(self._status, fault=fault), seen)

    def _view(self, interest: Interest) -> View:
        profile = self._sources.profile
        snapshot = profile.snapshot() if profile and isinstance(interest, FlameInterest) else None
        version: object = self._store.version()
        if isinstance(interest, FlameInterest):
            version = FlameLook.version_of(snapshot) if snapshot else None
        is_due = self._is_due(interest)
        if self._seen is not None and self._seen[:2] == (interest, version) and not is_due:
            return self._seen[2]
        view = self._look_at(interest, snapshot)
        self._seen = (interest, version, view)
        return view

    def _is_due(self, interest: Interest) -> bool:
        """Whether a look may find something else in a store that has not changed."""
        if isinstance(interest, LogsInterest):
            return self._logs.is_due
        return isinstance(interest, TracesInterest) and self._traces_held.is_due(self._store)

    def _look_at(self, interest: Interest, snapshot: "ProfileSnapshot | None") -> View:
        if isinstance(interest, TracesInterest):
            return self._traces(interest)
        if isinstance(interest, LogsInterest):
            return self._logs.look(interest, self._store, self._held().logs)
        if snapshot is None:
            return missing_view(interest, self._sources.profile_missing)
        return self._flame.look(interest, snapshot)

    def _traces(self, interest: TracesInterest) -> TracesView:
        rows = self._store.traces(
            parse_search(interest.search),
            limit=TRACE_ROWS,
            since_unix_nano=window_start(interest.window_s, self._clock()),
        )
        trace_id = interest.trace_id or (rows[0].trace_id if rows else "")
        trace = self._open_trace(trace_id, interest.search) if trace_id else None
        return TracesView(interest, tuple(rows), self._traces_held.of(self._store), trace)

    def _open_trace(self, trace_id: str, search: str) -> OpenTrace | None:
        spans = self._store.trace(trace_id)
        if not spans:
            return None
        logs = tuple(self._store.logs(trace_id=trace_id, limit=TRACE_LOG_ROWS))
        shown = tuple(spans[:MAX_TRACE_SPANS])
        matching: frozenset[str] = frozenset()
        if search:
            matching = self._store.matching_spans(parse_search(search), trace_id)
        last = self._last_trace
        if last is None or (last.spans, last.logs) != (shown, logs):
            more = len(spans) - len(shown)
            self._last_trace = open_trace(trace_id, shown, logs, more, matching)
        elif last.matching != matching:
            self._last_trace = replace(last, matching=matching)
        assert self._last_trace is not None  # noqa: S101 - it was made above, or before
        self._last_trace = with_code(self._last_trace, self._store)
        return self._last_trace

    def _held(self) -> "Totals":
        version = self._store.version()
        if self._totals is None or self._totals[0] != version:
            self._totals = (version, self._store.totals())
        return self._totals[1]

    def _refresh_status(self) -> None:
        """Once a second: who receives, how much is held, how fast it grows, what waits."""
        if time.monotonic() < self._status_due_s:
            return
        self._status_due_s = time.monotonic() + _STATUS_EVERY_S
        held = self._held()
        holder = ReceiverLock.holder(self._sources.store_dir)
        now = self._clock()
        profile = self._sources.profile.snapshot() if self._sources.profile else None
        self._status = Status(
            grpc=holder.grpc if holder else "",
            http=holder.http if holder else "",
            spans=held.spans,
            logs=held.logs,
            per_s=self._rate.after(now, held.spans + held.logs),
            hidden_bytes=self._store.lag().hidden_bytes,
            unreadable_requests=held.aside_requests,
            damaged_rows=self._store.damaged_rows(),
            sampled_since_unix_nano=profile.began_unix_nano if profile else 0,
            processes=sampled_processes(profile) if profile else (),
            warnings=profile.warnings if profile else (),
        )
