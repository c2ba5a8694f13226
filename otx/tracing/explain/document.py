"""An explanation as a document: every statement with its rule and the ids of its spans."""

from collections.abc import Sequence
from heapq import nsmallest
from typing import Any

from otx.tracing.explain.compose import Explanation
from otx.tracing.explain.verdict import verdict, verdict_parts
from otx.tracing.finding import Finding, sentence

MOST_NEARLY = 20
"""Spans off the path that are named with their slack."""


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The document of `otx trace explain --format json` (docs/trace-explain.md)."""
    return {
        "trace_id": explanation.trace.spans[0].trace_id,
        "verdict": {
            "text": verdict(explanation),
            "parts": [
                {"rule": part.rule, "text": part.text, "spans": _ids(explanation, part.spans)}
                for part in verdict_parts(explanation)
            ],
        },
        "failed": explanation.has_failed,
        "duration_ns": explanation.path.duration_ns,
        "span_count": len(explanation.trace.spans),
        "services": sorted({span.service for span in explanation.trace.spans}),
        "clocks": _clocks(explanation),
        "critical_path": _path(explanation),
        "nearly_critical": _nearly_critical(explanation),
        "causes": _causes(explanation),
        "hops": _hops(explanation),
        "statements": [_statement(explanation, one) for one in explanation.findings()],
    }


def _clocks(explanation: Explanation) -> list[dict[str, Any]]:
    shifts = explanation.skew.solution.shifts
    return [
        {
            "clock": clock,
            "shift_ns": shifts[clock].ns,
            "margin_ns": shifts[clock].margin_ns,
            "reference": shifts[clock].reference,
        }
        for clock in sorted(shifts)
    ]


def _path(explanation: Explanation) -> list[dict[str, Any]]:
    kinds: dict[int, dict[str, int]] = {}
    for part in explanation.parts:
        of_span = kinds.setdefault(part.section.span, {})
        of_span[part.kind] = of_span.get(part.kind, 0) + part.duration_ns
    return [
        {
            **_span(explanation, step.number),
            "own_ns": step.own_ns,
            "by_kind_ns": kinds.get(step.number, {}),
        }
        for step in explanation.path.steps
    ]


def _nearly_critical(explanation: Explanation) -> list[dict[str, Any]]:
    """The spans off the path that could be delayed least, longest first among equals."""
    spans = explanation.trace.spans
    off = [
        (slack, -spans[number].duration_ns, number)
        for number, slack in enumerate(explanation.slack)
        if slack
    ]
    return [
        {**_span(explanation, number), "slack_ns": slack}
        for slack, _, number in nsmallest(MOST_NEARLY, off)
    ]


def _causes(explanation: Explanation) -> list[dict[str, Any]]:
    return [
        {
            **_span(explanation, cause.hop.span),
            "known": cause.is_known,
            "failed_at_last": _span(explanation, cause.top),
            "reasons": list(cause.reasons),
            "statement": _statement(explanation, cause.hop.because),
        }
        for cause in explanation.story.causes
    ]


def _hops(explanation: Explanation) -> list[dict[str, Any]]:
    return [
        {
            **_span(explanation, hop.span),
            "role": hop.role,
            "sources": _ids(explanation, hop.sources),
        }
        for hop in explanation.story.hops
    ]


def _statement(explanation: Explanation, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "topic": finding.rule.topic,
        "text": sentence(finding),
        "weight_ns": finding.weight_ns,
        "spans": _ids(explanation, finding.spans),
        "facts": dict(finding.facts),
        "why": finding.rule.why,
        "source": finding.rule.source,
    }


def _span(explanation: Explanation, number: int) -> dict[str, Any]:
    span = explanation.trace.spans[number]
    return {"span_id": span.span_id, "service": span.service, "name": span.name}


def _ids(explanation: Explanation, numbers: Sequence[int]) -> list[str]:
    return [explanation.trace.spans[number].span_id for number in numbers]
