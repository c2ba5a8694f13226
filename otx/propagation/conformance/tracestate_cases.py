"""Cases about `tracestate`: what is carried on as it is, and what is dropped."""

from otx.propagation.conformance.case import Case, Requirement
from otx.propagation.conformance.traceparent_cases import GOOD
from otx.propagation.model import Level

_LIST = "W3C Trace Context, 3.3.1 tracestate header field values"
_NAME = "W3C Trace Context, 3.3 header name"
_COUNT = "W3C Trace Context, 3.3.1.2 list"
_KEY = "W3C Trace Context, 3.3.1.3.1 key"
_VALUE = "W3C Trace Context, 3.3.1.3.2 value"
_COMBINED = "W3C Trace Context, 3.3.1.4 combined header value"
_LIMITS = "W3C Trace Context, 3.3.1.5 limits"
_RELATION = "W3C Trace Context, 3.3 tracestate header"
_MUTATING = "W3C Trace Context, 3.5 mutating the tracestate field"

_KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
_VALUE_CHARACTERS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=")


def _members(first: int, last: int) -> str:
    return ",".join(f"bar{number:02d}={number:02d}" for number in range(first, last + 1))


def _case(
    name: str,
    requirement: Requirement,
    summary: str,
    rule: str,
    *values: str,
    header: str = "tracestate",
    parent: str | None = GOOD,
    levels: tuple[Level, ...] = (1, 2),
) -> Case:
    states = tuple((header, value.replace("{", "{{").replace("}", "}}")) for value in values)
    parents = () if parent is None else (("traceparent", parent),)
    identity = f"tracestate-{name}"
    return Case(identity, "state", requirement, summary, rule, parents + states, 1, levels)


