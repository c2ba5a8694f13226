"""The road of one request: counted, transformed, appended to the log, printed, acknowledged."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.services.receive_beside import Beside
from otx.services.receive_tally import Tally
from otx.store.errors import LogFailed, LogFull
from otx.store.wal import LogWriter

Apply: TypeAlias = Callable[[Request], "Future[Request | None]"]
"""What is made of a request before it is kept; None where nothing of it is left.

The future fails with a `Refusal` where the request is refused; the call raises one where there is
no room for it.
"""


class Keeper:
    """The intake of a receiver's servers. A request is acknowledged once it lies in the log.

    Without a log (`--store none`) it is acknowledged at once, and so is one of which nothing is
    left to keep.
    """

    def __init__(
        self,
        log: LogWriter | None,
        beside: Sequence[Beside],
        tally: Tally,
        clock: Callable[[], int],
        limit: int | None,
        on_limit: Callable[[], None],
        transform: Apply | None = None,
    ) -> None:
        """Prepare to keep requests.

        Args:
            log: Where they are kept.
            beside: Where they are shown or copied.
            tally: Where they are counted.
            clock: Unix time in nanoseconds.
            limit: Records after which no more is taken, counted as they come; the request that
                reaches it is whole.
            on_limit: Called when that many are acknowledged.
            transform: Runs before a request is kept.
        """
        self._log = log
        self._beside = beside
        self._tally = tally
        self._clock = clock
        self._limit = limit
        self._on_limit = on_limit
        self._transform = transform
        self._lock = threading.Lock()
        self._taken = 0
        self._is_ending = False

    def end(self) -> None:
        """Turn every further request away."""
        self._is_ending = True

    def accept(self, request: Request) -> "Future[None]":
        """Take a request (`otx.otlp.receiver.intake.Intake`)."""
        self._take(request)
        acknowledged: Future[None] = Future()
        try:
            if self._transform is None:
                self._keep(request, request, acknowledged)
            else:
                made = self._transform(request)
                made.add_done_callback(lambda done: self._made(request, done, acknowledged))
        except Refusal:
            self._give_back(request)
            raise
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
            self._reserve(len(request.body))
            self._taken += request.records

    def _reserve(self, size: int) -> None:
        """Keep room everywhere, or nowhere."""
        for number, one in enumerate(self._beside):
            if not one.reserve(size):
                for other in self._beside[:number]:
                    other.release(size)
                raise Refusal(Reason.BUSY, one.is_behind)

    def _give_back(self, request: Request) -> None:
        with self._lock:
            self._taken -= request.records
        self._release(len(request.body))

    def _release(self, size: int) -> None:
        for one in self._beside:
            one.release(size)

    def _made(
        self, request: Request, made: "Future[Request | None]", acknowledged: "Future[None]"
    ) -> None:
        """Keep what was made of a request."""
        try:
            self._keep(request, made.result(), acknowledged)
        except Exception as error:
            self._give_back(request)
            acknowledged.set_exception(error)

    def _keep(self, request: Request, kept: Request | None, acknowledged: "Future[None]") -> None:
        """Append what is kept of a request; `acknowledged` resolves when it is durable."""
        durable: Future[None] = Future()
        if kept is None or self._log is None:
            durable.set_result(None)
        else:
            try:
                durable = self._log.append(kept.signal, kept.body, self._clock())
            except LogFull as full:
                raise Refusal(Reason.BUSY, full.message) from None
        durable.add_done_callback(lambda done: self._settle(request, kept, done, acknowledged))

    def _settle(
        self,
        request: Request,
        kept: Request | None,
        durable: "Future[None]",
        acknowledged: "Future[None]",
    ) -> None:
        error = durable.exception()
        if error is None:
            self._hand_on(request, kept)
            total = self._tally.acknowledged(request)
            acknowledged.set_result(None)
            if self._limit is not None and total >= self._limit:
                self._on_limit()
            return
        self._give_back(request)
        if isinstance(error, LogFailed):
            error = Refusal(Reason.BUSY, error.message)
        acknowledged.set_exception(error)

    def _hand_on(self, request: Request, kept: Request | None) -> None:
        """Show and copy what was kept of a request, and give back the room that it had."""
        if kept is None:
            self._release(len(request.body))
            return
        for one in self._beside:
            one.put(kept, len(request.body))
