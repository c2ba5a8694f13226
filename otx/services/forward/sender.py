"""Sends what waits for one destination, one request after the other, until each has its answer.

By the rules of OTLP a request is sent again, with backoff and jitter or when the destination says,
until it is answered for good. One that is refused for good is counted, told and passed over: the
store has it, and those behind it must not wait for ever.
"""

import math
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from otx.model.signal import Signal
from otx.model.units import NS_PER_S, format_duration
from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.exporter.retry import Backoff
from otx.services.forward.drain import Drain
from otx.services.forward.figures import Figures
from otx.services.forward.line import Keep, Waiting, WaitingLine
from otx.services.forward.record_count import count_records_in
from otx.store.log_format import LoggedRequest

LOOK_S = 0.1
GATHER_S = 0.02
"""For more to come: a look at the log costs 60 µs, as much as sending some 150 spans."""
SAVE_AFTER_REQUESTS = 256
"""What may be sent twice after a crash; `save` is called from outside as well."""
LOOK_AFTER_S = 1.0
_LONGEST_WAIT_S = 3600.0
"""Longer waits are asked for by nobody who means to answer."""
_TELL_AGAIN_S = 60.0
_TOLD_KINDS = 20
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_COUNT_BYTES = 256 << 20
"""How much of what waits is counted at the end."""


class Peer(Protocol):
    """What takes requests (`otx.services.forward.connection.Connection`)."""

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        """Send a request once."""

    def close(self) -> None:
        """End what is open."""


