"""Time between services is told where their clocks compare."""

from dataclasses import replace

from otx.model.telemetry import SpanLink
from otx.tracing.patterns.queues import find_network_time, find_queue_time
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import scene, told

CALL = span("call", "", 0, 100, "CLIENT")
SERVER = span("server", "call", 30, 90, "SERVER", "stock", host="two")
SEND = span("send", "", 0, 100, "PRODUCER")
TAKE = span("take", "send", 150, 190, "CONSUMER", "mail", host="two")


def test_network_time() -> None:
    assert told(find_network_time, CALL, SERVER) == [
        "40.0 ms of the critical path went by between shop call and stock server,"
        " on the network or in queues at either side."
    ]
    beside = span("dns", "call", 0, 10)
    assert list(find_network_time(scene([CALL, SERVER, beside], {}))) == []


def test_queue_time() -> None:
    words = ["A message of shop send waited 50.0 ms for mail take."]
    assert told(find_queue_time, SEND, TAKE) == words
    linked = replace(TAKE, parent_span_id="", links=[SpanLink("t", "send")])
    assert told(find_queue_time, SEND, linked) == words
    assert list(find_queue_time(scene([SEND, TAKE], {}))) == []
