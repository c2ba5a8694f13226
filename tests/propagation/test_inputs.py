"""Headers out of what people have at hand."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.propagation.decoding import decode_headers
from otx.propagation.inputs import HeaderSet, read_json, read_line, read_text, read_words
from tests.propagation.strategies import values
from tests.propagation.vector_case import Case, block, load

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def formats(one: HeaderSet) -> str | None:
    return decode_headers(one.pairs).format


@pytest.mark.parametrize(
    ("value", "header"),
    [
        (PARENT, "traceparent"),
        (f"cc-{TRACE}-{SPAN}-01-more", "traceparent"),
        (f"0.-{TRACE}-{SPAN}-01", "traceparent"),
        ("nonsense", "traceparent"),
        (f"{TRACE}-{SPAN}-1", "b3"),
        (f"{TRACE[:16]}-{SPAN}", "b3"),
        ("d", "b3"),
        (f"{TRACE}:{SPAN}:0:1", "uber-trace-id"),
        (f"{TRACE}%3A{SPAN}%3A0%3A1", "uber-trace-id"),
        ("5fe6b2:ab12:0:1", "uber-trace-id"),
        ("Root=1-5759e988-bd862e3fe1be46a994272793", "X-Amzn-Trace-Id"),
        ("Sampled=1;Root=1-5759e988-bd862e3fe1be46a994272793", "X-Amzn-Trace-Id"),
        (f"{TRACE}/6406186944021146609;o=1", "X-Cloud-Trace-Context"),
        (f"trace;desc={PARENT}", "server-timing"),
        ("AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE", "grpc-trace-bin"),
        ("ot=th:c,congo=1", "tracestate"),
        ("congo=1,dd=s:2;o:rum", "tracestate"),
        ("userId=alice,isProduction=false", "baggage"),
    ],
)
def test_a_value_alone_is_recognised(value: str, header: str) -> None:
    assert read_words([value]).judged_as == header


@pytest.mark.parametrize(
    "word", [f"traceparent: {PARENT}", f"traceparent:{PARENT}", f"traceparent={PARENT}"]
)
def test_a_header_is_named_with_colon_or_equals_sign(word: str) -> None:
    one = read_words([word])
    assert [(name, value.strip()) for name, value in one.pairs] == [("traceparent", PARENT)]
    assert (one.judged_as, one.is_environment) == ("", False)


def test_variables_are_of_the_environment() -> None:
    (one,) = read_text(f"PATH=/bin\nTRACEPARENT={PARENT}\nUSER=me\nBAGGAGE=a=1\n")
    assert one.is_environment
    assert one.pairs == (("TRACEPARENT", PARENT), ("BAGGAGE", "a=1"))


@pytest.mark.parametrize("line", ['export TRACEPARENT="{}"', 'declare -x TRACEPARENT="{}"'])
def test_shells_spell_variables_otherwise(line: str) -> None:
    (one,) = read_text(line.format(PARENT))
    assert one.pairs == (("TRACEPARENT", PARENT),)


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_a_block_of_a_vector_is_read_as_its_headers(case: Case) -> None:
    (one,) = read_text(block(case))
    expected = case["expect"]["format"]
    assert formats(one) == expected


CURL = f"""\
*   Trying 127.0.0.1:8080...
* Connected to localhost (127.0.0.1) port 8080
> GET /cart HTTP/1.1
> Host: localhost:8080
> User-Agent: curl/8.5.0
> traceparent: {PARENT}
> tracestate: a=1
>
< HTTP/1.1 302 Found
< Location: /basket
< traceresponse: {PARENT[:-2]}00
<
* Closing connection
"""


def test_what_curl_prints_is_a_request_and_its_response() -> None:
    (one,) = read_text(CURL.replace("\n", "\r\n"))
    assert one.request == "GET /cart"
    decoded = decode_headers(one.pairs)
    assert decoded.format == "w3c"
    assert [other.format for other in decoded.others] == ["traceresponse"]


def test_curl_that_follows_a_redirect_prints_two_requests() -> None:
    first, second = read_text(CURL + CURL.replace("/cart", "/basket"))
    assert (first.request, second.request) == ("GET /cart", "GET /basket")
    assert formats(second) == "w3c"


def entry(url: str, **headers: str) -> Case:
    named = [{"name": name, "value": value} for name, value in headers.items()]
    return {"request": {"method": "GET", "url": url, "headers": named}, "response": {"headers": []}}


def test_a_har_file_has_the_requests_that_carry_context() -> None:
    entries = [entry("/a", traceparent=PARENT), entry("/b", Accept="*"), entry("/c", b3="0")]
    sets = read_text(json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=1))
    assert [one.request for one in sets] == ["GET /a", "GET /c"]
    nothing = read_text(json.dumps({"log": {"entries": [entry("/b", Accept="*")]}}))
    assert [formats(one) for one in nothing] == [None]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"log": {"entries": "x"}}, "log.entries is no list"),
        ({"log": []}, "log.entries is no list"),
        ({"log": {"entries": [{"request": {"headers": []}}, {"request": None}]}}, "log.entries[1]"),
    ],
)
def test_what_is_no_har_file_is_told_by_its_place(document: object, words: str) -> None:
    with pytest.raises(UsageError) as told:
        read_text(json.dumps(document))
    assert words in str(told.value)


@pytest.mark.parametrize(
    "command",
    [
        f"curl 'http://x/' \\\n  -H 'accept: */*' \\\n  -H 'traceparent: {PARENT}' \\\n  -s\n",
        f'curl -s --header "TraceParent: {PARENT}" http://x/',
        f"curl -H traceparent:{PARENT} -d 'not closed",
    ],
)
def test_a_curl_command_is_what_it_sends(command: str) -> None:
    (one,) = read_text(command)
    assert decode_headers(one.pairs).format == "w3c"


def test_what_stands_before_a_text_of_windows_is_no_part_of_it() -> None:
    (one,) = read_text(f"\ufefftraceparent: {PARENT}\r\n")
    assert one.pairs[0][0] == "traceparent"


def test_an_object_of_headers() -> None:
    (one,) = read_text(json.dumps({"traceparent": PARENT, "tracestate": ["a=1", "b=2"]}))
    assert one.pairs[1:] == (("tracestate", "a=1"), ("tracestate", "b=2"))


@pytest.mark.parametrize(
    "text",
    ["{", '{"a": 1}', '{"log": {}}', '{"log": {"entries": [1]}}', '{"log": 1}', "{" * 9999],
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_text(text)
    with pytest.raises(UsageError):
        read_json("[1]")


@given(st.one_of(values, st.text()))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        for one in [*read_text(text), read_words([text]), read_line(text)]:
            decode_headers(one.pairs)
