"""What a service that takes part in traces sends on: the conforming one, to compare with."""

from collections.abc import Callable
from dataclasses import replace

from otx.propagation.carrier import canonical
from otx.propagation.conformance.case import Pairs
from otx.propagation.decoding import decode_headers
from otx.propagation.formats import w3c
from otx.propagation.model import Level, SpanContext

HEADERS = ("traceparent", "tracestate", "baggage")
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_STAND_IN_TRACE, _STAND_IN_SPAN = "e" * _TRACE_DIGITS, "a" * _SPAN_DIGITS
NEW_TRACE, OWN_SPAN = "<new trace-id>", "<id of its span>"


def received_context(pairs: Pairs, level: Level) -> SpanContext | None:
    """The context that the W3C headers of a request carry; None where a new trace begins."""
    decoded = decode_headers(of_w3c(pairs), level)
    context = decoded.context
    if context is None or context.trace_id is None:
        return None
    return context if level > 1 else replace(context, random=False)


def of_w3c(pairs: Pairs) -> Pairs:
    """The headers of W3C's specifications among others."""
    return tuple((name, value) for name, value in pairs if canonical(name) in HEADERS)


def own_context(pairs: Pairs, level: Level, make_id: Callable[[int], str]) -> SpanContext:
    """The context of the span that serves a request.

    Args:
        pairs: The request's headers.
        level: The level of W3C Trace Context.
        make_id: Makes a random id of so many hex digits.
    """
    context = received_context(pairs, level)
    if context is None:
        # Level 1 has no random flag; sampled is 0 where nobody has decided yet.
        context = SpanContext(make_id(_TRACE_DIGITS), None, sampled=False, random=level > 1)
    baggage = decode_headers(of_w3c(pairs), level).baggage
    return replace(context, parent_id=make_id(_SPAN_DIGITS), baggage=baggage)


def sent_on(own: SpanContext, make_id: Callable[[int], str]) -> list[tuple[str, str]]:
    """The headers of one call that is made while a request is served."""
    return w3c.encode(replace(own, parent_id=make_id(_SPAN_DIGITS)))


def model_answer(pairs: Pairs, level: Level) -> list[tuple[str, str]]:
    """The headers that a conforming service sends on, with words for the ids that it makes."""
    stand_ins = {_TRACE_DIGITS: _STAND_IN_TRACE, _SPAN_DIGITS: _STAND_IN_SPAN}
    headers = w3c.encode(own_context(pairs, level, stand_ins.__getitem__))
    return [(name, _in_words(value) if name == "traceparent" else value) for name, value in headers]


def _in_words(value: str) -> str:
    return value.replace(_STAND_IN_TRACE, NEW_TRACE).replace(_STAND_IN_SPAN, OWN_SPAN)
