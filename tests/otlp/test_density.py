"""What grows when it is parsed is refused before, wherever it hides; what senders write is not."""

import random
from collections.abc import Callable, Iterator

import orjson
import pytest
from google.protobuf.descriptor import Descriptor
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.model.signal import Signal
from otx.otlp import density
from otx.otlp.any_value import varint
from otx.otlp.decode import decode_request
from otx.otlp.density import UNSUSPECTED_BYTES, check_density, check_json_density
from otx.otlp.refusal import Reason, Refusal
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from otx.otlp.wire import WIRE, Generated
from tests.otlp.messages import spans

TRACES: Descriptor = ExportTraceServiceRequest.DESCRIPTOR
END = 1_790_000_000_000_000_000
Path = tuple[int, ...]


def within(path: Path, content: bytes) -> bytes:
    """Bytes as the field at the end of a path of field numbers."""
    for number in reversed(path):
        content = varint(number << 3 | 2) + varint(len(content)) + content
    return content


def is_refused(body: bytes, descriptor: Descriptor = TRACES, seed: int = 1) -> bool:
    try:
        check_density(body, descriptor, random.Random(seed))
    except Refusal as refusal:
        assert refusal.reason is Reason.TOO_LARGE
        assert not refusal.reason.value.is_retryable
        return True
    return False


def repeated_fields(descriptor: Descriptor) -> dict[str, Path]:
    """A path to each repeated message field that a message leads to."""
    found: dict[str, Path] = {}
    waiting: list[tuple[Descriptor, Path]] = [(descriptor, ())]
    seen = set()
    while waiting:
        message, path = waiting.pop(0)
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        for one in message.fields:
            if one.message_type is not None:
                waiting.append((one.message_type, (*path, one.number)))
                if one.is_repeated:
                    found[one.full_name] = (*path, one.number)
    return found


def every_bomb() -> Iterator[object]:
    for signal in Signal:
        request: Generated = WIRE[signal].request_class
        for name, path in repeated_fields(request.DESCRIPTOR).items():
            yield pytest.param(request.DESCRIPTOR, path, id=name.removeprefix("opentelemetry."))


@pytest.mark.parametrize(("descriptor", "path"), every_bomb())
def test_empty_messages_are_refused_in_every_field(descriptor: Descriptor, path: Path) -> None:
    bomb = within(path[:-1], within(path[-1:], b"") * 20_000)
    assert is_refused(bomb, descriptor)
    spread = within(path[-1:], b"") * 20
    many = within(path[:-1], spread) * 2_000
    assert is_refused(many, descriptor)


@given(st.sampled_from(["before", "behind", "between"]), st.integers(0, 99))
def test_dense_parts_do_not_hide_behind_others(where: str, seed: int) -> None:
    decoy = within((2,), within((5,), b"name" * 10)) * 500  # 22 500 bytes
    dense = within((2,), within((9,), b"") * 60_000)
    parts = {"before": [decoy, dense], "behind": [dense, decoy], "between": [decoy, dense, decoy]}
    body = within((1, 2), b"".join(parts[where]))
    assert is_refused(body, seed=seed)


@pytest.mark.parametrize(
    "before",
    [
        b"\xa3\x06\xa4\x06",  # an empty group in field 100
        b"\xa3\x06\x0a\x00\xa4\x06",  # one that holds a field
        b"\x0d1234" + b"\x0912345678" + b"\x08\xff\x01",  # field 1, of other types
        b"\x8a\x80\x00\x80\x00",  # field 1 and its length in more bytes than they need
    ],
)
def test_odd_forms_hide_nothing(before: bytes) -> None:
    body = before + b"\x0a\x00" * 20_000
    ExportTraceServiceRequest.FromString(body)  # the parser takes it
    assert is_refused(body)


def test_fields_that_take_no_memory_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "MAX_STEPS", 1000)
    with pytest.raises(Refusal, match="too many fields: more than 1 000 before the end of a Span"):
        check_density(within((1, 2, 2), b"\x30\x00" * 2000), TRACES, random.Random(1))


