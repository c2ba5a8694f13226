"""The way of a configuration as spans."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.opamp.config_machine import Record
from otx.opamp.config_table import Phase, Status
from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.spans import ConfigSpans, OwnSpan, spans_request

A, B = b"\xaa", b"\xbb"
APPLYING = Record(phase=Phase.APPLYING, received=A, candidate=A, status=Status.APPLYING)
VERIFYING = replace(APPLYING, phase=Phase.VERIFYING)
PROBATION = replace(APPLYING, phase=Phase.PROBATION, status=Status.APPLIED, trial=A, candidate=b"")
REVERTING = Record(phase=Phase.REVERTING, received=A, status=Status.FAILED, reason="it crashed")
IDLE = replace(REVERTING, phase=Phase.IDLE)


def told(*records: Record) -> list[OwnSpan]:
    spans: list[OwnSpan] = []
    watch = ConfigSpans(spans.append)
    for now, record in enumerate((Record(), *records)):
        watch.changed(record, now)
    return spans


def shape(spans: list[OwnSpan]) -> list[tuple[str, int, int, str]]:
    return [(it.name, it.start_unix_ns, it.end_unix_ns, it.failure) for it in spans]


def test_an_offer_that_works_is_a_trace_with_its_phases() -> None:
    spans = told(APPLYING, APPLYING, VERIFYING, PROBATION, replace(PROBATION, phase=Phase.IDLE))
    assert shape(spans) == [
        ("validate and start", 1, 3, ""),
        ("verify health", 3, 4, ""),
        ("apply configuration", 1, 4, ""),
        ("observe", 4, 5, ""),
    ]
    assert len({one.trace_id for one in spans}) == 1
    root = spans[2]
    assert {one.parent_id for one in spans if one is not root} == {root.span_id}
    assert {one.attributes["otx.config.hash"] for one in spans} == {"aa"}


def test_the_phase_that_fails_says_why_and_so_does_the_root() -> None:
    assert shape(told(APPLYING, VERIFYING, REVERTING, IDLE)) == [
        ("validate and start", 1, 2, ""),
        ("verify health", 2, 3, "it crashed"),
        ("go back", 3, 4, ""),
        ("apply configuration", 1, 4, "it crashed"),
    ]


def test_a_crash_under_observation_fails_the_observation_and_not_what_was_applied() -> None:
    assert shape(told(APPLYING, VERIFYING, PROBATION, REVERTING, IDLE))[2:] == [
        ("apply configuration", 1, 3, ""),
        ("observe", 3, 4, "it crashed"),
        ("go back", 4, 5, ""),
    ]


def test_a_newer_offer_ends_the_trace_of_the_one_before() -> None:
    newer = replace(APPLYING, received=B, candidate=B)
    spans = told(APPLYING, newer, replace(newer, phase=Phase.VERIFYING))
    assert [one.name for one in spans][:2] == ["validate and start", "apply configuration"]
    assert spans[1].attributes["otx.config.superseded"] == "true"
    assert spans[0].trace_id != spans[2].trace_id


records = st.builds(
    Record,
    phase=st.sampled_from(Phase),
    received=st.sampled_from([b"", A, B]),
    status=st.sampled_from(Status),
    reason=st.sampled_from(["", "no"]),
    trial=st.sampled_from([b"", A, B]),
)


@given(st.lists(records, max_size=30))
def test_whatever_happens_spans_are_whole(changes: list[Record]) -> None:
    spans = told(*changes)
    roots = {one.span_id for one in spans if not one.parent_id}
    assert len({one.span_id for one in spans}) == len(spans)
    for one in spans:
        assert 0 < one.start_unix_ns <= one.end_unix_ns
    # The last root may not have ended yet; all others have been told.
    assert len({one.parent_id for one in spans if one.parent_id} - roots) <= 1


def test_a_request_is_otlp_with_the_agent_as_resource() -> None:
    description = AgentDescription()
    description.identifying_attributes.add(key="service.name").value.string_value = "edge"
    spans = told(APPLYING, VERIFYING, REVERTING, IDLE)
    made = ExportTraceServiceRequest.FromString(spans_request(description, spans, 0))
    (resource,) = made.resource_spans
    assert resource.resource.attributes[0].value.string_value == "edge"
    read = {one.name: one for one in resource.scope_spans[0].spans}
    assert read["verify health"].status.message == "it crashed"
    assert read["verify health"].status.code == 2
    assert read["verify health"].parent_span_id == read["apply configuration"].span_id
    assert len(read["apply configuration"].trace_id) == 16
