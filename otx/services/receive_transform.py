"""OTTL on what a receiver takes, between its servers and its log.

Rules run on a thread of their own, one request after the other: the event loop and the servers'
workers only hand requests over, and of what rules make of a request in memory there is one at any
time. What waits for the thread is bounded; beyond that senders are told to come again. A signal
that no rule is about does not come this way.
"""

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from google.protobuf.message import DecodeError

from otx.errors import OtxError
from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.otlp.valid_text import make_valid
from otx.otlp.wire import WIRE, count_records
from otx.ottl.batch import Batch
from otx.ottl.describe import Numbers
from otx.ottl.errors import ExecutionError
from otx.ottl.one_exit import Unlike, keep_once
from otx.ottl.program import ExecutionStopped
from otx.ottl.report import Report
from otx.services.transform_report import TransformReport
from otx.services.transform_rules import Rules
from otx.services.transform_tally import TransformTally, failure_text

CAPACITY_BYTES = 64 << 20
"""Bodies that wait for the rules, the one that they run on included."""
_COLLECT_BYTES = 32 << 20
"""A span that was dropped and its events know one another, and with them hold the whole request; a
receiver looks for such circles seldom."""


class Transform:
    """Runs a file's rules on requests, and reads the file again when it is asked to."""

    def __init__(
        self,
        read: Callable[[], Rules],
        warn: Callable[[str], None],
        note: Callable[[str], None],
        cpu_ns: Callable[[], int] = time.thread_time_ns,
    ) -> None:
        """Read the rules and start.

        Args:
            read: Reads the file.
            warn: Warns the user.
            note: Says something to the user.
            cpu_ns: CPU time of the thread that it is called on, which runs nothing but the rules.

        Raises:
            UsageError: The rules cannot be used.
        """
        self._read = read
        self._warn = warn
        self._note = note
        self._cpu_ns = cpu_ns
        self._tally = TransformTally(warn)
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._uncollected_bytes = 0
        self._warned: set[str] = set()
        self._unlike: set[Unlike] = set()
        self._rules = read()
        self._begin(self._rules)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="transform")

    def close(self) -> None:
        """Finish what waits and end."""
        self._thread.shutdown()

    def report(self) -> TransformReport:
        """What the rules did so far."""
        return self._tally.report()

    def reload(self) -> None:
        """Read the file again; the rules that run stay where it cannot be used. Never raises."""
        file = self._rules.file
        try:
            rules = self._read()
        except OtxError as error:
            hint = f"\n  hint: {error.hint}" if error.hint else ""
            self._warn(f"the rules stay as they are: {error.message}{hint}")
        except Exception as error:
            # This runs on the thread that hears signals: it has to live on, or none would be heard.
            self._warn(f"the rules stay as they are: a fault of otx: {error!r}")
        else:
            self._rules = rules
            self._begin(rules)
            self._note(f"read {file} again: its rules hold from now on")

    def apply(self, request: Request) -> "Future[Request | None]":
        """Run the rules on a request; what is left of it, None where nothing is.

        The future fails with a `Refusal` where a statement failed under `propagate`.

        Raises:
            Refusal: Too much waits.
        """
        if not self._rules.plan.looks_at(request.signal):
            untouched: Future[Request | None] = Future()
            untouched.set_result(request)
            return untouched
        size = len(request.body)
        with self._lock:
            if self._waiting_bytes and self._waiting_bytes + size > CAPACITY_BYTES:
                raise Refusal(Reason.BUSY, "the rules are behind what arrives")
            self._waiting_bytes += size
        made = self._thread.submit(self._run, request)
        made.add_done_callback(lambda _: self._release(size))
        return made

    def _release(self, size: int) -> None:
        with self._lock:
            self._waiting_bytes -= size

    def _begin(self, rules: Rules) -> None:
        self._tally.hold(rules)
        for warning in rules.warnings:
            if warning not in self._warned:
                self._warn(warning)
        self._warned = set(rules.warnings)
        self._unlike = set()

    def _run(self, request: Request) -> Request | None:
        batch = Batch(request.signal, request.body)
        try:
            return self._transformed(self._rules, request, batch)
        finally:
            batch.release()
            self._uncollected_bytes += len(request.body)
            if self._uncollected_bytes >= _COLLECT_BYTES:
                self._uncollected_bytes = 0
                gc.collect()

    def _transformed(self, rules: Rules, request: Request, batch: Batch) -> Request | None:
        numbers = Numbers(batch, partial(Batch, request.signal, request.body))
        report = Report()
        failure = None
        try:
            rules.plan.run(batch, report)
        except ExecutionStopped as stopped:
            failure = stopped.failure
        except ExecutionError as error:
            raise _no_otlp(error) from None
        numbers.adopt(report.copies)
        self._tally.failed(report.outcome, numbers)
        if failure is not None:
            raise Refusal(Reason.STATEMENT_FAILED, failure_text(failure, numbers))
        self._keep_once(report, WIRE[request.signal].record_noun)
        left = any(scope.items for one in report.leaving for scope in one.scopes())
        kept = None if report.items > 0 and not left else _request_of(report, request)
        self._tally.transformed(rules, request, kept, report.drops, self._cpu_ns())
        return kept

    def _keep_once(self, report: Report, noun: str) -> None:
        """Keep each record once; pipelines that made different things of one are told once."""
        try:
            found = keep_once(report)
        except ExecutionError as error:
            raise _no_otlp(error) from None
        for one in sorted(found - self._unlike):
            self._warn(
                f"{one.kept} and {one.other} export the same {noun}, changed differently: "
                f"those of {one.kept} are kept"
            )
        self._unlike |= found


def _request_of(report: Report, request: Request) -> Request:
    """What is left of a request, as any reader of the log can read it.

    Raises:
        Refusal: Statements made something of it that is no OTLP.
    """
    wire = WIRE[request.signal]
    try:
        body = report.close()
    except ExecutionError as error:
        raise _no_otlp(error) from None
    try:
        message = wire.request_class.FromString(body)
    except DecodeError:
        # A text was cut in the middle of a character.
        descriptor: Any = wire.request_class.DESCRIPTOR
        for one in report.leaving:
            make_valid(one.message, descriptor)
        body = b"".join(one.message.SerializeToString() for one in report.leaving)
        try:
            message = wire.request_class.FromString(body)
        except DecodeError as error:
            raise _no_otlp(error) from None
    return Request(request.signal, body, count_records(request.signal, message), request.cautions)


def _no_otlp(error: Exception) -> Refusal:
    return Refusal(Reason.STATEMENT_FAILED, f"the statements made no OTLP of it: {error}")
