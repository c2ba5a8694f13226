"""Verdicts on members of tracestate and baggage that services send on."""

import pytest

from otx.propagation.conformance.case import Ids, Pairs
from otx.propagation.conformance.cases import ALL
from otx.propagation.conformance.exchange import Exchange
from otx.propagation.conformance.judging import judge
from otx.propagation.model import Level

IDS = Ids.made(lambda size: b"\x78" * size)
PARENT = ("traceparent", f"00-{IDS.trace}-00f067aa0ba902b7-01")
NEW_PARENT = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


def judged(name: str, *headers: tuple[str, str], level: Level = 2) -> tuple[str, list[str]]:
    case = next(case for case in ALL if case.id == name)
    call: Pairs = headers
    judgement = judge(Exchange(case, case.filled(IDS), IDS.parent, (call,)), level)
    return judgement.verdict, [one.text for one in judgement.findings]


def state(name: str, value: str, level: Level = 2) -> tuple[str, list[str]]:
    return judged(name, PARENT, ("tracestate", value), level=level)


@pytest.mark.parametrize(
    ("value", "verdict", "texts"),
    [
        ("foo=1,bar=2", "pass", []),
        ("own=x,foo=1,bar=2", "pass", []),
        ("foo=1, bar=2", "pass", []),
        ("foo=1", "fail", ["tracestate: bar is lost"]),
        ("foo=1,bar=3", "fail", ["tracestate: the value of bar is changed"]),
        ("bar=2,foo=1", "fail", ["tracestate: the order of members is changed"]),
        ("own=x", "fail", ["tracestate: all members are lost"]),
        ("foo=1,own=x,bar=2", "warn", ["puts its own member own behind those of others"]),
        ("foo=1,BAR=2", "fail", ["sends a broken tracestate on (ts_bad_key)"]),
        ("", "fail", ["tracestate: all members are lost", "sends an empty tracestate on"]),
    ],
)
def test_members_go_on(value: str, verdict: str, texts: list[str]) -> None:
    assert state("tracestate-valid", value) == (verdict, texts)


def test_an_own_member_pushes_the_last_of_32_out() -> None:
    members = [f"bar{number:02d}={number:02d}" for number in range(1, 33)]
    assert state("tracestate-members-32", ",".join(members))[0] == "pass"
    assert state("tracestate-members-32", ",".join(["own=x", *members[:31]]))[0] == "pass"
    assert state("tracestate-members-32", ",".join(members[:31])) == (
        "warn",
        ["tracestate: bar32 is lost"],
    )


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("foo=1,foo=2", "pass"),
        ("foo=1", "pass"),
        ("foo=2", "pass"),
        ("foo=3", "warn"),
        ("", "warn"),
    ],
)
def test_of_a_key_that_is_there_twice_one_or_both_go_on(value: str, verdict: str) -> None:
    assert state("tracestate-twice", value)[0] == verdict


def test_what_is_broken_is_dropped_as_a_whole() -> None:
    assert judged("tracestate-key-upper", PARENT) == ("pass", [])
    assert state("tracestate-key-upper", "bar=2") == (
        "warn",
        ["sends the other members on (bar=2): W3C's test suite has all of them dropped"],
    )
    assert state("tracestate-key-upper", "FOO=1,bar=2") == (
        "warn",
        ["sends on what should be dropped: FOO=1"],
    )


@pytest.mark.parametrize("name", ["tracestate-alone", "tracestate-parent-broken"])
def test_without_a_traceparent_no_member_goes_on(name: str) -> None:
    assert judged(name, NEW_PARENT, ("tracestate", "own=x")) == ("pass", [])
    verdict, texts = judged(name, NEW_PARENT, ("tracestate", "own=x,foo=1"))
    assert (verdict, texts) == ("fail", ["sends on what should be dropped: foo=1"])


def test_level_1_drops_keys_of_level_2() -> None:
    assert state("tracestate-key-at-last", "foo@=1,bar=2") == ("pass", [])
    assert state("tracestate-key-at-last", "foo@=1,bar=2", level=1)[0] == "warn"
    assert judged("tracestate-key-at-last", PARENT, level=1) == ("pass", [])


@pytest.mark.parametrize(
    ("name", "value", "texts"),
    [
        ("baggage-several", "userId=alice,region=eu,isProduction=false", []),
        ("baggage-several", "own=x, isProduction=false;p ,region=eu,userId=alice", None),
        ("baggage-one", "userId=bob", ["baggage userId is changed"]),
        ("baggage-one", "region=eu", ["baggage userId is lost"]),
        ("baggage-one", "userId", ["sends a broken baggage on"]),
        ("baggage-escapes", "name=Am%c3%a9lie%20%22Am%22,list=a%2cb", []),
        ("baggage-escapes", "name=Am%C3%A9lie+%22Am%22,list=a%2Cb", ["baggage name is changed"]),
        (
            "baggage-properties",
            "userId=alice,region=eu",
            ["baggage userId is sent on without its properties"],
        ),
    ],
)
def test_baggage_is_advice(name: str, value: str, texts: list[str] | None) -> None:
    verdict, found = judged(name, PARENT, ("baggage", value))
    if texts is not None:
        assert (verdict, found) == ("warn" if texts else "pass", texts)
    assert verdict != "fail"


def test_no_baggage_is_said_once() -> None:
    assert judged("baggage-several", PARENT) == ("warn", ["sends no baggage on"])
