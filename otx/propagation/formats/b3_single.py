"""B3 in one header: `b3: {trace id}-{span id}[-{state}[-{parent's span id}]]`, or a state alone."""

from otx.propagation.carrier import Carrier
from otx.propagation.ids import is_hex, span_id, trace_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part, split

TRACE_WIDTHS = (16, 32)
STATES = {"1": True, "0": False, "d": True}


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context.

    Raises:
        Malformed: The header is not valid.
    """
    field = carrier.first("b3")
    if field is None:
        raise Malformed(Problem("b3_bad_fields"))
    places = split(field.value, "-", trimmed=False)
    if len(places) == 1 and len(field.value) == 1:
        _check_state(field, 0, 1)
        return SpanContext(sampled=STATES[field.value], debug=field.value == "d")
    if not 2 <= len(places) <= 4:
        detail = f"{len(places)} fields between dashes, not 2 to 4"
        raise Malformed(Problem("b3_bad_fields", field, 0, len(field.value), detail))
    trace = trace_id(field, *places[0], widths=TRACE_WIDTHS)
    span = span_id(field, *places[1])
    state = None
    if len(places) > 2:
        _check_state(field, *places[2])
        state = field.value[slice(*places[2])]
    grandparent = grandparent_id(field, *places[3]) if len(places) > 3 else None
    sampled = None if state is None else STATES[state]
    return SpanContext(trace, span, sampled, debug=state == "d", grandparent_id=grandparent)


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header; none where it would say nothing."""
    state = state_text(context)
    if context.trace_id is None or context.parent_id is None:
        return [("b3", state)] if state else []
    pieces = [context.trace_id, context.parent_id]
    if state:
        pieces.append(state)
        if context.grandparent_id:
            pieces.append(context.grandparent_id)
    return [("b3", "-".join(pieces))]


def state_text(context: SpanContext) -> str:
    """`d`, `1`, `0`, or "" where the decision is left to the receiver."""
    if context.debug:
        return "d"
    return "" if context.sampled is None else str(int(context.sampled))


def grandparent_id(field: Field, start: int, end: int) -> str:
    """The parent of the caller's span.

    Raises:
        Malformed: It is no id; some proxies send a dash for it.
    """
    text = field.value[start:end]
    if not is_hex(text, 16):
        detail = f"the parent's span id is {text[:20]!r}, not 16 lower-case hex digits"
        raise Malformed(Problem("b3_bad_parent", field, start, end, detail))
    return text


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    places = split(field.value, "-", trimmed=False)
    labels = ["trace id", "span id", "state", "parent's span id"]
    if len(places) == 1:
        labels = ["state"]
    return [Part(start, end, label) for (start, end), label in zip(places, labels, strict=False)]


def _check_state(field: Field, start: int, end: int) -> None:
    text = field.value[start:end]
    if text not in STATES:
        detail = f"the state is {text[:20]!r}, not 0, 1 or d"
        raise Malformed(Problem("b3_bad_state", field, start, end, detail))
