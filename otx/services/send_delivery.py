"""One request after the other until each has its last answer, by the retry rules of OTLP."""

import math
import threading
import time
from collections.abc import Callable

from otx.errors import ExitCode, PeerError
from otx.model.signal import Signal
from otx.model.units import NS_PER_S
from otx.otlp.exporter.client import NO_ADDRESS, Client, Outcome, Reply
from otx.otlp.exporter.retry import Backoff
from otx.services.send_report import SendReport
from otx.system.stop import StopSignal

_MESSAGE_KINDS = 5
_HTTP_TO_GRPC = ("http1.x server", "Expected SETTINGS frame")
"""What gRPC says of an answer in HTTP/1."""
_NO_NAME = (NO_ADDRESS, "errors resolving", "DNS resolution failed")
"""What HTTP clients here, and gRPC's versions, say of a name without an address."""
_TIMED_OUT = "timed out"
"""What a socket says that was waited for too long."""
_LEAST_S = 0.05
"""A try gets as long as this, or there would be no sense in it."""


class Delivery:
    """Delivers one request at a time and keeps the report."""

    def __init__(
        self,
        client: Client,
        report: SendReport,
        stop: StopSignal,
        note: Callable[[str], None],
        timeout_s: float,
        retry_s: float,
        ends_ns: int | None = None,
    ) -> None:
        """Deliver over one client.

        Args:
            client: The connection.
            report: What is counted in.
            stop: Ends waits.
            note: Told what the destination says, once a text.
            timeout_s: For one try.
            retry_s: How long one request is sent again.
            ends_ns: When nothing is sent again any more, by the monotonic clock.
        """
        self._client = client
        self._report = report
        self._stop = stop
        self._note = note
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._ends_ns = ends_ns
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        """Whether the destination has stopped answering."""
        return self._is_gone

    def deliver(self, signal: Signal, body: bytes, records: int) -> None:
        """Send a request until it has a last answer.

        When one has been retried for as long as may be and the destination was not there, the
        run ends: the next request would wait as long, and the one after that.

        Raises:
            PeerError: The destination cannot be reached by the first request.
        """
        report = self._report
        content = self._client.prepare(signal, body)
        report.sent += records
        report.sent_bytes += len(content)
        backoff = Backoff(self._retry_s)
        while True:
            started_ns = time.monotonic_ns()
            reply = self._client.post(signal, content, self._timeout_s)
            report.latencies.add(time.monotonic_ns() - started_ns)
            if reply.outcome is Outcome.UNREACHABLE and not report.requests:
                report.failed += records
                raise unreachable(report.endpoint, reply)
            if reply.message:
                self._remember(reply.message)
            if reply.outcome is Outcome.ACCEPTED:
                rejected = reply.rejected_of(records)
                report.accepted += records - rejected
                report.rejected += rejected
                if rejected != reply.rejected:
                    self._remember(f"{reply.rejected} rejected of {records} sent, which cannot be")
                break
            if not self._may_retry(reply, backoff):
                report.failed += records
                self._is_gone = reply.outcome is Outcome.UNREACHABLE and not self._stop.is_set
                break
            report.retried += 1
        report.requests += 1

    def _may_retry(self, reply: Reply, backoff: Backoff) -> bool:
        """Wait for another try; False when there is none."""
        if reply.outcome is Outcome.REFUSED:
            return False
        wait_s = backoff.wait_s(reply.retry_after_s)
        # Longer waits than a thread can have are asked for by nobody who means to answer.
        longest_s = min(self._left_s(), threading.TIMEOUT_MAX)
        if wait_s is None or self._stop.wait(min(wait_s, longest_s)):
            return False
        return self._left_s() > 0

    def _left_s(self) -> float:
        """How much of the run's duration is left."""
        if self._ends_ns is None:
            return math.inf
        return max(0.0, (self._ends_ns - time.monotonic_ns()) / NS_PER_S)

    def _remember(self, message: str) -> None:
        messages = self._report.messages
        if message not in messages:
            if len(messages) >= _MESSAGE_KINDS:
                message = "other messages"
            else:
                self._note(f"{self._report.endpoint.split(' ')[0]} says: {message}")
        messages[message] += 1


def send_one(client: Client, signal: Signal, body: bytes, timeout_s: float) -> Reply:
    """The last answer to one request; tries and waits last no longer than the timeout together."""
    content = client.prepare(signal, body)
    backoff = Backoff(timeout_s)
    ends_ns = time.monotonic_ns() + int(timeout_s * NS_PER_S)
    while True:
        left_s = (ends_ns - time.monotonic_ns()) / NS_PER_S
        reply = client.post(signal, content, max(left_s, _LEAST_S))
        wait_s = backoff.wait_s(reply.retry_after_s)
        # Who is not there now is not waited for: somebody waits for the command to return.
        if reply.outcome is not Outcome.RETRY or wait_s is None or wait_s > left_s:
            return reply
        time.sleep(wait_s)


def unreachable(endpoint: str, reply: Reply) -> PeerError:
    """The error for a destination that did not answer.

    Args:
        endpoint: Where and how, as `Endpoint` says it.
        reply: What came instead.
    """
    hint = "the same with --probe says what listens there, and why it does not answer"
    target = endpoint.split(" ")[0]
    if any(words in reply.message for words in _NO_NAME):  # a DNS server may have "refused" it
        hint = "is the name right? --endpoint picks another, `getent hosts NAME` looks it up here"
    elif "refused" in reply.message:
        hint = "is a receiver running? `otx receive` starts one; --endpoint picks another"
    elif any(words in reply.message for words in _HTTP_TO_GRPC):
        hint = f"that port speaks HTTP: --endpoint http://{target}"
    elif "a gRPC port" in reply.message:  # those of HttpClient
        hint = "that port speaks gRPC: --protocol grpc, or the port for HTTP, usually 4318"
    if reply.message == _TIMED_OUT:
        hint = "--timeout gives it longer, --probe finds out what listens there"
        return PeerError(f"no answer from {endpoint} in time", hint, ExitCode.TIMEOUT)
    return PeerError(f"cannot reach {endpoint}: {reply.message}", hint=hint)
