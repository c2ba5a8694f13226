"""Cases about `baggage`, which a service that takes part in a trace need not know."""

from otx.propagation.conformance.case import Case, Requirement, Topic
from otx.propagation.conformance.traceparent_cases import GOOD

_LIST = "W3C Baggage, baggage-string"
_VALUE = "W3C Baggage, value"
_LIMITS = "W3C Baggage, limits"


def _case(
    name: str,
    summary: str,
    rule: str,
    *values: str,
    parent: str | None = GOOD,
    topic: Topic = "baggage",
    requirement: Requirement = "SHOULD",
) -> Case:
    parents = () if parent is None else (("traceparent", parent),)
    headers = parents + tuple(("baggage", value) for value in values)
    return Case(f"baggage-{name}", topic, requirement, summary, rule, headers)


CASES = (
    _case("one", "one member", _LIST, "userId=alice"),
    _case("several", "three members", _LIST, "userId=alice,region=eu,isProduction=false"),
    _case("headers", "two headers are one list", _LIST, "userId=alice", "region=eu"),
    _case("space", "spaces and tabs round everything", _LIST, "userId = alice \t,\tregion= eu"),
    _case("properties", "properties of a member", _LIST, "userId=alice;ttl=30;private,region=eu"),
    _case("escapes", "characters as %XX", _VALUE, "name=Am%C3%A9lie%20%22Am%22,list=a%2Cb"),
    _case("equals", "an = in a value", _VALUE, "query=a=b,region=eu"),
    _case("empty-value", "an empty value", _VALUE, "userId=,region=eu"),
    _case(
        "members-64",
        "64 members",
        _LIMITS,
        ",".join(f"key{number:02d}={number:02d}" for number in range(1, 65)),
    ),
    _case("bytes-8192", "8192 bytes", _LIMITS, "one=" + "v" * 4091 + ",two=" + "v" * 4092),
    _case("alone", "no traceparent beside it", _LIST, "userId=alice", parent=None),
    _case(
        "parent-broken",
        "a broken traceparent beside it",
        _LIST,
        "userId=alice",
        parent="00-{trace}-{parent}-01.",
    ),
    _case(
        "broken",
        "a broken baggage does not end the trace",
        "W3C Trace Context, 3.4 mutating the traceparent field",
        'userId="alice, region',
        topic="trace",
        requirement="MUST",
    ),
)
