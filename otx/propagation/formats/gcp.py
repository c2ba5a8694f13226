"""Google Cloud: `X-Cloud-Trace-Context: {32 hex digits}/{decimal span id}[;o={0,1}]`."""

from otx.propagation.carrier import Carrier
from otx.propagation.ids import ANY_HEX, decimal_id, trace_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

NAME = "X-Cloud-Trace-Context"


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context.

    Raises:
        Malformed: An id is missing or not valid (the span id is decimal), or the option is.
    """
    field = carrier.first("x-cloud-trace-context")
    if field is None:
        raise Malformed(Problem("missing_trace_id"))
    slash, option = _marks(field.value)
    trace = trace_id(field, 0, slash, digits=ANY_HEX)
    if slash >= option:
        detail = "there is no / with a span id behind it"
        raise Malformed(Problem("missing_parent_id", field, slash, slash, detail))
    span = _span(field, slash + 1, option)
    return SpanContext(trace, span, _sampled(field, option))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header; none where there are no ids."""
    if context.trace_id is None or context.parent_id is None:
        return []
    option = "" if context.sampled is None else f";o={int(context.sampled)}"
    return [(NAME, f"{context.trace_id}/{int(context.parent_id, 16)}{option}")]


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    slash, option = _marks(field.value)
    said = [Part(0, slash, "trace id"), Part(slash + 1, option, "span id, decimal")]
    if option < len(field.value):
        said.append(Part(option + 1, len(field.value), "o=1: sampled"))
    return said


def _marks(value: str) -> tuple[int, int]:
    """Where the slash and the semicolon stand; the end for one that is missing."""
    option = value.find(";")
    end = len(value) if option < 0 else option
    slash = value.find("/", 0, end)
    return (end if slash < 0 else slash), end


def _span(field: Field, start: int, end: int) -> str:
    try:
        return decimal_id("parent_id", field, start, end)
    except Malformed as error:
        text = field.value[start:end]
        if error.problem.code == "zero_parent_id":
            detail = "it is zero: Google's tracers send that of a first span, others refuse it"
            raise Malformed(Problem("zero_parent_id", field, start, end, detail)) from error
        if len(text) == 16 and not text.strip(ANY_HEX) and text.strip("0123456789"):
            detail = f"it is hex; this format has it decimal: {int(text, 16)}"
            raise Malformed(Problem("bad_parent_id", field, start, end, detail)) from error
        raise


def _sampled(field: Field, option: int) -> bool | None:
    text = field.value[option + 1 :].strip(" \t")
    if not text:
        return None
    if text not in ("o=0", "o=1"):
        detail = f"the option is {text[:20]!r}, not o=0 or o=1"
        raise Malformed(Problem("bad_flags", field, option + 1, len(field.value), detail))
    return text == "o=1"
