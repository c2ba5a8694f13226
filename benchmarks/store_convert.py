"""What a span, a data point and a sample cost from wire to queryable, and ways it could be done.

Candidates, each from the same bytes to the same text columns in an Arrow table:

- columns:  the column view through ptars, attributes written in one walk over their bytes (what otx
            does where the library of `native/` is)
- arrow:    the same without the library: each distinct attribute read once, a column at a time
- slim:     protobuf messages whose attributes are bytes, one Python object a span, the text of
            each attribute remembered by its bytes
- objects:  protobuf messages, one Python object a span, nothing remembered

and the whole road: log -> columns -> Parquet segment -> manifest, as the converter goes it, for
spans, data points of metrics and samples of profiles. `convert` makes the files by which searches
skip as well, of spans and log records alone; `index` is what making them of the segments takes.
CPU time, all threads. Run: `python benchmarks/store_convert.py [REQUESTS]`.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from benchmarks.corpus import trace_request
from benchmarks.corpus_other import metric_request, profile_request
from otx.model.signal import Signal
from otx.otlp import quick_attributes
from otx.otlp.column_groups import Batch
from otx.otlp.columns import span_columns
from otx.otlp.json_columns import attributes_text
from otx.otlp.metric_columns import metric_columns
from otx.otlp.sample_columns import sample_columns
from otx.store.conversion import Conversion
from otx.store.converter_memory import keep_freed_memory
from otx.store.layout import Layout
from otx.store.segment_index import index_names, is_worth_indexing, write_indexes
from otx.store.wal import LogWriter

START_UNIX_NANO = 1_790_000_000_000_000_000
SPANS_A_REQUEST = 1000
ROUNDS = 5
MEMO_SIZE = 50_000


Columns: TypeAlias = Callable[[Sequence[bytes], Sequence[int]], Batch]


class Road(NamedTuple):
    """CPU microseconds a record, and bytes a record on disk without indexes."""

    log_us: float
    convert_us: float
    index_us: float
    disk_bytes: float


def columns(bodies: Sequence[bytes]) -> int:
    return len(span_columns(bodies, [1] * len(bodies)).rows)


def arrow(bodies: Sequence[bytes]) -> int:
    with patch.object(quick_attributes, "library", lambda: None):
        return columns(bodies)


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


def whole_road(bodies: Sequence[bytes], signal: Signal = Signal.TRACES) -> Road:
    """Requests of `SPANS_A_REQUEST` records into the log and from there into segments."""
    with tempfile.TemporaryDirectory() as directory:
        records = SPANS_A_REQUEST * len(bodies)
        before = time.process_time()
        with LogWriter(Path(directory)) as log:
            for done in [log.append(signal, body, 1) for body in bodies]:
                done.result()
        logged = time.process_time()
        conversion = Conversion(Layout(Path(directory)))
        while conversion.convert():
            pass
        converted = time.process_time()
        for segment in filter(is_worth_indexing, conversion.manifest.segments):
            for name in index_names(segment.name):
                (conversion.layout.segments / name).unlink()
            write_indexes(conversion.layout.segments, segment)
        indexed = time.process_time()
        size = sum(segment.bytes for segment in conversion.manifest.segments)
        us = 1e6 / records
        return Road(
            (logged - before) * us,
            (converted - logged) * us,
            (indexed - converted) * us,
            size / records,
        )


def main(arguments: list[str]) -> None:
    keep_freed_memory()  # as a converter does
    requests = int(arguments[0]) if arguments else 40
    bodies = [
        trace_request(seed, SPANS_A_REQUEST, START_UNIX_NANO + seed * 10**9, 10**9)
        for seed in range(requests)
    ]
    size = sum(map(len, bodies)) / requests / SPANS_A_REQUEST
    print(f"{requests} requests of {SPANS_A_REQUEST} spans, {size:.0f} B a span on the wire")
    ours = cpu_us(lambda: columns(bodies))
    print(f"{'columns':10} {ours:6.2f} µs a span   1.0×")
    candidates = (
        ("arrow", arrow, bodies),
        ("slim", slim, bodies[:5]),
        ("objects", objects, bodies[:5]),
    )
    for name, candidate, some in candidates:
        cost = cpu_us(partial(candidate, some))
        print(f"{name:10} {cost:6.2f} µs a span  {cost / ours:4.1f}×")
    heads = f"{'columns':>8} {'log':>6} {'convert':>8} {'all in':>7} {'index':>6} {'B on disk':>10}"
    print(f"\n{'µs':12} {heads}")
    print_road("span", span_columns, Signal.TRACES, bodies)
    others = [
        ("data point", metric_columns, Signal.METRICS, metric_request),
        ("sample", sample_columns, Signal.PROFILES, profile_request),
    ]
    for noun, read, signal, make in others:
        made = [make(seed, SPANS_A_REQUEST, START_UNIX_NANO) for seed in range(requests)]
        print_road(noun, read, signal, made)


def print_road(noun: str, read: Columns, signal: Signal, bodies: Sequence[bytes]) -> None:
    """Print what a record costs; `convert` is from log to manifest, columns included."""
    received = [1] * len(bodies)
    columns_us = cpu_us(lambda: len(read(bodies, received).rows))
    roads = [whole_road(bodies, signal) for _ in range(3)]
    log, convert, index, disk = (min(road[place] for road in roads) for place in range(4))
    costs = f"{columns_us:8.2f} {log:6.2f} {convert:8.2f} {log + convert:7.2f} {index:6.2f}"
    print(f"{noun:12} {costs} {disk:10.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
