"""Spans of which something was left out because an SDK keeps only so much."""

from collections.abc import Iterator

from otx.model.telemetry import Span
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Scene

KEPT = 128
DROPPED = FindingRule(
    "dropped",
    "oddity",
    "{count:span says/spans say} that attributes, events or links were dropped.",
    "otel.dropped_attributes_count, otel.dropped_events_count or otel.dropped_links_count is set",
    "OpenTelemetry, mapping to non-OTLP formats, dropped counts",
)
FULL = FindingRule(
    "limit-reached",
    "oddity",
    "{count:span has/spans have} exactly " + str(KEPT) + " attributes, events or links, as many as "
    "SDKs keep: more may have been dropped.",
    "the default of OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and its like",
    "OpenTelemetry, SDK environment variables, span limits",
)
_DROPPED_KEYS = frozenset(
    f"otel.dropped_{what}_count" for what in ("attributes", "events", "links")
)


def find_limits(scene: Scene) -> Iterator[Finding]:
    """Spans that reached a limit."""
    spans = scene.trace.spans
    for rule, is_met in ((DROPPED, _has_dropped), (FULL, _is_full)):
        met = tuple(number for number, span in enumerate(spans) if is_met(span))
        if met:
            yield said(rule, 0, met, count=len(met))


def _has_dropped(span: Span) -> bool:
    attributes = span.attributes
    if _DROPPED_KEYS.isdisjoint(attributes):
        return False
    return any(attributes.get(key) for key in _DROPPED_KEYS)


def _is_full(span: Span) -> bool:
    return len(span.attributes) == KEPT or len(span.events) == KEPT or len(span.links) == KEPT
