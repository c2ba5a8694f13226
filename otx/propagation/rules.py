"""The rule that a problem breaks: what it says, where it stands, and what a receiver does next."""

from dataclasses import dataclass

from otx.propagation.model import Problem
from otx.propagation.registry import BY_NAME, FORMATS

_W3C = "W3C Trace Context"
_OT = "OpenTelemetry, TraceState handling"
_DD = "Datadog, W3C tracestate member dd"
_BAGGAGE = "W3C Baggage"

_RESTART = "ignore traceparent and tracestate and start a new trace"
_IGNORE = "ignore these headers and start a new trace"
_DROP_STATE = "drop the whole tracestate and go on with traceparent"
_GO_ON = "go on: the context is valid"
_DROP_BAGGAGE = "what is undefined: some drop the member, some all of it; the trace goes on"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        says: What it asks for.
        where: The specification and its section.
        consequence: What a conforming receiver does with a header that breaks it.
    """

    says: str
    where: str
    consequence: str


def rule_of(problem: Problem, format_name: str | None) -> Rule:
    """The rule that a problem breaks.

    Args:
        problem: The problem.
        format_name: The format that it was found in; None where there was none.
    """
    owner, code = _owner(problem.code, format_name)
    if owner in ("w3c", "server-timing", "traceresponse", None) and code in _W3C_RULES:
        return _W3C_RULES[code]
    if code in _RULES:
        return _RULES[code]
    says = _ANY_FORMAT.get(code, "")
    where = BY_NAME[owner].specification if owner else _W3C
    return Rule(says, where, _IGNORE)


def _owner(code: str, format_name: str | None) -> tuple[str | None, str]:
    """The format that a code belongs to: `w3c_zero_trace_id` is of another than the one read."""
    if code in _RULES or code in _W3C_RULES:
        return format_name, code
    for one in FORMATS:
        prefix = one.name.replace("-", "_") + "_"
        rest = code.removeprefix(prefix)
        if rest != code and (rest in _W3C_RULES or rest in _RULES or rest in _ANY_FORMAT):
            return one.name, rest
    return format_name, code


_W3C_RULES = {
    "missing_traceparent": Rule(
        "a context begins with traceparent; tracestate alone is nothing",
        f"{_W3C}, 4.2 a traceparent is not received",
        "start a new trace",
    ),
    "duplicate_traceparent": Rule(
        "there is one traceparent", f"{_W3C}, 3.2.1 header name", _RESTART
    ),
    "bad_length": Rule(
        "version 00 has 55 characters, a later one at least as many",
        f"{_W3C}, 3.2.4 versioning of traceparent",
        _RESTART,
    ),
    "bad_version": Rule(
        "two lower-case hex digits and a dash come first", f"{_W3C}, 3.2.2.1 version", _RESTART
    ),
    "version_ff": Rule("version ff is invalid", f"{_W3C}, 3.2.2.1 version", _RESTART),
    "bad_trace_id": Rule(
        "the trace-id has 32 lower-case hex digits", f"{_W3C}, 3.2.2.3 trace-id", _RESTART
    ),
    "zero_trace_id": Rule("a trace-id of zeros is invalid", f"{_W3C}, 3.2.2.3 trace-id", _RESTART),
    "bad_parent_id": Rule(
        "the parent-id has 16 lower-case hex digits", f"{_W3C}, 3.2.2.4 parent-id", _RESTART
    ),
    "zero_parent_id": Rule(
        "a parent-id of zeros is invalid", f"{_W3C}, 3.2.2.4 parent-id", _RESTART
    ),
    "bad_flags": Rule(
        "the flags have 2 lower-case hex digits", f"{_W3C}, 3.2.2.5 trace-flags", _RESTART
    ),
    "trailing_data": Rule(
        "version 00 ends behind the flags", f"{_W3C}, 3.2.2.2 version-format", _RESTART
    ),
    "bad_separator": Rule(
        "dashes stand at 35, 52 and, where more follows, 55",
        f"{_W3C}, 3.2.4 versioning of traceparent",
        _RESTART,
    ),
}
_RULES = {
    "unknown_flags": Rule(
        "flags that are not known are ignored, and sent as 0",
        f"{_W3C}, 3.2.2.5 trace-flags",
        "go on, and send these bits as 0",
    ),
    "future_version": Rule(
        "of a later version only what version 00 has is read",
        f"{_W3C}, 3.2.4 versioning of traceparent",
        "go on, and send version 00",
    ),
    "ts_no_equals": Rule("a member is key=value", f"{_W3C}, 3.3.1.3 list-members", _DROP_STATE),
    "ts_bad_key": Rule(
        "a key has a-z, 0-9, _ - * / @ and begins with a letter or digit",
        f"{_W3C}, 3.3.1.3.1 key",
        _DROP_STATE,
    ),
    "ts_key_too_long": Rule(
        "a key has at most 256 characters", f"{_W3C}, 3.3.1.3.1 key", _DROP_STATE
    ),
    "ts_bad_value": Rule(
        "a value has printable ASCII without , and =, and does not end in a space",
        f"{_W3C}, 3.3.1.3.2 value",
        _DROP_STATE,
    ),
    "ts_value_too_long": Rule(
        "a value has at most 256 characters", f"{_W3C}, 3.3.1.3.2 value", _DROP_STATE
    ),
    "ts_too_many_members": Rule(
        "there are at most 32 members", f"{_W3C}, 3.3.1.2 list", _DROP_STATE
    ),
    "ts_duplicate_key": Rule(
        "a key stands there once",
        f"{_W3C}, 3.3.1.3.1 key",
        "keep both or drop one; OpenTelemetry for Python drops the whole header",
    ),
    "ot_bad_list": Rule(
        "the member is key:value between ;, each key once", _OT, "ignore the member ot"
    ),
    "ot_bad_th": Rule("th has 1 to 14 lower-case hex digits", _OT, "ignore th"),
    "ot_bad_rv": Rule("rv has 14 lower-case hex digits", _OT, "ignore rv"),
    "ot_inconsistent": Rule(
        "a span is kept where its randomness is not below the threshold",
        "OpenTelemetry, TraceState: probability sampling",
        "go on; counts made from this threshold are wrong",
    ),
    "dd_priority_conflict": Rule(
        "the sampled flag decides over s", _DD, "go on with 1 where sampled, else with 0"
    ),
    "dd_bad_priority": Rule("s is a whole number", _DD, "take the priority from the flag"),
    "dd_unknown_priority": Rule(
        "the priority is -1, 0, 1 or 2",
        "Datadog, sampling priority",
        "go on: above 0 is to keep; tracers differ in what they send on",
    ),
    "dd_malformed_tid": Rule(
        "_dd.p.tid has 16 lower-case hex digits",
        "Datadog, 128-bit trace ids",
        "go on with the low 64 bits",
    ),
    "b3_bad_fields": Rule(
        "a trace id and a span id come together; a decision may stand alone",
        "B3 propagation, identifiers",
        _IGNORE,
    ),
    "b3_bad_state": Rule(
        "the decision is 1, 0 or, in one header, d; left out where it is left to the receiver",
        "B3 propagation, sampling state",
        _IGNORE,
    ),
    "b3_bad_parent": Rule(
        "the parent's span id has 16 lower-case hex digits, or is left out",
        "B3 propagation, parent span id",
        _IGNORE,
    ),
    "b3_legacy_boolean": Rule(
        "the decision is 1 or 0",
        "B3 propagation, sampling state",
        "be lenient, though not every one is",
    ),
    "jaeger_bad_fields": Rule(
        "there are four fields between colons",
        "Jaeger client libraries, propagation format",
        _IGNORE,
    ),
    "bg_no_equals": Rule("a member is key=value", f"{_BAGGAGE}, list-member", _DROP_BAGGAGE),
    "bg_bad_key": Rule("a key is a token of HTTP", f"{_BAGGAGE}, key", _DROP_BAGGAGE),
    "bg_bad_value": Rule(
        'a value has printable ASCII without space, ", comma, ; and \\; the rest as %XX',
        f"{_BAGGAGE}, value",
        _DROP_BAGGAGE,
    ),
    "bg_bad_property": Rule(
        "a property is a token, or one with a value", f"{_BAGGAGE}, property", _DROP_BAGGAGE
    ),
    "bg_over_limit": Rule(
        "64 members in 8192 bytes must be propagated, more may be",
        f"{_BAGGAGE}, limits",
        "go on; platforms on the way may drop members",
    ),
    "bg_sensitive": Rule(
        "baggage is plain text, and is sent to third parties as well",
        f"{_BAGGAGE}, privacy considerations",
        "take care: it is in every request from here on",
    ),
    "duplicate_header": Rule(
        "the header stands there once", "HTTP semantics (RFC 9110), 5.3 field order", _GO_ON
    ),
    "trace_id_conflict": Rule(
        "all formats of a request name one trace; a 64-bit id is the low half of a 128-bit one",
        "OpenTelemetry, composite propagators",
        "take the one of its first propagator: services that read another see another trace",
    ),
    "parent_id_conflict": Rule(
        "all formats of a request name one parent",
        "OpenTelemetry, composite propagators",
        "take the one of its first propagator: a hop between rewrote one format alone",
    ),
    "sampled_conflict": Rule(
        "all formats of a request carry one decision",
        "OpenTelemetry, composite propagators",
        "take the one of its first propagator: traces come in pieces",
    ),
    "random_conflict": Rule(
        "the random flag is kept with the trace-id",
        f"{_W3C}, 3.2.2.5 trace-flags",
        "not trust the randomness of this trace-id",
    ),
    "grpc_bad_base64": Rule(
        "a header that ends in -bin is base64", "gRPC over HTTP/2, binary headers", _IGNORE
    ),
    "grpc_bad_version": Rule("the first byte is 0", "OpenCensus, binary encoding", _IGNORE),
    "grpc_bad_fields": Rule(
        "fields 0, 1 and 2 have 16, 8 and 1 bytes", "OpenCensus, binary encoding", _IGNORE
    ),
}
_ANY_FORMAT = {
    "missing_trace_id": "a context has a trace id",
    "missing_parent_id": "a context has a span id",
    "bad_trace_id": "the trace id is of the format's digits and width",
    "zero_trace_id": "a trace id of zeros is invalid",
    "bad_parent_id": "the span id is of the format's digits and width",
    "zero_parent_id": "a span id of zeros is invalid",
    "bad_flags": "the decision or the flags are of the format's values",
}
