"""Recorded telemetry made new, for every signal."""

import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.rewrite import Rewriting, rewritten, time_range
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from otx.otlp.wire import WIRE, Generated

END = 1_790_000_000_000_000_000
SIGNALS = st.sampled_from(list(Signal))


@cache
def body_of(signal: Signal, seed: int) -> bytes:
    source = make_source(signal, Shape(errors=0.5), random.Random(seed), 100, 4 << 20)
    return source.head + source.next(END, 40)[0]


@given(
    signal=SIGNALS,
    seed=st.integers(0, 9),
    shift_ns=st.integers(-(10**17), 10**17),
    keys=st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)),
)
def test_what_is_changed_and_changed_back_is_as_it_was(
    signal: Signal, seed: int, shift_ns: int, keys: tuple[bytes, bytes]
) -> None:
    body = body_of(signal, seed)
    changed = rewritten(signal, body, Rewriting(shift_ns, *keys))
    message: Generated = WIRE[signal].request_class
    back = rewritten(signal, changed, Rewriting(-shift_ns, *keys))
    assert message.FromString(back) == message.FromString(body)
    before, after = time_range(signal, body), time_range(signal, changed)
    assert before is not None
    assert after == (before[0] + shift_ns, before[1] + shift_ns)


@given(signal=SIGNALS, seed=st.integers(0, 9))
def test_nothing_to_change_leaves_the_bytes_alone(signal: Signal, seed: int) -> None:
    body = body_of(signal, seed)
    assert rewritten(signal, body, Rewriting()) is body


def test_relations_hold_and_what_names_nothing_stays() -> None:
    request: Generated = WIRE[Signal.TRACES].request_class()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"t" * 16, span_id=b"a" * 8, start_time_unix_nano=5)
    child = spans.add(trace_id=b"t" * 16, span_id=b"b" * 8, parent_span_id=b"a" * 8)
    child.links.add(trace_id=b"t" * 16, span_id=b"a" * 8)
    spans.add(trace_id=bytes(16), span_id=b"short")
    body = rewritten(Signal.TRACES, request.SerializeToString(), Rewriting(10, b"k" * 16, b"k" * 8))
    changed: Generated = WIRE[Signal.TRACES].request_class.FromString(body)
    root, child, odd = changed.resource_spans[0].scope_spans[0].spans
    assert root.span_id != b"a" * 8
    assert child.parent_span_id == child.links[0].span_id == root.span_id
    assert child.trace_id == child.links[0].trace_id == root.trace_id
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (15, 0), "unfinished stays so"
    assert (odd.trace_id, odd.span_id) == (bytes(16), b"short")


def test_a_text_that_is_no_utf_8_stays() -> None:
    name = b"caf\xe9"
    span = b"\x2a" + bytes([len(name)]) + name + b"\x39" + (5).to_bytes(8, "little")
    body = b"\x0a" + bytes([len(span) + 4]) + b"\x12" + bytes([len(span) + 2]) + b"\x12"
    body += bytes([len(span)]) + span
    moved = rewritten(Signal.TRACES, body, Rewriting(1))
    assert moved == body.replace((5).to_bytes(8, "little"), (6).to_bytes(8, "little"))


@pytest.mark.parametrize("signal", list(Signal))
def test_a_request_without_records_has_no_times(signal: Signal) -> None:
    assert time_range(signal, b"") is None
