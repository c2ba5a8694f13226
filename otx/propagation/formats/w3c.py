"""W3C Trace Context: `traceparent` and `tracestate`."""

from otx.propagation.carrier import Carrier
from otx.propagation.formats import traceparent, tracestate
from otx.propagation.model import DatadogState, Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context of both headers; tracestate is read only where traceparent is valid.

    Raises:
        Malformed: traceparent is missing, is there twice, or is not valid.
    """
    fields = carrier.all("traceparent")
    states = carrier.all("tracestate")
    if not fields:
        raise Malformed(
            Problem("missing_traceparent", states[0] if states else None, 0, 0, "tracestate alone")
        )
    if len(fields) > 1:
        value = fields[1].value
        detail = f"{len(fields)} traceparent headers"
        raise Malformed(Problem("duplicate_traceparent", fields[1], 0, len(value), detail))
    trace, parent, flags = traceparent.decode_value(fields[0], findings)
    is_sampled, is_random = bool(flags & traceparent.SAMPLED), bool(flags & traceparent.RANDOM)
    if not states:
        return SpanContext(trace, parent, is_sampled, is_random)
    members = tracestate.decode_fields(states, findings)
    ot = datadog = None
    for member in members:
        if member.key == "ot":
            from otx.propagation.formats import ot_member

            ot = ot_member.decode(member, trace, findings, sampled=is_sampled, random=is_random)
        elif member.key == "dd":
            from otx.propagation.formats import dd_member

            datadog = dd_member.decode(member, findings, sampled=is_sampled)
    pairs = tuple([(member.key, member.value) for member in members])
    return SpanContext(trace, parent, is_sampled, is_random, pairs, None, ot, datadog)


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """Both headers, and baggage; of a context without ids baggage alone.

    What Datadog's headers said becomes the `dd` member, as Datadog's own tracers write it.
    """
    headers = []
    if context.trace_id is not None and context.parent_id is not None:
        headers.append(("traceparent", traceparent.encode_context(context)))
        members = list(context.tracestate)
        if context.datadog is not None and all(key != "dd" for key, _ in members):
            members = _with_datadog(members, context.datadog)
        if members:
            headers.append(("tracestate", tracestate.encode_members(members)))
    if context.baggage:
        from otx.propagation.formats import baggage

        headers.append(("baggage", baggage.encode_entries(context.baggage)))
    return headers


def _with_datadog(members: list[tuple[str, str]], state: DatadogState) -> list[tuple[str, str]]:
    from otx.propagation.formats import dd_member

    text = dd_member.encode(state)
    return [("dd", text), *members][: tracestate.MAX_MEMBERS] if text else members


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    if field.name.lower() == "traceparent":
        return traceparent.parts(field)
    return tracestate.parts(field)
