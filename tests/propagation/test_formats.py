"""Each format by itself: what it writes it reads, and what is special about it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.propagation.decoding import decode_headers
from otx.propagation.formats import dd_member, ot_member, percent, tracestate
from otx.propagation.model import (
    DatadogState,
    Decoded,
    Field,
    Findings,
    OtState,
    SpanContext,
)
from otx.propagation.registry import BY_NAME, Format
from tests.propagation.strategies import contexts, digits, values

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = ("traceparent", f"00-{TRACE}-{SPAN}-03")


def error(*headers: tuple[str, str]) -> str | None:
    problem = decode_headers(headers).problem
    return None if problem is None else problem.code


def valid(*headers: tuple[str, str]) -> SpanContext:
    decoded = decode_headers(headers)
    assert decoded.problem is None, decoded.problem
    assert decoded.context is not None
    return decoded.context


@pytest.mark.parametrize("form", BY_NAME.values(), ids=lambda form: form.name)
@given(data=st.data())
def test_what_is_written_is_read_again(form: Format, data: st.DataObject) -> None:
    if form.name == "baggage":
        return
    context = data.draw(contexts(form))
    decoded = decode_headers(form.codec.encode(context))
    assert decoded.context == context
    assert decoded.format == ("w3c" if form.name == "env" else form.name)
    assert not [one for one in decoded.warnings if one.code != "bg_sensitive"]


@pytest.mark.parametrize("form", BY_NAME.values(), ids=lambda form: form.name)
@given(data=st.data())
def test_the_parts_of_a_valid_header_are_in_order_and_inside_it(
    form: Format, data: st.DataObject
) -> None:
    if form.name in ("env", "baggage"):
        return
    for name, value in form.codec.encode(data.draw(contexts(form))):
        if name == "baggage":
            continue
        parts = form.codec.parts(Field(name, value))
        places = [place for part in parts for place in (part.start, part.end)]
        assert places == sorted(places)
        assert all(0 <= place <= len(value) for place in places)


@given(values)
def test_percent_encoding_is_undone(text: str) -> None:
    assert percent.decode(percent.encode(text, "abc=")) == text.encode("utf-8", "replace").decode()


@given(digits(14), st.text("az09.-_", max_size=5), st.integers(1, 14))
def test_what_ot_says_is_read_again(randomness: str, other: str, width: int) -> None:
    state = OtState(randomness[:width], randomness, {"x1": other})
    decoded = decode_headers([GOOD, ("tracestate", f"ot={ot_member.encode(state)}")])
    assert decoded.context is not None
    assert decoded.context.ot is not None
    assert decoded.context.ot.threshold == state.threshold
    assert decoded.context.ot.randomness == state.randomness
    assert decoded.context.ot.other == state.other
    assert decoded.context.ot.is_consistent is True


@given(
    st.integers(1, 2),
    st.sampled_from([None, "rum", "a=b"]),
    st.dictionaries(st.sampled_from(["_dd.p.dm", "_dd.p.usr.id"]), st.sampled_from(["-1", "x=="])),
)
def test_what_datadog_adds_to_tracestate_is_read_again(
    priority: int, origin: str | None, tags: dict[str, str]
) -> None:
    state = DatadogState(priority, origin, SPAN, tags)
    context = valid(GOOD, ("tracestate", f"dd={dd_member.encode(state)}"))
    assert context.datadog == state


@pytest.mark.parametrize(
    ("threshold", "probability", "count"),
    [("0", 1.0, 1.0), ("8", 0.5, 2.0), ("c", 0.25, 4.0), ("e", 0.125, 8.0)],
)
def test_thresholds(threshold: str, probability: float, count: float) -> None:
    assert ot_member.probability(threshold) == probability
    assert ot_member.adjusted_count(threshold) == count


@pytest.mark.parametrize(
    "flags_and_member", [("01", "ot=th:8"), ("02", "ot=th:8"), ("03", "ot=rv:00000000000000")]
)
def test_consistency_is_judged_only_where_it_can_be(flags_and_member: tuple[str, str]) -> None:
    flags, member = flags_and_member
    context = valid(("traceparent", f"00-{TRACE}-{SPAN}-{flags}"), ("tracestate", member))
    assert context.ot is not None
    assert context.ot.is_consistent is None


@pytest.mark.parametrize("member", ["th:8;th:8", "th:8;", "th", "TH:8", "th:8;x=1", "th:8;;rv:1"])
def test_a_bad_list_in_ot_says_nothing(member: str) -> None:
    decoded = decode_headers([GOOD, ("tracestate", f"ot={member}")])
    if "=" in member:
        assert decoded.found.tracestate is not None
        return
    assert [one.code for one in decoded.warnings] == ["ot_bad_list"]


@pytest.mark.parametrize(
    ("flags", "member", "priority"),
    [
        ("01", "s:2", 2),
        ("01", "s:0", 1),
        ("00", "s:-1", -1),
        ("00", "s:1", 0),
        ("01", "o:rum", None),
        ("01", "o:synthetics", 1),
        ("00", "t.dm:-4", 0),
        ("01", "s:x", 1),
    ],
)
def test_the_flag_decides_over_the_priority(flags: str, member: str, priority: int | None) -> None:
    context = valid(("traceparent", f"00-{TRACE}-{SPAN}-{flags}"), ("tracestate", f"dd={member}"))
    assert context.datadog is not None
    assert context.datadog.priority == priority


def level_1(key: str) -> bool:
    findings = Findings(level=1)
    tracestate.decode_fields([Field("tracestate", f"{key}=1")], findings)
    return findings.tracestate is None


def test_keys_of_level_1() -> None:
    assert level_1("a" * 256)
    assert level_1("1" * 241 + "@" + "a" * 14)
    assert not level_1("1a")
    assert not level_1("t" * 242 + "@v")
    assert not level_1("t@" + "v" * 15)
    assert not level_1("t@1")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (f"{TRACE}-{SPAN}-2", "b3_bad_state"),
        (f"{TRACE}-{SPAN}-", "b3_bad_state"),
        (f"{TRACE}-{SPAN}-1-x", "b3_bad_parent"),
        (f"{TRACE}-{SPAN}-1-{SPAN}-1", "b3_bad_fields"),
        (f"{TRACE.upper()}-{SPAN}-1", "bad_trace_id"),
        (f"{TRACE}-{'0' * 16}-1", "zero_parent_id"),
        (f"{TRACE} -{SPAN}", "bad_trace_id"),
        ("2", "b3_bad_state"),
        ("", "b3_bad_fields"),
    ],
)
def test_b3_in_one_header(value: str, code: str) -> None:
    assert error(("b3", value)) == code


def test_b3_in_several_headers() -> None:
    ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)]
    assert error(*ids, ("X-B3-ParentSpanId", "-")) == "b3_bad_parent"
    assert error(*ids, ("X-B3-Sampled", "d")) == "b3_bad_state"
    assert valid(*ids, ("X-B3-Flags", "1"), ("X-B3-Sampled", "0")).sampled is True
    assert valid(*ids, ("X-B3-ParentSpanId", SPAN)).grandparent_id == SPAN


def test_b3_in_one_header_wins_over_several() -> None:
    several = [("X-B3-TraceId", "1" * 32), ("X-B3-SpanId", SPAN)]
    decoded = decode_headers([*several, ("b3", f"{TRACE}-{SPAN}")])
    assert decoded.format == "b3-single"
    assert decoded.context is not None
    assert decoded.context.trace_id == TRACE


def test_jaeger() -> None:
    assert valid(("uber-trace-id", f"{TRACE}%3A{SPAN}%3a0%3A1")).trace_id == TRACE
    assert valid(("uber-trace-id", f"{TRACE.upper()}:{SPAN}::f")).debug is True
    assert error(("uber-trace-id", f"{TRACE}:{SPAN}:0:")) == "bad_flags"
    assert error(("uber-trace-id", f"{TRACE}:{SPAN}:0:001")) == "bad_flags"
    assert error(("uber-trace-id", f"0:{SPAN}:0:1")) == "zero_trace_id"
    forced = valid(("jaeger-debug-id", "ticket-7"), ("jaeger-baggage", "a=1, b=2"))
    assert (forced.debug_id, forced.sampled) == ("ticket-7", True)
    assert [one.key for one in forced.baggage or ()] == ["a", "b"]


def test_xray() -> None:
    root = "Root=1-5759e988-bd862e3fe1be46a994272793"
    alone = valid(("X-Amzn-Trace-Id", root))
    assert (alone.trace_id, alone.parent_id, alone.sampled) == (
        "5759e988bd862e3fe1be46a994272793",
        None,
        None,
    )
    spaced = f"{root} ; Parent={SPAN} ; Sampled=1"
    assert valid(("_X_AMZN_TRACE_ID", spaced)).sampled is True
    assert error(("X-Amzn-Trace-Id", "Root=1-00000000-" + "0" * 24)) == "zero_trace_id"
    assert error(("X-Amzn-Trace-Id", f"{root[:-1]};Parent={SPAN}")) == "bad_trace_id"
    assert error(("X-Amzn-Trace-Id", f"{root};Parent={'0' * 16}")) == "zero_parent_id"


def test_google_cloud() -> None:
    assert error(("X-Cloud-Trace-Context", TRACE)) == "missing_parent_id"
    assert error(("X-Cloud-Trace-Context", f"{TRACE}/0")) == "zero_parent_id"
    assert error(("X-Cloud-Trace-Context", f"{TRACE}/")) == "bad_parent_id"
    assert error(("X-Cloud-Trace-Context", f"{TRACE}/1;o=2")) == "bad_flags"
    decoded = decode_headers([("X-Cloud-Trace-Context", f"{TRACE}/58e759158b202bf1")])
    assert decoded.problem is not None
    assert "6406186944021146609" in decoded.problem.detail


def test_datadog() -> None:
    ids = [("x-datadog-trace-id", "77"), ("x-datadog-parent-id", "78")]
    tid = ("x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=4bf92f3577b34da6")
    assert valid(*ids, tid).trace_id == "4bf92f3577b34da6000000000000004d"
    assert error(*ids[:1]) == "missing_parent_id"
    assert error(*ids[1:]) == "missing_trace_id"
    assert error(("x-datadog-trace-id", "0"), ids[1]) == "zero_trace_id"
    assert error(*ids, ("x-datadog-sampling-priority", "yes")) == "bad_flags"
    assert error(("x-datadog-trace-id", "9" * 5000), ids[1]) == "bad_trace_id"


def test_opencensus() -> None:
    def header(data: bytes) -> tuple[str, str]:
        return ("grpc-trace-bin", base64.b64encode(data).decode())

    ids = b"\x00\x00" + bytes.fromhex(TRACE) + b"\x01" + bytes.fromhex(SPAN)
    assert valid(header(ids + b"\x02\x01")).sampled is True
    assert valid(header(ids)).sampled is None
    assert error(header(b"\x01" + ids[1:])) == "grpc_bad_version"
    assert error(header(ids[:20])) == "grpc_bad_fields"
    assert error(header(ids[:18])) == "missing_parent_id"
    assert error(header(b"\x00\x00" + bytes(16))) == "zero_trace_id"
    assert error(("grpc-trace-bin", "~~~")) == "grpc_bad_base64"
    assert error(("grpc-trace-bin", "")) == "grpc_bad_version"


def test_server_timing_has_its_places_in_the_whole_header() -> None:
    decoded: Decoded = decode_headers([("server-timing", f"db, trace;desc=00-{TRACE}-x-01")])
    assert decoded.problem is not None
    assert decoded.problem.code == "bad_parent_id"
    assert decoded.problem.field is not None
    assert decoded.problem.field.value[decoded.problem.start] == "x"


@pytest.mark.parametrize(
    ("value", "code"),
    [("a=1;b c", "bg_bad_property"), ("a=é", "bg_bad_value"), ("é=1", "bg_bad_key")],
)
def test_baggage(value: str, code: str) -> None:
    assert error(("baggage", value)) == code


def test_baggage_beyond_what_must_arrive_is_flagged() -> None:
    for value in (",".join(f"k{n}=1" for n in range(65)), "k=" + "v" * 8191):
        decoded = decode_headers([("baggage", value)])
        assert [one.code for one in decoded.warnings] == ["bg_over_limit"]


def test_properties_of_baggage_keep_their_order() -> None:
    (entry,) = valid(("baggage", "k = v%20w ; p1 ; p2 = x")).baggage or ()
    assert (entry.key, entry.value, entry.properties) == ("k", "v w", ("p1", "p2=x"))
