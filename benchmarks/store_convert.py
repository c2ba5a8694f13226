"""What a span costs from wire to queryable, and the ways it could be done.

Candidates, each from the same bytes to the same text columns in an Arrow table:

- columns:  the column view through ptars, attributes written a column at a time (what otx does)
- slim:     protobuf messages whose attributes are bytes, one Python object a span, the text of
            each attribute remembered by its bytes
- objects:  protobuf messages, one Python object a span, nothing remembered

and the whole road: log -> columns -> Parquet segment -> manifest, as the converter goes it.
CPU time, all threads. Run: `python benchmarks/store_convert.py [REQUESTS]`.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.otlp.columns import span_columns
from otx.otlp.json_columns import attributes_text
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.wal import LogWriter

START_UNIX_NANO = 1_790_000_000_000_000_000
SPANS_A_REQUEST = 1000
ROUNDS = 5
MEMO_SIZE = 50_000


def columns(bodies: Sequence[bytes]) -> int:
    return len(span_columns(bodies, [1] * len(bodies)).rows)


def objects(bodies: Sequence[bytes]) -> int:
    return _by_object(bodies, attributes_text)


def slim(bodies: Sequence[bytes]) -> int:
    known: dict[bytes, str] = {}
    request_class = slim_request_class()

    def member_of(data: bytes) -> str:
        member = attributes_text([KeyValue.FromString(data)])[1:-1]
        if len(known) < MEMO_SIZE:
            known[data] = member
        return member

    def text(attributes: Sequence[bytes]) -> str:
        members = [known.get(data) or member_of(data) for data in attributes]
        return "{" + ",".join(members) + "}"

    return _by_object(bodies, text, request_class)


@cache
def slim_request_class() -> Any:
    """TracesData with every list of attributes declared as bytes: the same wire format."""
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        messages = [*file.message_type, *(m for o in file.message_type for m in o.nested_type)]
        for field in (field for message in messages for field in message.field):
            if field.name == "attributes":
                field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
                field.ClearField("type_name")
        pool.Add(file)
    name = "opentelemetry.proto.trace.v1.TracesData"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _by_object(
    bodies: Sequence[bytes], text: Callable[[Any], str], request_class: Any = TracesData
) -> int:
    rows = []
    for body in bodies:
        for group in request_class.FromString(body).resource_spans:
            resource = text(group.resource.attributes)
            for scoped in group.scope_spans:
                scope = scoped.scope
                for span in scoped.spans:
                    events = [
                        {"time": e.time_unix_nano, "name": e.name, "attributes": text(e.attributes)}
                        for e in span.events
                    ]
                    rows.append(
                        (
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            span.name,
                            span.kind,
                            span.start_time_unix_nano,
                            span.end_time_unix_nano,
                            span.status.code,
                            span.status.message,
                            text(span.attributes),
                            resource,
                            scope.name,
                            events,
                        )
                    )
    names = [f"c{number}" for number in range(len(rows[0]))]
    return len(pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))))


def cpu_us(work: Callable[[], int]) -> float:
    """The least CPU microseconds a span of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        spans = work()
        best = min(best, (time.process_time() - before) / spans * 1e6)
    return best


def whole_road(bodies: Sequence[bytes]) -> tuple[float, float, float]:
    """CPU microseconds a span into the log and from there into segments; bytes a span on disk."""
    with tempfile.TemporaryDirectory() as directory:
        spans = SPANS_A_REQUEST * len(bodies)
        before = time.process_time()
        with LogWriter(Path(directory)) as log:
            for done in [log.append(Signal.TRACES, body, 1) for body in bodies]:
                done.result()
        logged = time.process_time()
        conversion = Conversion(Layout(Path(directory)))
        while conversion.convert():
            pass
        converted = time.process_time()
        size = sum(segment.bytes for segment in conversion.manifest.segments)
        return (logged - before) / spans * 1e6, (converted - logged) / spans * 1e6, size / spans


def main(arguments: list[str]) -> None:
    requests = int(arguments[0]) if arguments else 40
    bodies = [
        trace_request(seed, SPANS_A_REQUEST, START_UNIX_NANO + seed * 10**9, 10**9)
        for seed in range(requests)
    ]
    size = sum(map(len, bodies)) / requests / SPANS_A_REQUEST
    print(f"{requests} requests of {SPANS_A_REQUEST} spans, {size:.0f} B a span on the wire")
    ours = cpu_us(lambda: columns(bodies))
    print(f"{'columns':10} {ours:6.2f} µs a span   1.0×")
    for name, candidate in (("slim", slim), ("objects", objects)):
        cost = cpu_us(partial(candidate, bodies[:5]))
        print(f"{name:10} {cost:6.2f} µs a span  {cost / ours:4.1f}×")
    roads = [whole_road(bodies) for _ in range(3)]
    log_us, convert_us, disk = (min(road[index] for road in roads) for index in range(3))
    print(f"log        {log_us:6.2f} µs a span")
    print(f"convert    {convert_us:6.2f} µs a span   log to manifest, columns included")
    print(f"disk       {disk:6.1f} B a span")
    print(f"all in     {log_us + convert_us:6.2f} µs a span, wire to queryable")


if __name__ == "__main__":
    main(sys.argv[1:])
