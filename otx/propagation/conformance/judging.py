"""Verdicts: what came back, compared with what the specifications have a service send on."""

from collections.abc import Iterator

from otx.propagation.carrier import canonical
from otx.propagation.conformance.case import Pairs
from otx.propagation.conformance.exchange import Exchange, Finding, Judgement, Verdict
from otx.propagation.conformance.list_judging import baggage_findings, state_findings
from otx.propagation.conformance.participant import model_answer, of_w3c, received_context
from otx.propagation.decoding import decode_headers
from otx.propagation.model import Decoded, Level, SpanContext

_SHARED_DIGITS = 12
"""So many digits in a row of a refused trace-id are no coincidence in a new one."""
_VERSION = "00-"


def judge(exchange: Exchange, level: Level) -> Judgement:
    """Judge one exchange by a level of W3C Trace Context."""
    found = dict.fromkeys(_findings(exchange, level))
    findings = tuple(sorted(found, key=lambda one: one.requirement))
    expected = tuple(model_answer(exchange.sent, level))
    return Judgement(exchange, _verdict(exchange, findings), findings, expected)


def _verdict(exchange: Exchange, findings: tuple[Finding, ...]) -> Verdict:
    if any(one.requirement == "MUST" for one in findings):
        return "fail"
    if exchange.excuse or exchange.case.topic not in exchange.seen:
        return "unjudged"
    return "warn" if findings else "pass"


def _findings(exchange: Exchange, level: Level) -> Iterator[Finding]:
    if exchange.problem:
        is_advice = exchange.case.topic == "baggage"
        yield Finding("SHOULD" if is_advice else "MUST", exchange.problem)
    spans = []
    for call in exchange.calls:
        decoded = decode_headers(of_w3c(call), level)
        yield from _identity(exchange, call, decoded, level)
        if "state" in exchange.seen:
            yield from state_findings(exchange, call, level)
        if exchange.case.topic == "baggage" and "baggage" in exchange.seen:
            yield from baggage_findings(exchange.sent, call)
        if exchange.case.topic == "names":
            yield from _spelling(call)
        if decoded.context is not None:
            spans.append(decoded.context.parent_id)
    if len(set(spans)) < len(spans):
        yield Finding("MUST", "calls of one request have the same parent-id")


def _identity(exchange: Exchange, call: Pairs, decoded: Decoded, level: Level) -> Iterator[Finding]:
    """What is wrong with the traceparent that came back."""
    values = [value for name, value in call if canonical(name) == "traceparent"]
    if not values:
        yield Finding("MUST", "sends no traceparent on")
        return
    context, problem = decoded.context, decoded.problem
    if context is None or context.trace_id is None:
        why = f"{problem.code}: {problem.detail}" if problem else "no trace context"
        yield Finding("MUST", f"sends a broken traceparent on ({why})")
        return
    if not values[0].strip().startswith(_VERSION):
        yield Finding("MUST", f"sends version {values[0].strip()[:2]} on, not 00")
    if any(one.code == "unknown_flags" for one in decoded.warnings):
        yield Finding("MUST", "sends flags on that are reserved")
    yield from _trace(exchange, context, level)


def _trace(exchange: Exchange, context: SpanContext, level: Level) -> Iterator[Finding]:
    """Whether the trace is gone on with where it should be, and only there."""
    received = received_context(exchange.sent, level)
    trace_id = context.trace_id or ""
    if received is None:
        if _is_taken_from(trace_id, exchange.sent):
            yield Finding("MUST", "goes on with a trace that it should not: a new one was due")
        return
    if trace_id != received.trace_id:
        yield Finding("MUST", "begins a new trace instead of going on")
        return
    if context.parent_id == exchange.parent_id:
        yield Finding("MUST", "sends the caller's parent-id on instead of its own span's")
    if level > 1 and bool(context.random) != bool(received.random):
        yield Finding("MUST", f"{'sets' if context.random else 'clears'} the random flag")


def _is_taken_from(trace_id: str, sent: Pairs) -> bool:
    """Whether a trace-id has digits of one that was sent, cut or padded as it may be."""
    texts = [value.lower() for _, value in sent]
    pieces = (
        trace_id[at : at + _SHARED_DIGITS] for at in range(len(trace_id) - _SHARED_DIGITS + 1)
    )
    return any(piece.strip("0") and piece in text for piece in pieces for text in texts)


def _spelling(call: Pairs) -> Iterator[Finding]:
    names = [name for name, _ in of_w3c(call)]
    for name in names:
        if name != name.lower():
            yield Finding("SHOULD", f"sends the name {name}, not in lower case")
    if sum(canonical(name) == "tracestate" for name in names) > 1:
        yield Finding("SHOULD", "sends tracestate in several headers")
