"""The response header of the current draft: `Server-Timing: trace;desc={traceparent}`."""

from otx.propagation.carrier import Carrier
from otx.propagation.formats import traceparent
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part, split

NAME = "server-timing"


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; its parent id is the span of the server that answered.

    Raises:
        Malformed: No metric is called `trace`, it has no description, or that is not valid.
    """
    for field in carrier.all(NAME):
        place = description_place(field.value)
        if place is not None:
            return _shifted(field, place, findings)
    field = carrier.all(NAME)[0]
    end = len(field.value)
    raise Malformed(Problem("missing_trace_id", field, 0, end, "trace has no desc"))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header that a server answers with; none where there are no ids."""
    if context.trace_id is None or context.parent_id is None:
        return []
    return [("Server-Timing", f"trace;desc={traceparent.encode_context(context)}")]


def names_trace(value: str) -> bool:
    """Whether a metric is called `trace`: others are no concern of tracing."""
    return _metric(value) is not None


def description_place(value: str) -> tuple[int, int] | None:
    """The columns of the description of `trace`, without quotes."""
    metric = _metric(value)
    if metric is None:
        return None
    for start, end in split(value[slice(*metric)], ";", metric[0])[1:]:
        key, equals, text = value[start:end].partition("=")
        if equals and key.strip(" \t").lower() == "desc":
            inner = text.strip(" \t")
            start = end - len(text.lstrip(" \t"))
            if len(inner) > 1 and inner[0] == inner[-1] == '"':
                return start + 1, end - 1
            return start, end
    return None


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    place = description_place(field.value)
    if place is None:
        return []
    inner = Field(field.name, field.value[slice(*place)])
    return [
        Part(one.start + place[0], one.end + place[0], one.label)
        for one in traceparent.parts(inner)
    ]


def _metric(value: str) -> tuple[int, int] | None:
    for start, end in split(value, ","):
        if value[start:end].partition(";")[0].strip(" \t").lower() == "trace":
            return start, end
    return None


def _shifted(field: Field, place: tuple[int, int], findings: Findings) -> SpanContext:
    """Decode a stretch of a value; problems have the columns of the whole."""
    inner = Field(field.name, field.value[slice(*place)])
    own = Findings(findings.level)
    try:
        trace, parent, flags = traceparent.decode_value(inner, own)
    except Malformed as error:
        raise Malformed(_moved(error.problem, field, place[0])) from None
    findings.warnings += [_moved(one, field, place[0]) for one in own.warnings]
    return SpanContext(
        trace, parent, bool(flags & traceparent.SAMPLED), bool(flags & traceparent.RANDOM)
    )


def _moved(problem: Problem, field: Field, by: int) -> Problem:
    return Problem(problem.code, field, problem.start + by, problem.end + by, problem.detail)
