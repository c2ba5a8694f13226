"""Cases about `traceparent`: which one is gone on with, and which one begins a new trace."""

from otx.propagation.conformance.case import Case, Pairs

GOOD = "00-{trace}-{parent}-01"

_NAME = "W3C Trace Context, 3.2.1 header name"
_VERSION = "W3C Trace Context, 3.2.2.1 version"
_FORMAT = "W3C Trace Context, 3.2.2.2 version-format"
_TRACE_ID = "W3C Trace Context, 3.2.2.3 trace-id"
_PARENT_ID = "W3C Trace Context, 3.2.2.4 parent-id"
_FLAGS = "W3C Trace Context, 3.2.2.5 trace-flags"
_VERSIONING = "W3C Trace Context, 3.2.4 versioning of traceparent"
_MUTATING = "W3C Trace Context, 3.4 mutating the traceparent field"
_RESTART = "W3C Trace Context, 4.3 a traceparent is received"
_SPACE = "HTTP semantics (RFC 9110), 5.5 field values"


def _case(name: str, summary: str, rule: str, *values: str, calls: int = 1) -> Case:
    headers: Pairs = tuple(("traceparent", value) for value in values)
    return Case(f"traceparent-{name}", "trace", "MUST", summary, rule, headers, calls)


def _named(name: str, spelling: str, summary: str) -> Case:
    headers = ((spelling, GOOD),)
    return Case(f"traceparent-{name}", "trace", "MUST", summary, _NAME, headers)


