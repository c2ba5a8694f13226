"""What is found in headers as JSON: stable keys in a stable order."""

from collections.abc import Mapping
from typing import Any

from otx.propagation.model import BaggageEntry, DatadogState, Decoded, OtState, Problem


def decoded_document(decoded: Decoded, request: str = "") -> dict[str, Any]:
    """The document of one set of headers.

    Keys from `format` to `warnings` are always there, the others where they apply.

    Args:
        decoded: What the headers say.
        request: What they are the headers of, where an input had several.
    """
    context, found, problem = decoded.context, decoded.found, decoded.problem
    document: dict[str, Any] = {"request": request} if request else {}
    if context is None:
        ids: tuple[Any, ...] = (None, None, None, None, [])
    else:
        state = [list(pair) for pair in context.tracestate]
        ids = (context.trace_id, context.parent_id, context.sampled, context.random, state)
    document |= {
        "format": decoded.format,
        "valid": problem is None,
        "trace_id": ids[0],
        "parent_id": ids[1],
        "sampled": ids[2],
        "random": ids[3],
        "tracestate": ids[4],
        "baggage": None if decoded.baggage is None else list(map(_entry, decoded.baggage)),
        "error": None if problem is None else problem.code,
        "warnings": [one.code for one in decoded.warnings],
    }
    if found.tracestate is not None and context is not None:
        document["tracestate_error"] = found.tracestate.code
    if found.level1 is not None and context is not None:
        document["level1"] = {"tracestate": [], "tracestate_error": found.level1.code}
    if context is not None:
        _add_vendors(document, decoded)
    if decoded.is_environment:
        document["carrier"] = "env"
    if decoded.others:
        document["also"] = [one.format for one in decoded.others]
    if decoded.conflicts:
        document["conflicts"] = [
            {"what": one.what, "formats": list(one.formats), "values": list(one.values)}
            for one in decoded.conflicts
        ]
    problems = _problems(decoded)
    if problems:
        document["problems"] = problems
    return document


def _add_vendors(document: dict[str, Any], decoded: Decoded) -> None:
    context = decoded.context
    if context is None:
        return
    if context.ot is not None:
        document["ot"] = ot_document(context.ot)
        if context.ot.is_consistent is not None:
            document["sampling_consistent"] = context.ot.is_consistent
    if context.datadog is not None:
        if decoded.format == "w3c":
            document["dd"] = datadog_document(context.datadog)
        else:
            own = datadog_document(context.datadog)
            del own["last_parent"]
            document["datadog"] = own
    marks = {
        "debug": context.debug or None,
        "firehose": context.firehose or None,
        "debug_id": context.debug_id,
        "parent_span_id": context.grandparent_id,
    }
    said = {key: value for key, value in marks.items() if value is not None}
    if said:
        document["jaeger" if decoded.format == "jaeger" else "b3"] = said


def ot_document(state: OtState) -> dict[str, Any]:
    """The `ot` member: what it says, and what follows from its threshold."""
    document: dict[str, Any] = {}
    if state.threshold is not None:
        document["th"] = state.threshold
    if state.randomness is not None:
        document["rv"] = state.randomness
    if state.threshold is not None:
        from otx.propagation.formats.ot_member import adjusted_count, probability

        document["probability"] = probability(state.threshold)
        document["adjusted_count"] = adjusted_count(state.threshold)
    if state.other:
        document["other"] = dict(state.other)
    return document


def datadog_document(state: DatadogState) -> dict[str, Any]:
    """The `dd` member."""
    return {
        "priority": state.priority,
        "origin": state.origin,
        "last_parent": state.last_parent,
        "tags": dict(state.tags),
    }


def _entry(entry: BaggageEntry) -> Mapping[str, Any]:
    return {"key": entry.key, "value": entry.value, "properties": list(entry.properties)}


def _problems(decoded: Decoded) -> list[dict[str, Any]]:
    """Everything that is wrong or odd, each with its place and its rule."""
    found = decoded.found
    said = [
        *(("error", one) for one in (decoded.problem, found.tracestate) if one is not None),
        *(("warning", one) for one in decoded.warnings),
    ]
    return [_problem(severity, one, decoded) for severity, one in said]


def _problem(severity: str, problem: Problem, decoded: Decoded) -> dict[str, Any]:
    from otx.propagation.rules import rule_of

    rule = rule_of(problem, decoded.format)
    return {
        "severity": severity,
        "code": problem.code,
        "header": problem.field.name if problem.field else None,
        "column": problem.start + 1 if problem.field else None,
        "end_column": problem.end + 1 if problem.field else None,
        "message": problem.detail,
        "rule": rule.where,
        "next": rule.consequence,
    }
