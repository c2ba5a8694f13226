"""Samples and spans read of a store, as receivers and profilers keep them."""

from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.stack import Frame, Sample
from otx.profile.formats.otlp_write import write_otlp
from otx.services.profile_feed import Sampling, batch_profile
from otx.store.reader import Store
from otx.store.wal import LogWriter
from otx.tracing.span_sample_rows import read_trace_code

START = 1_790_000_000_000_000_000
MS = 1_000_000
TRACE, LOST = "a" * 32, "b" * 32


def sample(at_ms: int, function: str, pid: int = 7, trace: str = "", span: str = "") -> Sample:
    stack = (Frame("main", "native"), Frame(function, "native"))
    return Sample(START + at_ms * MS, pid, pid + 1, "shop", stack, 1, trace, span)


def fill(directory: Path, samples: list[Sample]) -> Store:
    """A store with a trace of one span a process (7 publishes, 17 does not), and samples."""
    request = ExportTraceServiceRequest()
    for number, pid in enumerate((7, 17), 1):
        group = request.resource_spans.add()
        group.resource.attributes.add(key="service.name").value.string_value = "shop"
        group.resource.attributes.add(key="process.pid").value.int_value = pid
        span = group.scope_spans.add().spans.add(
            trace_id=bytes.fromhex(TRACE),
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=START,
            end_time_unix_nano=START + 100 * MS,
        )
        span.attributes.add(key="thread.id").value.int_value = pid + 1
    with LogWriter(directory) as log:
        log.append(Signal.TRACES, request.SerializeToString(), START).result(60)
        if samples:
            body = write_otlp(batch_profile(samples, Sampling(100, "process", {})))
            log.append(Signal.PROFILES, body, START).result(60)
    return Store(directory)


def test_what_is_published_and_what_is_inferred(tmp_path: Path) -> None:
    own = f"{1:016x}"
    store = fill(
        tmp_path,
        [
            sample(10, "said", trace=TRACE, span=own),
            sample(20, "silent"),
            sample(30, "guessed", pid=17),
            sample(300, "late", pid=17),
        ],
    )
    code = read_trace_code(store, TRACE[:8], store.trace(TRACE))
    assert (code.trace_id, code.has_samples) == (TRACE, True)
    assert {key: (one.how, one.stacks) for key, one in code.spans.items()} == {
        own: ("published", {("main", "said"): 10 * MS}),
        f"{2:016x}": ("inferred", {("main", "guessed"): 10 * MS}),
    }


def test_a_trace_that_was_not_received_is_found_by_its_samples(tmp_path: Path) -> None:
    store = fill(tmp_path, [sample(10, "said", trace=LOST, span="c" * 16)])
    code = read_trace_code(store, "bbbbbbbb", [])
    assert code.trace_id == LOST
    assert list(code.spans) == ["c" * 16]


def test_a_beginning_of_several_is_an_error(tmp_path: Path) -> None:
    others = [sample(10, "x", trace="b" * 31 + digit, span="c" * 16) for digit in "01"]
    with pytest.raises(UsageError, match="begins 2 traces"):
        read_trace_code(fill(tmp_path, others), "bbbbbbbb", [])


def test_without_samples_there_is_nothing(tmp_path: Path) -> None:
    store = fill(tmp_path, [])
    code = read_trace_code(store, TRACE, store.trace(TRACE))
    assert (code.spans, code.has_samples) == ({}, False)
