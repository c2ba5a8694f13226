"""Google Cloud: `X-Cloud-Trace-Context: {32 hex digits}/{decimal span id}[;o={0,1}]`."""

from otx.propagation.carrier import Carrier
from otx.propagation.ids import ANY_HEX, decimal_id, trace_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

NAME = "X-Cloud-Trace-Context"


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; a span id of 0, or none, is that of a trace's first span: it has no parent.

    So Google's documentation has it: 0 for the first span, later ones name their parent.

    Raises:
        Malformed: The trace id is missing, an id (the span's is decimal) or the option not valid.
    """
    field = carrier.first("x-cloud-trace-context")
    if field is None:
        raise Malformed(Problem("missing_trace_id"))
    slash, option = _marks(field.value)
    trace = trace_id(field, 0, slash, digits=ANY_HEX)
    span = _span(field, slash + 1, option) if slash < option else None
    return SpanContext(trace, span, _sampled(field, option))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header; none where there is no trace id."""
    if context.trace_id is None:
        return []
    option = "" if context.sampled is None else f";o={int(context.sampled)}"
    return [(NAME, f"{context.trace_id}/{int(context.parent_id or '0', 16)}{option}")]


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    slash, option = _marks(field.value)
    said = [Part(0, slash, "trace id")]
    if slash < option:
        said.append(Part(slash + 1, option, "span id, decimal; 0 is none"))
    if option < len(field.value):
        said.append(Part(option + 1, len(field.value), "o=1: sampled"))
    return said


def _marks(value: str) -> tuple[int, int]:
    """Where the slash and the semicolon stand; the end for one that is missing."""
    option = value.find(";")
    end = len(value) if option < 0 else option
    slash = value.find("/", 0, end)
    return (end if slash < 0 else slash), end


def _span(field: Field, start: int, end: int) -> str | None:
    text = field.value[start:end]
    if text and not text.strip("0"):
        return None
    try:
        return decimal_id("parent_id", field, start, end)
    except Malformed as error:
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
