"""How exactly the times of spans are recorded.

JavaScript's SDKs begin a span at a whole millisecond, and measure its length from there: times of
even one process are then no order. A resource that was made by hand has no language to tell them
by; the names of their packages do, or starts that all lie whole milliseconds apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from otx.model.telemetry import Span
from otx.tracing.domains import Domain, has_one_thread

_US, _MS = 1_000, 1_000_000
_JAVASCRIPT = frozenset({"nodejs", "webjs"})
_LANGUAGE = "telemetry.sdk.language"
_PACKAGES = "@opentelemetry/"
_ENOUGH = 3
"""Starts that lie whole milliseconds apart; fewer may by chance."""


class Grains(NamedTuple):
    """How exactly the times of a trace are recorded.

    Attributes:
        by_span: What each span's times are rounded down to, in nanoseconds.
        javascript: The processes of JavaScript's SDKs.
        uneven: The processes whose starts are rounded and whose lengths are not: their ends may be
            early, and their times compare with each other only as far as the grain.
    """

    by_span: Sequence[int]
    javascript: frozenset[str]
    uneven: frozenset[str]


def grains(spans: Sequence[Span], domains: Sequence[Domain]) -> Grains:
    """How exactly the times of a trace are recorded; no shift of all times changes it.

    Args:
        spans: All of the trace.
        domains: Where each of them ran.
    """
    by_process: dict[str, list[Span]] = defaultdict(list)
    for span, domain in zip(spans, domains, strict=True):
        by_process[domain.process].append(span)
    javascript = {one for one, them in by_process.items() if _is_javascript(them)}
    uneven = {one for one, them in by_process.items() if has_one_thread(them[0])}
    return Grains(
        [
            _MS if domain.process in javascript else _by_length(span)
            for span, domain in zip(spans, domains, strict=True)
        ],
        frozenset(javascript),
        frozenset(javascript | uneven),
    )


def _is_javascript(spans: Sequence[Span]) -> bool:
    """Whether the spans of a process begin at whole milliseconds and end between them."""
    resource = spans[0].resource
    if _LANGUAGE in resource:
        return resource[_LANGUAGE] in _JAVASCRIPT
    if resource.get("process.runtime.name") == "nodejs":
        return True
    if any(span.scope.startswith(_PACKAGES) for span in spans):
        return True
    begin = spans[0].start_unix_nano
    return (
        len(spans) >= _ENOUGH
        and not any((span.start_unix_nano - begin) % _MS for span in spans)
        and any(span.duration_ns % _MS for span in spans)
        and not any("thread.id" in span.attributes for span in spans)  # JavaScript has none
    )


def _by_length(span: Span) -> int:
    """What a span's times seem to be rounded to, by its length, which no shift changes.

    One that looks rounded by chance makes what follows from it less, never false.
    """
    length = span.duration_ns
    if length % _US:
        return 1
    return _US if length % _MS else _MS
