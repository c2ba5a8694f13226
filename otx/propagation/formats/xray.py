"""AWS X-Ray: `X-Amzn-Trace-Id: Root=1-{seconds}-{24 digits};Parent={16 digits};Sampled={0,1,?}`."""

from otx.propagation.carrier import Carrier
from otx.propagation.ids import ANY_HEX, check_digits, span_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part, split

NAME = "X-Amzn-Trace-Id"

_STATES = {"1": True, "0": False, "?": None, "": None}
_LABELS = {
    "root": "trace id: 1, epoch seconds, the rest",
    "parent": "span id",
    "sampled": "decision",
    "self": "the load balancer's own id",
    "lineage": "loop detection of Lambda",
}
_ROOT_WIDTH = len("1-") + 8 + len("-") + 24


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; load balancers send a trace id alone.

    Raises:
        Malformed: The header has no trace id, or something in it is not valid.
    """
    field = carrier.first("x-amzn-trace-id")
    if field is None:
        raise Malformed(Problem("missing_trace_id"))
    places = _places(field)
    if "root" not in places:
        raise Malformed(Problem("missing_trace_id", field, 0, len(field.value), "Root is missing"))
    trace = _root(field, *places["root"])
    parent = span_id(field, *places["parent"], digits=ANY_HEX) if "parent" in places else None
    return SpanContext(trace, parent, _sampled(field, places.get("sampled")))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The header; none where there is no trace id."""
    if context.trace_id is None:
        return []
    pieces = [f"Root=1-{context.trace_id[:8]}-{context.trace_id[8:]}"]
    if context.parent_id is not None:
        pieces.append(f"Parent={context.parent_id}")
    if context.sampled is not None:
        pieces.append(f"Sampled={int(context.sampled)}")
    return [(NAME, ";".join(pieces))]


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    return [
        Part(start, end, _LABELS[key])
        for key, (start, end) in _places(field).items()
        if key in _LABELS
    ]


def _places(field: Field) -> dict[str, tuple[int, int]]:
    """Key in lower case -> the columns of its value; the first of each counts."""
    places: dict[str, tuple[int, int]] = {}
    for start, end in split(field.value, ";"):
        key, equals, value = field.value[start:end].partition("=")
        if equals:
            value_start = end - len(value.lstrip(" \t"))
            places.setdefault(key.strip(" \t").lower(), (value_start, end))
    return places


def _root(field: Field, start: int, end: int) -> str:
    text = field.value[start:end]
    version, _, rest = text.partition("-")
    if version != "1":
        detail = f"the version is {version[:20]!r}, not 1"
        place = min(start + max(len(version), 1), end)
        raise Malformed(Problem("bad_trace_id", field, start, place, detail))
    seconds, dash, unique = rest.partition("-")
    if not dash or len(seconds) != 8 or len(unique) != 24:
        detail = f"{text[:40]!r} is not 1-, 8 digits, -, 24 digits ({_ROOT_WIDTH} characters)"
        raise Malformed(Problem("bad_trace_id", field, start, end, detail))
    check_digits("bad_trace_id", field, start + 2, start + 10, ANY_HEX)
    check_digits("bad_trace_id", field, start + 11, end, ANY_HEX)
    trace = (seconds + unique).lower()
    if not trace.strip("0"):
        raise Malformed(Problem("zero_trace_id", field, start, end, "the trace id is all zero"))
    return trace


def _sampled(field: Field, place: tuple[int, int] | None) -> bool | None:
    text = "" if place is None else field.value[slice(*place)]
    if place is not None and text not in ("0", "1", "?"):
        detail = f"the decision is {text[:20]!r}, not 0, 1 or ?"
        raise Malformed(Problem("bad_flags", field, *place, detail))
    return _STATES[text]
