"""Values that come without the name of their header: which header they must be of."""

import re

DEFAULT = "traceparent"
"""What a value is judged as that looks like nothing."""

_FLAGS = re.IGNORECASE | re.ASCII
_SURE = (
    ("server-timing", re.compile(r"(?:.*,\s*)?trace\s*;\s*desc\s*=", _FLAGS)),
    ("X-Amzn-Trace-Id", re.compile(r"(?:.*;\s*)?root=\d-", _FLAGS)),
    ("X-Cloud-Trace-Context", re.compile(r"[0-9a-f]{16,40}/[0-9a-f]", _FLAGS)),
    ("uber-trace-id", re.compile(r"[0-9a-f]{1,40}(?::|%3A)[0-9a-f]{0,20}(?::|%3A)\S*$", _FLAGS)),
    ("traceparent", re.compile(r"[0-9a-z.]{2}-[0-9a-z.]{16,40}-", _FLAGS)),
    ("b3", re.compile(r"(?:[0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{1,20}(?:-|$)", _FLAGS)),
    ("grpc-trace-bin", re.compile(r"AA[A-D][A-Za-z0-9+/]{30,45}=*$", re.ASCII)),
)
_LIKELY = (
    ("b3", re.compile(r"[01d]$", re.ASCII)),
    ("tracestate", re.compile(r"(?:.*,\s*)?(?:ot=(?:th|rv):|dd=[sopt][:.])", re.ASCII)),
    ("baggage", re.compile(r"[^\s=,;:/]+\s*=", re.ASCII)),
)


def sure_header(value: str) -> str | None:
    """The header that a value can only be of, whatever stands round it; else None."""
    return _first(_SURE, value)


def likely_header(value: str) -> str:
    """The header that a value is most likely of, known to be one."""
    return _first(_SURE, value) or _first(_LIKELY, value) or DEFAULT


def _first(patterns: tuple[tuple[str, "re.Pattern[str]"], ...], value: str) -> str | None:
    return next((header for header, pattern in patterns if pattern.match(value)), None)
