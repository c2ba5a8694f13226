"""`kill -9` of a receiver that forwards: the far end gets all that was acknowledged, few twice."""

import os
import random
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.services.forward.sender import SAVE_AFTER_REQUESTS
from otx.services.receive_process import ReceiverProcess
from tests.conftest import StartReceiver, wait_until
from tests.e2e.far_end import FarEnd, far_end
from tests.e2e.test_receive_kill import SPANS, TIMEOUT_S, Stream, over_grpc, over_http


def forwarder_of(receiver: ReceiverProcess) -> int | None:
    """The process that forwards for a receiver."""
    for children in Path(f"/proc/{receiver.pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"otx.services.forward" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


class Seen:
    """How often each span is at the far end; looks at what is new there alone."""

    def __init__(self, far: FarEnd) -> None:
        self.counts: Counter[str] = Counter()
        self._far = far
        self._requests = 0

    def has(self, wanted: set[str]) -> bool:
        new = self._far.taken[self._requests :]
        self._requests += len(new)
        for body in new:
            (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
            self.counts.update(span.span_id.hex() for span in resource.scope_spans[0].spans)
        return wanted <= self.counts.keys()


def kill_both(receiver: ReceiverProcess) -> None:
    forwarder = forwarder_of(receiver)
    for pid in (forwarder, receiver.pid):
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def kill_in_a_stream(start_receiver: StartReceiver, rounds: int, rng: random.Random) -> None:
    acknowledged: set[str] = set()
    with far_end() as far:
        for number in range(rounds):
            receiver = start_receiver("--forward", far.url)
            connect = over_grpc if number % 2 else over_http
            streams = [Stream(connect(receiver), (2 * number + it) << 32) for it in range(2)]
            try:
                assert all(stream.enough.wait(TIMEOUT_S) for stream in streams)
                threading.Event().wait(rng.uniform(0, 1.5))  # a moment that nobody chose
            finally:
                kill_both(receiver)
                for stream in streams:
                    stream.join()
            for stream in streams:
                acknowledged |= stream.acknowledged
        receiver = start_receiver("--forward", far.url)
        check(far, acknowledged, rounds)
        receiver.stop()


def check(far: FarEnd, acknowledged: set[str], rounds: int) -> None:
    seen = Seen(far)
    wait_until(lambda: seen.has(acknowledged), "all that was acknowledged arrives")
    twice = sum(count - 1 for count in seen.counts.values())
    assert twice <= rounds * SAVE_AFTER_REQUESTS * SPANS


def test_all_that_was_acknowledged_arrives(start_receiver: StartReceiver) -> None:
    kill_in_a_stream(start_receiver, 3, random.Random(1))


@pytest.mark.long
def test_a_forwarder_that_is_killed_is_started_again(start_receiver: StartReceiver) -> None:
    with far_end() as far:
        receiver = start_receiver("--forward", far.url)
        stream = Stream(over_http(receiver), 0)
        assert stream.enough.wait(TIMEOUT_S)
        wait_until(lambda: bool(far.taken), "it forwards")
        forwarder = forwarder_of(receiver)
        assert forwarder is not None
        os.kill(forwarder, signal.SIGKILL)
        wait_until(lambda: forwarder_of(receiver) not in (forwarder, None), "another is started")
        receiver.stop()
        stream.join()
        check(far, stream.acknowledged, 1)
        assert any("what forwards ended with -9" in line for line in receiver.said)


@pytest.mark.long
def test_all_that_was_acknowledged_arrives_after_many_kills(
    start_receiver: StartReceiver,
) -> None:
    kill_in_a_stream(start_receiver, 25, random.Random())
