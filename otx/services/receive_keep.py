"""The road of one request: counted, appended to the log, printed, acknowledged."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.services.receive_print import Printer
from otx.services.receive_tally import Tally
from otx.store.errors import LogFailed, LogFull
from otx.store.wal import LogWriter


class Keeper:
    """The intake of a receiver's servers. A request is acknowledged once it lies in the log.

    Without a log (`--store none`) it is acknowledged at once.
    """

    def __init__(
        self,
        log: LogWriter | None,
        printer: Printer | None,
        tally: Tally,
        clock: Callable[[], int],
        limit: int | None,
        on_limit: Callable[[], None],
    ) -> None:
        """Prepare to keep requests.

        Args:
            log: Where they are kept.
            printer: Where they are shown.
            tally: Where they are counted.
            clock: Unix time in nanoseconds.
            limit: Records after which no more is taken; the request that reaches it is whole.
            on_limit: Called when that many are acknowledged.
        """
        self._log = log
        self._printer = printer
        self._tally = tally
        self._clock = clock
        self._limit = limit
        self._on_limit = on_limit
        self._lock = threading.Lock()
        self._taken = 0
        self._is_ending = False

    def end(self) -> None:
        """Turn every further request away."""
        self._is_ending = True

    def accept(self, request: Request) -> "Future[None]":
        """Take a request (`otx.otlp.receiver.intake.Intake`)."""
        self._take(request)
        try:
            kept = self._keep(request)
        except Refusal:
            self._give_back(request)
            raise
        acknowledged: Future[None] = Future()
        kept.add_done_callback(lambda done: self._settle(request, done, acknowledged))
        return acknowledged

    def refused(self, refusal: Refusal) -> None:
        """Count a request that was turned away."""
        self._tally.refused(refusal)

    def noticed(self, warning: str) -> None:
        """Count an oddity."""
        self._tally.noticed(warning)

    def _take(self, request: Request) -> None:
        with self._lock:
            is_full = self._limit is not None and self._taken >= self._limit
            if self._is_ending or is_full:
                raise Refusal(Reason.BUSY, "the receiver is ending")
            if self._printer is not None and not self._printer.reserve(len(request.body)):
                raise Refusal(Reason.BUSY, "what is printed is not read fast enough")
            self._taken += request.records

    def _give_back(self, request: Request) -> None:
        with self._lock:
            self._taken -= request.records
        if self._printer is not None:
            self._printer.release(len(request.body))

    def _keep(self, request: Request) -> "Future[None]":
        if self._log is None:
            kept: Future[None] = Future()
            kept.set_result(None)
            return kept
        try:
            return self._log.append(request.signal, request.body, self._clock())
        except LogFull as full:
            raise Refusal(Reason.BUSY, full.message) from None

    def _settle(self, request: Request, kept: "Future[None]", acknowledged: "Future[None]") -> None:
        error = kept.exception()
        if error is None:
            if self._printer is not None:
                self._printer.put(request)
            total = self._tally.acknowledged(request)
            acknowledged.set_result(None)
            if self._limit is not None and total >= self._limit:
                self._on_limit()
            return
        self._give_back(request)
        if isinstance(error, LogFailed):
            error = Refusal(Reason.BUSY, error.message)
        acknowledged.set_exception(error)
