"""What responses show of the context that a service has."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.propagation.conformance.case import Pairs
from otx.propagation.conformance.shown import ARRIVED, NOTHING, shown_call

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT: Pairs = (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),)
OWN = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "headers",
    [
        (("Server-Timing", f"db;dur=5, trace;desc={OWN}"),),
        (("server-timing", "db;dur=5"), ("Server-Timing", f'trace;desc="{OWN}"')),
        (("traceresponse", OWN),),
    ],
)
def test_response_headers_name_the_span_and_no_more(headers: Pairs) -> None:
    assert shown_call(headers, "", SENT) == (
        (("traceparent", OWN),),
        frozenset(("trace",)),
        "",
    )


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"sends": {"traceparent": OWN, "tracestate": "a=1"}}),
        json.dumps([{"Traceparent": [OWN], "TraceState": "a=1"}]),
        f"> traceparent: {OWN}\n> tracestate: a=1\n",
        f"'traceparent'='{OWN}'\n\"tracestate\": \"a=1\"",
    ],
)
def test_a_body_may_show_what_would_be_sent_on(body: str) -> None:
    call, seen, excuse = shown_call((), body, SENT)
    assert [value for _, value in call] == [OWN, "a=1"]
    assert (sorted(seen), excuse) == (["baggage", "state", "trace"], "")


@pytest.mark.parametrize(
    ("body", "excuse"),
    [
        (json.dumps({"headers": dict(SENT)}), ARRIVED),
        (f"TraceParent: {SENT[0][1]}", ARRIVED),
        (json.dumps({"tracestate": [["a", "1"]], "traceparent": 7}), NOTHING),
        ("<html>nothing</html>", NOTHING),
        ("[" * 5000 + "]" * 5000, NOTHING),
        ("", NOTHING),
    ],
)
def test_what_arrived_is_not_what_is_sent_on(body: str, excuse: str) -> None:
    assert shown_call((), body, SENT) == ((), frozenset(), excuse)


def test_two_headers_that_a_mirror_joins_have_arrived() -> None:
    sent = (*SENT, ("traceparent", OWN))
    body = json.dumps({"Traceparent": f"{SENT[0][1]},{OWN}"})
    assert shown_call((), body, sent)[2] == ARRIVED


@given(st.text(), st.text())
def test_no_response_is_too_odd(header: str, body: str) -> None:
    shown_call((("Server-Timing", header), ("traceresponse", header)), body, SENT)
