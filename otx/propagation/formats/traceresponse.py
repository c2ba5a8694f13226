"""The response header of an earlier draft: `traceresponse`, shaped as traceparent."""

from otx.propagation.carrier import Carrier
from otx.propagation.formats import traceparent
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

NAME = "traceresponse"


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; its parent id is the span of the server that answered.

    Raises:
        Malformed: It is not valid.
    """
    field = carrier.first(NAME)
    if field is None:
        raise Malformed(Problem("missing_trace_id"))
    trace, parent, flags = traceparent.decode_value(field, findings)
    return SpanContext(
        trace, parent, bool(flags & traceparent.SAMPLED), bool(flags & traceparent.RANDOM)
    )


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header that a server answers with; none where there are no ids."""
    if context.trace_id is None or context.parent_id is None:
        return []
    return [(NAME, traceparent.encode_context(context))]


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    return traceparent.parts(field)
