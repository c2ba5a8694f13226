"""How exactly a span's times are recorded."""

from otx.model.telemetry import Span

_US, _MS = 1_000, 1_000_000
_JAVASCRIPT = frozenset({"nodejs", "webjs"})


def grain_ns(span: Span) -> int:
    """What a span's times are rounded down to, in nanoseconds, as far as shows.

    JavaScript's SDKs begin a span at a whole millisecond and measure its length from there. For
    others the duration tells, which no shift changes; one that looks rounded by chance makes what
    follows from it less, never false.
    """
    if span.resource.get("telemetry.sdk.language") in _JAVASCRIPT:
        return _MS
    length = span.duration_ns
    if length % _US:
        return 1
    return _US if length % _MS else _MS
