"""The forms of OpenTelemetry's contexts for readers outside of a process, and their names.

Thread context: OTEP 4947. Process context: OTEP 4719, header version 2. Numbers are the machine's
own, which is little-endian wherever otx runs.
"""

import struct

THREAD_SYMBOL = b"otel_thread_ctx_v1"
"""The TLS variable in .dynsym: a pointer to the thread's record, or null."""

RECORD = struct.Struct("<16s8sBBH")
"""The record's head: trace id, span id, valid, trace flags, size of the attributes behind it."""

VALID = 1
RECORD_LIMIT = 640
"""Bytes of a whole record that readers are told to expect at most."""

PROCESS_NAME = "OTEL_CTX"
SIGNATURE = PROCESS_NAME.encode()
VERSION = 2
HEADER = struct.Struct("<8sIIQQ")
"""Signature, version, size of the payload, time of publication (0: it is being written), payload's
address. The payload is a ProcessContext message: resource = 1, attributes = 2."""

PUBLISHED_AT = 16
"""Where in the header the time of publication is."""

SCHEMA_KEY = "threadlocal.schema_version"
KEY_MAP_KEY = "threadlocal.attribute_key_map"
SCHEMAS = frozenset(("tlsdesc_v1_dev", "tls_v1"))
"""What the process context says of threads whose records are found by `THREAD_SYMBOL`."""

_ID_BITS, _SPAN_BITS = 128, 64


def encode_record(trace_id: int, span_id: int, trace_flags: int = 0) -> bytes:
    """A thread's record without attributes (OTEP 4947, Thread-Local Context Record).

    Raises:
        ValueError: An id is zero or does not fit its 16 or 8 bytes, or the flags do not fit one.
    """
    if not 0 < trace_id < 1 << _ID_BITS or not 0 < span_id < 1 << _SPAN_BITS:
        raise ValueError(f"no ids of a span: {trace_id:#x}, {span_id:#x}")
    if not 0 <= trace_flags <= 0xFF:
        raise ValueError(f"no trace flags: {trace_flags:#x}")
    return RECORD.pack(
        trace_id.to_bytes(16, "big"), span_id.to_bytes(8, "big"), VALID, trace_flags, 0
    )