@given(st.lists(spans(), min_size=1, max_size=5), st.integers(0, 99))
def test_spans_that_have_ids_and_times_are_not_refused(made: list[Span], seed: int) -> None:
    request = ExportTraceServiceRequest()
    for span in made:
        span.MergeFrom(
            Span(trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=1, name="GET /cart")
        )
        for event in span.events:
            event.name, event.time_unix_nano = "exception", 1
        for attribute in span.attributes:
            attribute.key = "http.request.method"
    request.resource_spans.add().scope_spans.add().spans.extend(made * 20)
    assert not is_refused(request.SerializeToString(), seed=seed)


@pytest.mark.parametrize("signal", list(Signal))
def test_made_up_telemetry_is_not_refused(signal: Signal) -> None:
    request: Generated = WIRE[signal].request_class
    for seed in range(5):
        source = make_source(signal, Shape(), random.Random(seed), 2_000, 4 << 20)
        body = source.head + b"".join(source.next(END, 2_000)[0] for _ in range(3))
        assert not is_refused(body, request.DESCRIPTOR, seed)


def integers_in_an_array() -> Generated:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    values = span.attributes.add(key="samples").value.array_value.values
    for number in range(20_000):
        values.add(int_value=number % 100)
    return request


def functions_with_names_alone() -> Generated:
    request = ExportProfilesServiceRequest()
    for number in range(20_000):
        request.dictionary.function_table.add(name_strindex=number)
        request.dictionary.location_table.add(address=1 << 40).lines.add(function_index=number)
        request.dictionary.string_table.append(f"f{number}")
    return request


def points_without_attributes() -> Generated:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    for number in range(20_000):
        metrics.add(name=f"m{number}").gauge.data_points.add(time_unix_nano=END, as_int=number)
    return request


def flags_of_one_letter() -> Generated:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for number in range(5_000):
        record = records.add(time_unix_nano=END)
        record.body.string_value = "ok"
        for key in "abc":
            record.attributes.add(key=key).value.int_value = number % 100
    return request


@pytest.mark.parametrize(
    "make",
    [
        integers_in_an_array,
        functions_with_names_alone,
        points_without_attributes,
        flags_of_one_letter,
    ],
)
def test_the_densest_of_real_senders_are_not_refused(make: Callable[[], Generated]) -> None:
    request = make()
    for seed in range(20):
        assert not is_refused(request.SerializeToString(), request.DESCRIPTOR, seed)


@given(st.binary(max_size=200), st.integers(0, 9))
def test_no_bytes_break_it(body: bytes, seed: int) -> None:
    is_refused(body, seed=seed)


def test_what_is_nested_without_end_is_left_to_the_parser() -> None:
    value = b""
    for _ in range(3_000):
        value = within((5, 1), value)
    is_refused(within((1, 1, 1, 2), value))


def test_what_is_malformed_has_the_words_of_the_parser() -> None:
    span = within((2, 5), b"GET /cart/" * 20)
    body = within((1, 2), span * (UNSUSPECTED_BYTES // len(span) + 1))
    with pytest.raises(Refusal, match="the body is no protobuf ExportTraceServiceRequest"):
        decode_request(Signal.TRACES, body[:-1], "protobuf")
    assert decode_request(Signal.TRACES, body, "protobuf").records > 5_000


def test_a_dense_request_is_told_where_it_is_dense() -> None:
    with pytest.raises(Refusal) as caught:
        decode_request(Signal.LOGS, within((1, 2), b"\x12\x00" * (1 << 20)), "protobuf")
    assert caught.value.message == (
        "too many tiny messages: 2 097 162 bytes would take more than 16 times that in memory, "
        "most of it for what stands directly in ScopeLogs"
    )


@pytest.mark.parametrize("one", [b"{}", b"[]", b'{"a":[]}'])
def test_json_of_empty_objects_is_refused(one: bytes) -> None:
    with pytest.raises(Refusal, match="JSON objects and arrays in the body"):
        check_json_density(b'{"resourceSpans":[' + one + (b"," + one) * 1000 + b"]}")


def test_brackets_in_texts_of_json_are_no_objects() -> None:
    text = orjson.dumps({"body": '{"[\\' * 1000}).decode()
    check_json_density(text.encode())


def test_json_of_real_senders_is_not_refused() -> None:
    value = {"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}] * 50}}}
    check_json_density(orjson.dumps({"attributes": [value] * 20}))
