"""Runs a command and tells of it as a span: within the trace of its caller, around those below it.

The context comes and goes in the environment (`TRACEPARENT` and `TRACESTATE`, OpenTelemetry,
"Environment Variables as Context Propagation Carriers"). What becomes of the export never changes
what becomes of the command.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from otx import __version__
from otx.propagation.decoding import decode_headers
from otx.propagation.formats import w3c
from otx.propagation.model import SpanContext
from otx.system.child import Ended

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from otx.otlp.synthetic.values import Value

KINDS = ("internal", "server", "client", "producer", "consumer")
"""In the order of their numbers in OTLP, from 1."""
_CARRIED = ("TRACEPARENT", "TRACESTATE")
_STATUS_ERROR = 2
_HAS_REMOTENESS, _IS_REMOTE = 0x100, 0x200
_USAGE = (
    ("process.cpu.user_seconds", "ru_utime", 1),
    ("process.cpu.system_seconds", "ru_stime", 1),
    ("process.memory.max_rss_bytes", "ru_maxrss", 1024),
    ("process.paging.minor_faults", "ru_minflt", 1),
    ("process.paging.major_faults", "ru_majflt", 1),
    ("process.context_switches.voluntary", "ru_nvcsw", 1),
    ("process.context_switches.involuntary", "ru_nivcsw", 1),
    ("process.io.input_blocks", "ru_inblock", 1),
    ("process.io.output_blocks", "ru_oublock", 1),
)
"""Attribute, field of getrusage(2), and the unit of the field."""


@dataclass(frozen=True, slots=True)
class SpanPlan:
    """The span that a command becomes.

    Attributes:
        words: The command.
        name: The span's; "" for the program's.
        kind: One of `KINDS`.
        keeps_arguments: Whether arguments become an attribute; they may hold secrets.
        attributes: Put on the span.
        resource: Over what the variables say of the resource.
    """

    words: tuple[str, ...]
    name: str = ""
    kind: str = "internal"
    keeps_arguments: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        """The program's name without its folder."""
        return PurePath(self.words[0]).name or self.words[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the span stands in its trace.

    Attributes:
        context: The span's own, which the command gets.
        parent_id: Of the caller's span, 16 hex digits; "" for a root.
        problem: Why the caller's context cannot be continued, "" where it can or there is none.
    """

    context: SpanContext
    parent_id: str = ""
    problem: str = ""


def place_of(
    variables: Mapping[str, str], random_bytes: Callable[[int], bytes] = os.urandom
) -> Place:
    """A new span below the one that the environment names, or the root of a new trace."""
    carried = [(name, variables[name]) for name in _CARRIED if variables.get(name)]
    found = decode_headers(carried, is_environment=True) if carried else None
    span_id = random_bytes(8).hex()
    if found is not None and found.context is not None and found.context.trace_id is not None:
        context = replace(found.context, parent_id=span_id, baggage=None)
        return Place(context, found.context.parent_id or "")
    problem = ""
    if found is not None and found.problem is not None:
        problem = f"TRACEPARENT is invalid ({found.problem.code})"
    own = SpanContext(random_bytes(16).hex(), span_id, sampled=True, random=False)
    return Place(own, problem=problem)


def child_variables(variables: Mapping[str, str], place: Place) -> dict[str, str]:
    """The environment of the command: the caller's, with the span's context in it."""
    kept = {name: text for name, text in variables.items() if name not in _CARRIED}
    carried = {name.upper(): value for name, value in w3c.encode(place.context)}
    return {**kept, **carried}


def span_request(
    plan: SpanPlan, place: Place, ended: Ended, end_unix_nano: int, variables: Mapping[str, str]
) -> bytes:
    """The request with the one span.

    Args:
        plan: What was to be run.
        place: Where it stands.
        ended: How it ended.
        end_unix_nano: When; the start is reckoned back from it by the monotonic clock.
        variables: Where the resource is described.
    """
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # 20 ms, while nobody waits

    from otx.otlp.exporter.resource import resource_attributes
    from otx.otlp.synthetic.values import pairs

    data = TracesData()
    resource_spans = data.resource_spans.add()
    described = {
        "telemetry.sdk.name": "otx",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
        **resource_attributes(variables, plan.program),
        **plan.resource,
    }
    resource_spans.resource.attributes.extend(pairs(described))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "otx.send.span"
    scope_spans.scope.version = __version__
    span = scope_spans.spans.add(
        name=plan.name or plan.program,
        kind=KINDS.index(plan.kind) + 1,
        start_time_unix_nano=end_unix_nano - (ended.ended_ns - ended.started_ns),
        end_time_unix_nano=end_unix_nano,
    )
    _stand(span, place)
    span.attributes.extend(pairs({**_attributes(plan, ended), **plan.attributes}))
    _end(span, ended)
    return data.SerializeToString()


def _stand(span: "Span", place: Place) -> None:
    context = place.context
    span.trace_id = bytes.fromhex(context.trace_id or "")
    span.span_id = bytes.fromhex(context.parent_id or "")
    span.parent_span_id = bytes.fromhex(place.parent_id)
    headers = dict(w3c.encode(context))
    span.trace_state = headers.get("tracestate", "")
    span.flags = int(headers["traceparent"][-2:], 16) | _HAS_REMOTENESS
    if place.parent_id:
        span.flags |= _IS_REMOTE


def _attributes(plan: SpanPlan, ended: Ended) -> "dict[str, Value]":
    values: dict[str, Value] = {
        "process.executable.name": plan.program,
        "process.command": plan.words[0],
        "process.exit.code": ended.code,
    }
    if plan.keeps_arguments:
        values["process.command_args"] = list(plan.words)
    if ended.pid:
        values["process.pid"] = ended.pid
    if ended.killed_by is not None:
        values["process.exit.signal"] = ended.killed_by.name
    if ended.usage is not None:
        for name, of, unit in _USAGE:
            values[name] = getattr(ended.usage, of) * unit
    return values


def _end(span: "Span", ended: Ended) -> None:
    """Status, and an event for each signal on the way."""
    from otx.otlp.synthetic.values import pairs

    if ended.code:
        span.status.code = _STATUS_ERROR  # type: ignore[assignment]  # numbers of an enum
        span.status.message = ended.cannot_start or f"exit code {ended.code}"
        if ended.killed_by is not None:
            span.status.message = f"killed by {ended.killed_by.name}"
    for passed in ended.passed_on:
        event = span.events.add(
            name="signal",
            time_unix_nano=span.end_time_unix_nano - ended.ended_ns + passed.monotonic_ns,
        )
        event.attributes.extend(pairs({"signal.name": passed.number.name}))
