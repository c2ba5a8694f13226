"""The way of a configuration from its offer on as spans: one trace an attempt, one span a phase."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from otx.opamp.config_machine import Record
from otx.opamp.config_table import Phase, Status
from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.resource import fill_resource, fill_scope

ROOT = "apply configuration"
NAMES: Mapping[Phase, str] = {
    Phase.APPLYING: "validate and start",
    Phase.VERIFYING: "verify health",
    Phase.PROBATION: "observe",
    Phase.REVERTING: "go back",
}


@dataclass(slots=True)
class OwnSpan:
    """A span of the agent.

    Attributes:
        parent_id: b"" of a root.
        failure: Why it failed; "" where it did not.
    """

    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start_unix_ns: int
    end_unix_ns: int = 0
    failure: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


class ConfigSpans:
    """Watches the agent's record and tells spans that have ended.

    The root ends with APPLIED, or when what ran before runs again; the phase of observation, and a
    way back out of it, may end after it.
    """

    def __init__(self, ended: Callable[[OwnSpan], None]) -> None:
        self._ended = ended
        self._root: OwnSpan | None = None
        self._phase: OwnSpan | None = None
        self._seen = Record()

    def changed(self, record: Record, now_unix_ns: int) -> None:
        """Take in the record after it may have changed."""
        before, self._seen = self._seen, record
        if (record.phase, record.received) == (before.phase, before.received):
            return
        has_failed = record.status is Status.FAILED
        failure = record.reason if has_failed else ""
        self._end_phase(now_unix_ns, "" if before.status is Status.FAILED else failure)
        if record.received != before.received or record.phase is Phase.APPLYING:
            self._end_root(now_unix_ns, "", is_superseded=True)
            is_begun = record.phase in (Phase.APPLYING, Phase.VERIFYING)
            self._root = self._begin(ROOT, None, record.received, now_unix_ns) if is_begun else None
        if self._root is not None and record.phase in NAMES:
            about = record.trial if record.phase is Phase.PROBATION else record.received
            self._phase = self._begin(NAMES[record.phase], self._root, about, now_unix_ns)
        if record.phase in (Phase.PROBATION, Phase.IDLE):
            self._end_root(now_unix_ns, failure)
        if record.phase is Phase.IDLE:
            self._root = None

    @staticmethod
    def _begin(name: str, root: OwnSpan | None, about: bytes, now_unix_ns: int) -> OwnSpan:
        return OwnSpan(
            name,
            root.trace_id if root else secrets.token_bytes(16),
            secrets.token_bytes(8),
            root.span_id if root else b"",
            now_unix_ns,
            attributes={"otx.config.hash": about.hex()},
        )

    def _end_phase(self, now_unix_ns: int, failure: str) -> None:
        if self._phase is not None:
            self._phase.end_unix_ns, self._phase.failure = now_unix_ns, failure
            self._ended(self._phase)
            self._phase = None

    def _end_root(self, now_unix_ns: int, failure: str, *, is_superseded: bool = False) -> None:
        root = self._root
        if root is not None and not root.end_unix_ns:
            root.end_unix_ns, root.failure = now_unix_ns, failure
            if is_superseded:
                root.attributes["otx.config.superseded"] = "true"
            self._ended(root)


def spans_request(description: AgentDescription, spans: Sequence[OwnSpan], _lost: int) -> bytes:
    """These spans as one OTLP request."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,  # for agents that are asked only
    )
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
    from opentelemetry.proto.trace.v1.trace_pb2 import Status as WireStatus

    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    fill_resource(resource.resource, description)
    scope = resource.scope_spans.add()
    fill_scope(scope.scope)
    for one in spans:
        span = scope.spans.add(
            trace_id=one.trace_id,
            span_id=one.span_id,
            parent_span_id=one.parent_id,
            name=one.name,
            kind=WireSpan.SPAN_KIND_INTERNAL,
            start_time_unix_nano=one.start_unix_ns,
            end_time_unix_nano=one.end_unix_ns,
        )
        span.status.code = (
            WireStatus.STATUS_CODE_ERROR if one.failure else WireStatus.STATUS_CODE_OK
        )
        span.status.message = one.failure
        for key, text in one.attributes.items():
            span.attributes.add(key=key).value.string_value = text
    return made.SerializeToString()