_KEPT = (
    _case("absent", "no header at all", "W3C Trace Context, 4.2 a traceparent is not received"),
    _case("valid", "a valid header, sampled", _MUTATING, GOOD),
    _case("not-sampled", "a valid header, not sampled", _MUTATING, "00-{trace}-{parent}-00"),
    _case("flags-reserved", "flags with bits that are reserved", _FLAGS, "00-{trace}-{parent}-f9"),
    _case("space-before", "a space before the value", _SPACE, " " + GOOD),
    _case("tab-before", "a tab before the value", _SPACE, "\t" + GOOD),
    _case("space-behind", "a space behind the value", _SPACE, GOOD + " "),
    _case("tab-behind", "a tab behind the value", _SPACE, GOOD + "\t"),
    _case("space-around", "tabs and spaces round the value", _SPACE, f"\t {GOOD} \t"),
    _case("version-later", "version cc, as long as 00", _VERSIONING, "cc-{trace}-{parent}-01"),
    _case(
        "version-later-longer",
        "version cc with a field more",
        _VERSIONING,
        "cc-{trace}-{parent}-01-what-comes-later",
    ),
)
_NEW = (
    _case("twice", "two headers that differ", _RESTART, GOOD, "00-f{trace:.31}-{parent}-01"),
    _case("empty", "an empty header", _RESTART, ""),
    _case("tail-dot", "version 00 and a dot behind it", _FORMAT, GOOD + "."),
    _case("tail-field", "version 00 with a field more", _FORMAT, GOOD + "-what-comes-later"),
    _case(
        "version-later-dot",
        "version cc, and no dash behind the flags",
        _VERSIONING,
        "cc-{trace}-{parent}-01.what-comes-later",
    ),
    _case(
        "version-later-short",
        "version cc, shorter than 00",
        _VERSIONING,
        "cc-{trace}-{parent:.15}-01",
    ),
    _case("version-ff", "version ff", _VERSION, "ff-{trace}-{parent}-01"),
    _case("version-dot-first", "a dot in the version", _VERSION, ".0-{trace}-{parent}-01"),
    _case("version-dot-last", "a dot at the version's end", _VERSION, "0.-{trace}-{parent}-01"),
    _case("version-upper", "a version in upper case", _VERSION, "CC-{trace}-{parent}-01"),
    _case("version-1-digit", "a version of one digit", _VERSION, "0-{trace}-{parent}-01"),
    _case("version-3-digits", "a version of three digits", _VERSION, "000-{trace}-{parent}-01"),
    _case("version-4-digits", "a version of four digits", _VERSION, "0000-{trace}-{parent}-01"),
    _case("trace-zero", "a trace-id of zeros", _TRACE_ID, f"00-{'0' * 32}-{{parent}}-01"),
    _case("trace-upper", "a trace-id in upper case", _TRACE_ID, "00-{TRACE}-{parent}-01"),
    _case("trace-dot-first", "a dot in the trace-id", _TRACE_ID, "00-.{trace:.31}-{parent}-01"),
    _case(
        "trace-dot-last", "a dot at the trace-id's end", _TRACE_ID, "00-{trace:.31}.-{parent}-01"
    ),
    _case("trace-33-digits", "a trace-id of 33 digits", _TRACE_ID, "00-{trace}3-{parent}-01"),
    _case("trace-31-digits", "a trace-id of 31 digits", _TRACE_ID, "00-{trace:.31}-{parent}-01"),
    _case("trace-16-digits", "a trace-id of 64 bits", _TRACE_ID, "00-{trace:.16}-{parent}-01"),
    _case("parent-zero", "a parent-id of zeros", _PARENT_ID, f"00-{{trace}}-{'0' * 16}-01"),
    _case("parent-upper", "a parent-id in upper case", _PARENT_ID, "00-{trace}-{PARENT}-01"),
    _case("parent-dot-first", "a dot in the parent-id", _PARENT_ID, "00-{trace}-.{parent:.15}-01"),
    _case(
        "parent-dot-last", "a dot at the parent-id's end", _PARENT_ID, "00-{trace}-{parent:.15}.-01"
    ),
    _case("parent-17-digits", "a parent-id of 17 digits", _PARENT_ID, "00-{trace}-{parent}7-01"),
    _case("parent-15-digits", "a parent-id of 15 digits", _PARENT_ID, "00-{trace}-{parent:.15}-01"),
    _case("flags-dot-first", "a dot in the flags", _FLAGS, "00-{trace}-{parent}-.1"),
    _case("flags-dot-last", "a dot at the flags' end", _FLAGS, "00-{trace}-{parent}-0."),
    _case("flags-upper", "flags in upper case", _FLAGS, "00-{trace}-{parent}-0B"),
    _case("flags-3-digits", "flags of three digits", _FLAGS, "00-{trace}-{parent}-001"),
    _case("flags-1-digit", "flags of one digit", _FLAGS, "00-{trace}-{parent}-1"),
)
_NAMES = (
    _named("name-hyphen", "trace-parent", "the name with a hyphen is another header"),
    _named("name-dot", "trace.parent", "the name with a dot is another header"),
    _named("name-title", "TraceParent", "the name in title case"),
    _named("name-mixed", "TrAcEpArEnT", "the name in mixed case"),
    _named("name-upper", "TRACEPARENT", "the name in upper case"),
)
_RANDOM = (
    Case(
        "random-set",
        "trace",
        "MUST",
        "the random flag is set",
        _FLAGS,
        (("traceparent", "00-{trace}-{parent}-03"),),
        levels=(2,),
    ),
    Case(
        "random-set-not-sampled",
        "trace",
        "MUST",
        "the random flag is set, sampled is not",
        _FLAGS,
        (("traceparent", "00-{trace}-{parent}-02"),),
        levels=(2,),
    ),
)
_CALLS = (
    _case("calls", "three calls of one request", _MUTATING, GOOD, calls=3),
    _case("calls-absent", "three calls of a request without headers", _MUTATING, calls=3),
    _case(
        "calls-broken",
        "three calls of a request with a broken header",
        _RESTART,
        f"00-{'0' * 32}-{{parent}}-01",
        calls=3,
    ),
)
_SPELLING = (
    Case(
        "sent-names",
        "names",
        "SHOULD",
        "names are sent in lower case, tracestate in one header",
        _NAME,
        (("traceparent", GOOD), ("tracestate", "foo=1,bar=2")),
    ),
)
CASES = (*_KEPT, *_NAMES, *_RANDOM, *_NEW, *_CALLS, *_SPELLING)
