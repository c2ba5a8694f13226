"""What the code of a trace's spans did, as lines for people and as a document."""

from collections.abc import Iterator, Sequence
from typing import Any

from otx.model.cells import shorten
from otx.model.telemetry import Span
from otx.model.units import format_count, format_duration
from otx.tracing.span_sample_rows import TraceCode
from otx.tracing.span_samples import SpanCode

_TOP = 3
_FRAMES_SHOWN = 6
_DOCUMENT_STACKS = 20
_INFERRED = "inferred from thread and time"

NOT_KEPT = "no samples of that time were kept: `otx profile --store` keeps them"
NONE_BELONGS = (
    "samples of that time were kept, and none belongs to a span: its program does not say which"
    " span its threads work for, and the spans name no thread of a sampled process"
)
NOT_RECEIVED = "no span of it was received: its program does not sample it, or it was lost"


def draw_span_code(code: TraceCode, spans: Sequence[Span], width: int) -> list[str]:
    """Lines of at most `width` cells: the spans with samples, those with most time first."""
    if not code.spans:
        return [NONE_BELONGS if code.has_samples else NOT_KEPT]
    total_ns = sum(one.cpu_ns for one in code.spans.values())
    lines = [f"code: {format_duration(total_ns)} of processor time in {_samples(code)}"]
    for span_id, one in _heaviest(code):
        lines += ["", shorten(_head(span_id, one, spans, total_ns), width)]
        lines += [shorten(line, width) for line in _stacks(one)]
    return lines


def code_document(code: TraceCode, spans: Sequence[Span]) -> dict[str, Any]:
    """The same with stable keys (docs/trace.md)."""
    received = {span.span_id for span in spans}
    return {
        "cpu_ns": sum(one.cpu_ns for one in code.spans.values()),
        "samples": sum(one.samples for one in code.spans.values()),
        "reason": "" if code.spans else NONE_BELONGS if code.has_samples else NOT_KEPT,
        "spans": [
            {
                "span_id": span_id,
                "received": span_id in received,
                "joined": one.how,
                "samples": one.samples,
                "cpu_ns": one.cpu_ns,
                "functions": [
                    {"name": name, "cpu_ns": cpu_ns}
                    for name, cpu_ns in one.top_functions(_DOCUMENT_STACKS)
                ],
                "stacks": [
                    {"frames": list(stack), "cpu_ns": cpu_ns}
                    for stack, cpu_ns in one.top_stacks(_DOCUMENT_STACKS)
                ],
            }
            for span_id, one in _heaviest(code)
        ],
    }


def _heaviest(code: TraceCode) -> list[tuple[str, SpanCode]]:
    return sorted(code.spans.items(), key=lambda it: (-it[1].cpu_ns, it[0]))


def _samples(code: TraceCode) -> str:
    count = sum(one.samples for one in code.spans.values())
    return f"{format_count(count)} sample" + ("s" if count != 1 else "")


def _head(span_id: str, one: SpanCode, spans: Sequence[Span], total_ns: int) -> str:
    span = next((span for span in spans if span.span_id == span_id), None)
    name = f"{span.service} {span.name}" if span else "(not received)"
    parts = [f"{name}  {span_id}  {format_duration(one.cpu_ns)}"]
    parts.append(f"{_percent(one.cpu_ns, total_ns)} of the trace's")
    if one.how == "inferred":
        parts.append(_INFERRED)
    return " · ".join(parts)


def _stacks(one: SpanCode) -> Iterator[str]:
    for stack, cpu_ns in one.top_stacks(_TOP):
        shown = ";".join(stack[-_FRAMES_SHOWN:])
        cut = "…;" if len(stack) > _FRAMES_SHOWN else ""
        yield f"  {_percent(cpu_ns, one.cpu_ns):>5}  {format_duration(cpu_ns):>8}  {cut}{shown}"
    left = len(one.stacks) - _TOP
    if left > 0:
        yield f"  and {format_count(left)} more stack" + ("s" if left != 1 else "")
    functions = one.top_functions(_TOP)
    said = ", ".join(f"{name} {_percent(cpu_ns, one.cpu_ns)}" for name, cpu_ns in functions)
    yield f"  most in: {said}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"
