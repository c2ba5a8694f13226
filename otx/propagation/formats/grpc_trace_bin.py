"""OpenCensus in gRPC: `grpc-trace-bin`, 29 bytes in base64.

Version 0, then fields of an id and a fixed width: 0 the trace id, 1 the span id, 2 the options.
"""

import binascii

from otx.propagation.carrier import Carrier
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

NAME = "grpc-trace-bin"

_WIDTHS = {0: 16, 1: 8, 2: 1}


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context.

    Raises:
        Malformed: It is no base64, of another version, cut short, or an id is missing or zero.
    """
    field = carrier.first(NAME)
    if field is None:
        raise Malformed(Problem("missing_trace_id"))
    found = _fields(field, _bytes(field))
    trace, span = (_id(field, found, key, name) for key, name in enumerate(("trace", "parent")))
    options = found.get(2)
    return SpanContext(trace, span, None if options is None else bool(options[0] & 1))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header; none where there are no ids."""
    if context.trace_id is None or context.parent_id is None:
        return []
    data = b"\x00\x00" + bytes.fromhex(context.trace_id)
    data += b"\x01" + bytes.fromhex(context.parent_id)
    if context.sampled is not None:
        data += bytes((2, context.sampled))
    return [(NAME, binascii.b2a_base64(data, newline=False).decode().rstrip("="))]


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    return [Part(0, len(field.value), "version 0, trace id, span id, options")]


def _bytes(field: Field) -> bytes:
    text = field.value.rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        detail = "it is no base64"
        raise Malformed(Problem("grpc_bad_base64", field, 0, len(field.value), detail)) from None


def _fields(field: Field, data: bytes) -> dict[int, bytes]:
    end = len(field.value)
    if data[:1] != b"\x00":
        detail = f"the version is {data[0]}, not 0" if data else "it is empty"
        raise Malformed(Problem("grpc_bad_version", field, 0, min(2, end), detail))
    found: dict[int, bytes] = {}
    at = 1
    # What has another number is of a version to come, and ends what can be read.
    while at < len(data) and data[at] in _WIDTHS:
        key, width = data[at], _WIDTHS[data[at]]
        content = data[at + 1 : at + 1 + width]
        if len(content) < width:
            detail = f"it ends inside field {key}: {len(data)} bytes"
            raise Malformed(Problem("grpc_bad_fields", field, 0, end, detail))
        found[key] = content
        at += 1 + width
    return found


def _id(field: Field, found: dict[int, bytes], key: int, name: str) -> str:
    content, end = found.get(key), len(field.value)
    if content is None:
        detail = f"there is no field {key}"
        raise Malformed(Problem(f"missing_{name}_id", field, 0, end, detail))
    if not any(content):
        raise Malformed(Problem(f"zero_{name}_id", field, 0, end, f"the {name} id is all zero"))
    return content.hex()