_KEPT = (
    _case("valid", "MUST", "two members", _MUTATING, "foo=1,bar=2"),
    _case("name-title", "MUST", "the name in title case", _NAME, "foo=1", header="TraceState"),
    _case("name-mixed", "MUST", "the name in mixed case", _NAME, "foo=1", header="TrAcEsTaTe"),
    _case("name-upper", "MUST", "the name in upper case", _NAME, "foo=1", header="TRACESTATE"),
    _case("empty", "MUST", "an empty header", _LIST, ""),
    _case("empty-last", "MUST", "a header, and an empty one", _LIST, "foo=1", ""),
    _case("empty-first", "MUST", "an empty header, and another", _LIST, "", "foo=1"),
    _case("empty-members", "MUST", "empty members between others", _LIST, "foo=1,,bar=2, ,"),
    _case(
        "several-headers",
        "MUST",
        "three headers are one list, in order",
        _LIST,
        "foo=1,bar=2",
        "rojo=1,congo=2",
        "baz=3",
    ),
    _case("space", "MUST", "spaces round members", _LIST, "foo=1 \t , \t bar=2, \t baz=3"),
    _case("tabs", "MUST", "tabs round members", _LIST, "foo=1\t \t,\t \tbar=2,\t \tbaz=3"),
    _case("space-before", "MUST", "a space before the value", _LIST, " foo=1"),
    _case("tab-before", "MUST", "a tab before the value", _LIST, "\tfoo=1"),
    _case("space-behind", "MUST", "a space behind the value", _LIST, "foo=1 "),
    _case("tab-behind", "MUST", "a tab behind the value", _LIST, "foo=1\t"),
    _case(
        "characters",
        "MUST",
        "every character that key and value may have",
        _VALUE,
        f"{_KEY_CHARACTERS}={_VALUE_CHARACTERS}",
    ),
    _case(
        "characters-tenant",
        "MUST",
        "the same with a tenant",
        _KEY,
        f"{_KEY_CHARACTERS}@a-z0-9_-*/={_VALUE_CHARACTERS}",
    ),
    _case("leading-space", "MUST", "spaces that belong to a value", _VALUE, "foo=  1,bar=2"),
    _case(
        "later-version",
        "SHOULD",
        "beside a traceparent of version cc",
        "W3C Trace Context, 3.3.3 versioning of tracestate",
        "foo=1,bar=2",
        parent="cc-{trace}-{parent}-01",
    ),
    _case(
        "members-32",
        "SHOULD",
        "32 members in several headers",
        _COUNT,
        _members(1, 10),
        _members(11, 20),
        _members(21, 32),
    ),
    _case("key-256", "SHOULD", "a key of 256 characters", _KEY, "foo=1", "z" * 256 + "=1"),
    _case("value-256", "SHOULD", "a value of 256 characters", _VALUE, "foo=1,bar=" + "v" * 256),
    _case(
        "tenant-241-14",
        "SHOULD",
        "a tenant of 241 characters, a system of 14",
        _KEY,
        "foo=1",
        "t" * 241 + "@" + "v" * 14 + "=1",
    ),
    _case(
        "characters-512",
        "SHOULD",
        "512 characters",
        _LIMITS,
        ",".join(f"key{number}=" + "v" * 122 for number in range(1, 5)),
    ),
)
_LEVEL_2 = (
    _case("key-digit", "SHOULD", "a key that begins with a digit", _KEY, "1foo=1,bar=2"),
    _case("key-at-last", "SHOULD", "an @ at a key's end", _KEY, "foo@=1,bar=2"),
    _case("key-at-twice", "SHOULD", "two @ in a row in a key", _KEY, "foo@@bar=1,bar=2"),
    _case("key-at-apart", "SHOULD", "two @ in a key", _KEY, "foo@bar@baz=1,bar=2"),
    _case("tenant-242", "SHOULD", "242 characters before the @", _KEY, "foo=1", "t" * 242 + "@v=1"),
    _case(
        "system-15", "SHOULD", "15 characters behind the @", _KEY, "foo=1", "t@" + "v" * 15 + "=1"
    ),
)
"""Keys that level 2 has made valid: carried on there, a reason to drop all before."""
_DROPPED = (
    _case("alone", "MUST", "no traceparent beside it", _RELATION, "foo=1,bar=2", parent=None),
    _case(
        "parent-broken",
        "MUST",
        "a broken traceparent beside it",
        _RELATION,
        "foo=1,bar=2",
        parent="00-{trace}-{parent}-01.",
    ),
    _case("name-hyphen", "MUST", "another header", _NAME, "foo=1", header="trace-state"),
    _case("name-dot", "MUST", "another header", _NAME, "foo=1", header="trace.state"),
    _case("key-upper", "SHOULD", "a key in upper case", _KEY, "FOO=1,bar=2"),
    _case("key-dot", "SHOULD", "a dot in a key", _KEY, "foo.bar=1,bar=2"),
    _case("key-space", "SHOULD", "a space behind a key", _KEY, "foo =1,bar=2"),
    _case("key-at-first", "SHOULD", "an @ at a key's start", _KEY, "@foo=1,bar=2"),
    _case("key-empty", "SHOULD", "no key before the =", _KEY, "=1,bar=2"),
    _case("key-257", "SHOULD", "a key of 257 characters", _KEY, "foo=1", "z" * 257 + "=1"),
    _case("no-equals", "SHOULD", "a member without =", _COUNT, "foo,bar=2"),
    _case("value-equals", "SHOULD", "an = in a value", _VALUE, "foo=bar=baz,bar=2"),
    _case("value-empty", "SHOULD", "an empty value", _VALUE, "foo=,bar=3"),
    _case("value-257", "SHOULD", "a value of 257 characters", _VALUE, "foo=" + "v" * 257),
    _case(
        "members-33",
        "SHOULD",
        "33 members in several headers",
        _COUNT,
        _members(1, 10),
        _members(11, 20),
        _members(21, 33),
    ),
)
_TWICE = (
    _case("twice-same", "SHOULD", "a key twice, the same value", _COMBINED, "foo=1,foo=1"),
    _case("twice", "SHOULD", "a key twice, other values", _COMBINED, "foo=1,foo=2"),
    _case("twice-headers-same", "SHOULD", "a key in two headers", _COMBINED, "foo=1", "foo=1"),
    _case("twice-headers", "SHOULD", "the same, other values", _COMBINED, "foo=1", "foo=2"),
)
CASES = (*_KEPT, *_LEVEL_2, *_TWICE, *_DROPPED)
