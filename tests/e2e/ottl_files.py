"""Telemetry and configurations for tests of `otx ottl` through the real command line."""

import gzip
import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import zstandard

from otx.model.signal import Signal
from otx.otlp.decode import parse_protobuf
from otx.otlp.encode import to_json
from otx.otlp.json_codec import read_message
from otx.otlp.wire import WIRE

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "traceId": TRACE, "spanId": f"{number:016x}", **more}


def traces(*spans: dict[str, Any], service: str = "shop") -> dict[str, Any]:
    attribute = {"key": "service.name", "value": {"stringValue": service}}
    scope = {"scope": {"name": "lib"}, "spans": list(spans)}
    resource = {"attributes": [attribute]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def logs(*bodies: str) -> dict[str, Any]:
    records = [{"timeUnixNano": "1", "body": {"stringValue": one}} for one in bodies]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


SHOP = traces(
    span("GET /cart", 1, kind=2), span("GET /health", 2, kind=2), span("SELECT", 3, kind=3)
)


def write_json(path: Path, *documents: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in documents))
    return path.name


def protobuf_of(document: dict[str, Any], signal: Signal = Signal.TRACES) -> bytes:
    message = WIRE[signal].request_class()
    read_message(message, document, Counter())
    return message.SerializeToString()


def every_encoding(folder: Path, document: dict[str, Any]) -> list[str]:
    """The same spans as a file of each form that is read."""
    text, body = json.dumps(document).encode(), protobuf_of(document)
    behind_length = struct.pack(">I", len(body)) + body
    files = {
        "a.json": text,
        "indented.json": json.dumps(document, indent=2).encode(),
        "array.json": b"[" + text + b"]",
        "a.jsonl": text + b"\n\n",
        "a.pb": body,
        "lengths.pb": behind_length,
        "a.json.gz": gzip.compress(text),
        "a.pb.zst": zstandard.compress(body),
        "no.ending": gzip.compress(behind_length),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(files)


def names(document: dict[str, Any]) -> list[str]:
    """The names of the spans of a document."""
    return [
        one.get("name", "")
        for resource in document["resourceSpans"]
        for scope in resource["scopeSpans"]
        for one in scope["spans"]
    ]


def names_in_protobuf(body: bytes) -> list[str]:
    return names(json.loads(to_json(parse_protobuf(Signal.TRACES, body))))