class Sender:
    """The work for one destination, done on a thread of its own."""

    def __init__(
        self,
        peer: Peer,
        line: WaitingLine,
        figures: Figures,
        keep: Keep,
        drain: Drain,
        warn: Callable[[str], None],
        timeout_s: float = 10.0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Prepare to send.

        Args:
            peer: Where to.
            line: What waits.
            figures: What is counted in.
            keep: How much may wait.
            drain: Ends it.
            warn: Told what the destination says, once a text.
            timeout_s: For one try.
            clock: Unix time in nanoseconds.
        """
        self._peer = peer
        self._line = line
        self._figures = figures
        self._keep = keep
        self._drain = drain
        self._warn = warn
        self._timeout_s = timeout_s
        self._clock = clock
        self._unsaved = 0
        self._oldest_unix_nano = 0
        self._looked_s = time.monotonic()
        self._told: set[str] = set()
        self._told_away_s = -math.inf

    def run(self) -> None:
        """Send until an end is asked for and nothing waits, or there is no time left.

        Raises:
            OSError: The log cannot be read.
        """
        try:
            is_last = False
            while self._send_all() or not is_last:
                self._look_after()
                # Asked before the look at what waits: what came just before the end is sent.
                is_last = self._drain.is_begun
        finally:
            self.save()
            self._peer.close()
            self.look()
            self._count_waiting()

    def save(self) -> None:
        """Make durable how far it is; where that fails it is told. From any thread, now and then.

        It is not left to the thread that sends, which may hang in a try.
        """
        self._unsaved = 0
        try:
            self._line.save()
        except OSError as error:
            self._tell(
                f"cannot write how far {self._figures.url} is ({error.strerror}): "
                "more may be sent twice"
            )

    def look(self) -> None:
        """See how much waits, and since when. From any thread, now and then."""
        self._figures.waiting_bytes = self._line.size()
        age_ns = max(0, self._clock() - self._oldest_unix_nano)
        self._figures.waiting_s = age_ns / NS_PER_S if self._figures.waiting_bytes else 0.0

    def _send_all(self) -> bool:
        """Send what waits now; whether all of it has its answer and there was something."""
        has_sent = False
        for waiting in self._line.waiting():
            if self._line.is_behind_us(waiting):
                continue  # it was given up meanwhile
            if not self._pass_on(waiting):
                return False
            has_sent = True
            self._unsaved += 1
            if self._unsaved >= SAVE_AFTER_REQUESTS:
                self.save()
            self._look_after()
        self._drain.wait(GATHER_S if has_sent else LOOK_S)
        return has_sent

    def _pass_on(self, waiting: Waiting) -> bool:
        """Send a part of the log until it has its answer; False where it has none."""
        if waiting.request is None:
            self._figures.unreadable_bytes += waiting.size
            self._warn(f"{self._figures.url}: what is damaged in the log is left out")
        elif not self._deliver(waiting, waiting.request):
            return False
        self._line.passed(waiting)
        return True

    def _deliver(self, waiting: Waiting, request: LoggedRequest) -> bool:
        backoff = Backoff(math.inf)
        while True:
            self._oldest_unix_nano = request.received_unix_nano
            timeout_s = min(self._timeout_s, self._drain.left_s)
            if timeout_s == 0:
                return False
            reply = self._peer.send(request.signal, request.body, timeout_s)
            if reply.outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
                self._answered(request, reply)
                return True
            if not self._wait(waiting, reply, backoff):
                return False
            self._figures.retried += 1

    def _answered(self, request: LoggedRequest, reply: Reply) -> None:
        """Count a request that is not sent again."""
        figures, records = self._figures, count_records_in(request.signal, request.body)
        if reply.outcome is Outcome.ACCEPTED:
            rejected = reply.rejected_of(records)
            figures.accepted[request.signal] += records - rejected
            figures.rejected[request.signal] += rejected
            if reply.message:
                self._tell(f"{figures.url} says: {reply.message}")
        else:
            figures.refused[request.signal] += records
            self._tell(f"{figures.url} refused a request, which is passed over: {reply.message}")
        figures.state = ""

    def _wait(self, waiting: Waiting, reply: Reply, backoff: Backoff) -> bool:
        """Wait for another try; False where there is none, or none of this request."""
        asked_s = backoff.wait_s(reply.retry_after_s)
        wait_s = min(_LONGEST_WAIT_S, max(0.0, asked_s or 0.0))
        reason = _ERROR_NUMBER.sub("", reply.message) or "no answer"
        if time.monotonic() - self._told_away_s >= _TELL_AGAIN_S:
            self._told_away_s = time.monotonic()
            self._warn(
                f"{self._figures.url} takes nothing now, it is tried again while the log keeps "
                f"what comes: {reason}"
            )
        ends_s = time.monotonic() + wait_s
        while (left_s := ends_s - time.monotonic()) > 0:
            self._figures.state = f"waits {format_duration(math.ceil(left_s) * NS_PER_S)}: {reason}"
            if self._drain.wait(min(left_s, LOOK_AFTER_S)):
                self._figures.state = reason
                return False
            self._look_after()
            if self._line.is_behind_us(waiting):
                return False
        return not self._drain.is_begun

    def _look_after(self) -> None:
        """About every second: give up what is beyond the bound."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_AFTER_S:
            self._looked_s = now_s
            self._give_up()

    def _give_up(self) -> None:
        lost = False
        for waiting in self._line.beyond(self._keep, self._clock()):
            request = waiting.request
            if request is None:
                self._figures.unreadable_bytes += waiting.size
            else:
                records = count_records_in(request.signal, request.body)
                self._figures.lost[request.signal] += records
            self._line.passed(waiting)
            lost = True
        if lost:
            self._tell(f"{self._figures.url} is too far behind: the oldest that waits is given up")

    def _count_waiting(self) -> None:
        """Count what still waits, where it is not too much."""
        if self._figures.waiting_bytes > _COUNT_BYTES:
            return
        with suppress(FileNotFoundError):
            for waiting in self._line.waiting():
                if waiting.request is not None:
                    signal, body = waiting.request.signal, waiting.request.body
                    self._figures.waiting[signal] += count_records_in(signal, body)

    def _tell(self, text: str) -> None:
        """Warn once a text, of so many texts."""
        if text not in self._told and len(self._told) < _TOLD_KINDS:
            self._told.add(text)
            self._warn(text)
