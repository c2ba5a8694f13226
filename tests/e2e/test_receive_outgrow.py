"""Requests of which a small body says something large about each of many records."""

import http.client
import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import RunCli, StartReceiver, wait_until

TIMEOUT_S = 30
SPANS = 5000
ATTRIBUTE_BYTES = 1 << 20
MAX_CONVERTER_MIB = 400


def spans_of_a_large_resource(spans: int = SPANS, attribute_bytes: int = ATTRIBUTE_BYTES) -> bytes:
    """Its text a span would be more than a column of 32-bit offsets reaches."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "large"
    group.resource.attributes.add(key="big").value.string_value = "a" * attribute_bytes
    scope = group.scope_spans.add()
    for number in range(1, spans + 1):
        scope.spans.add(
            trace_id=b"t" * 16,
            span_id=number.to_bytes(8, "big"),
            name="work",
            start_time_unix_nano=number,
            end_time_unix_nano=number + 1,
        )
    return request.SerializeToString()


def samples_of_one_stack(samples: int, depth: int) -> bytes:
    """So many samples that share a stack of so many locations."""
    request = ExportProfilesServiceRequest()
    tables = request.dictionary
    tables.string_table.extend(["", "work", "cpu", "nanoseconds"])
    for table in (tables.mapping_table, tables.function_table, tables.location_table):
        table.add()
    tables.stack_table.add()
    tables.function_table.add(name_strindex=1)
    tables.location_table.add().lines.add(function_index=1)
    tables.stack_table.add(location_indices=[1] * depth)
    profile = request.resource_profiles.add().scope_profiles.add().profiles.add(time_unix_nano=1000)
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 2, 3
    for _ in range(samples):
        profile.samples.add(stack_index=1)
    return request.SerializeToString()


def post(address: str, path: str, body: bytes) -> int:
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/x-protobuf"})
        return connection.getresponse().status
    finally:
        connection.close()


def most_mib_of_children(parent: int) -> int:
    """The most memory that any living child of a process ever had."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    status = [Path(f"/proc/{child}/status").read_text() for child in children]
    peaks = [int(text.partition("VmHWM:")[2].split()[0]) for text in status if "VmHWM:" in text]
    return max(peaks) // 1024


@pytest.mark.parametrize(
    ("path", "body", "table", "rows", "aside"),
    [
        ("/v1/traces", spans_of_a_large_resource(), "spans", SPANS, 0),
        pytest.param(
            *("/v1development/profiles", samples_of_one_stack(5000, 5000), "samples", 5000, 0),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("/v1development/profiles", samples_of_one_stack(12_000, 12_000), "samples", 0, 1),
            marks=pytest.mark.long,
        ),
    ],
    ids=["resource", "stack", "longer stack"],
)
@pytest.mark.long
def test_one_request_does_not_end_the_store(
    start_receiver: StartReceiver,
    run_cli: RunCli,
    tmp_path: Path,
    path: str,
    body: bytes,
    table: str,
    rows: int,
    aside: int,
) -> None:
    receiver = start_receiver()
    store = ("--store", str(tmp_path / "store"))

    def counted(name: str) -> int:
        done = run_cli("query", f"SELECT count(*) AS n FROM {name}", "--format", "jsonl", *store)
        assert done.returncode == 0, done.stderr
        return int(json.loads(done.stdout)["n"])

    def facts() -> dict[str, object]:
        done = run_cli("store", "info", "--format", "json", *store)
        assert done.returncode == 0, done.stderr
        document: dict[str, object] = json.loads(done.stdout)
        return document

    assert post(receiver.http, path, body) == 200
    assert counted(table) == rows
    wait_until(lambda: facts()["waiting_bytes"] == 0, "the request is converted")
    assert counted(table) == rows
    assert facts()["aside_requests"] == aside
    verified = run_cli("store", "verify", *store)
    assert verified.returncode == 0, verified.stdout
    assert ("1 request could not be made rows" in verified.stderr) == bool(aside)
    assert most_mib_of_children(receiver.pid) < MAX_CONVERTER_MIB
    before = counted("spans")
    assert post(receiver.http, "/v1/traces", spans_of_a_large_resource(3, 10)) == 200
    assert counted("spans") == before + 3
