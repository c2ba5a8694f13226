"""Where a command's span stands, and what the command is told of it."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from otx.services.send_span import Place, SpanPlan, child_variables, place_of, span_request
from otx.system.child import Ended

NAMES = st.text(st.characters(codec="ascii", categories=["Lu"]), min_size=1, max_size=8)
IDS = st.tuples(
    st.binary(min_size=16, max_size=16).filter(any),
    st.binary(min_size=8, max_size=8).filter(any),
)
END = 1_790_000_000_000_000_000


@given(IDS, st.integers(0, 255), st.dictionaries(NAMES, st.text(max_size=5), max_size=3))
def test_a_context_goes_through_with_a_new_parent_alone(
    ids: tuple[bytes, bytes], flags: int, others: dict[str, str]
) -> None:
    trace, parent = ids[0].hex(), ids[1].hex()
    variables = {**others, "TRACEPARENT": f"00-{trace}-{parent}-{flags:02x}", "TRACESTATE": "a=1"}
    place = place_of(variables)
    told = child_variables(variables, place)
    assert (place.context.trace_id, place.parent_id) == (trace, parent)
    # Of the flags those go on that have a meaning.
    assert told["TRACEPARENT"] == f"00-{trace}-{place.context.parent_id}-{flags & 3:02x}"
    assert told["TRACESTATE"] == "a=1"
    assert others.items() <= told.items()
    assert place_of(told).parent_id == place.context.parent_id


@given(st.text(max_size=60))
def test_what_is_no_context_begins_a_trace_and_is_never_passed_on(text: str) -> None:
    place = place_of({"TRACEPARENT": text, "TRACESTATE": "a=1"})
    if place.parent_id:
        return
    told = child_variables({"TRACEPARENT": text, "TRACESTATE": "a=1"}, place)
    assert "TRACESTATE" not in told
    assert place_of(told).context.trace_id == place.context.trace_id


def span_of(plan: SpanPlan, ended: Ended, place: Place | None = None) -> Span:
    body = span_request(plan, place or place_of({}), ended, END, {})
    return TracesData.FromString(body).resource_spans[0].scope_spans[0].spans[0]


def test_times_are_those_of_the_monotonic_clock_before_the_end() -> None:
    span = span_of(SpanPlan(("/bin/ls",)), Ended(0, 5_000, 8_000, pid=7))
    assert span.start_time_unix_nano == END - 3_000
    assert span.end_time_unix_nano == END
    assert span.name == "ls"


def test_own_attributes_win() -> None:
    plan = SpanPlan(("ls",), attributes={"process.command": "hidden"})
    values = {it.key: it.value.string_value for it in span_of(plan, Ended(0, 0, 1)).attributes}
    assert values["process.command"] == "hidden"
