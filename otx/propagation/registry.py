"""Which formats there are, the headers they are known by, and what each can carry.

Formats stand in the order in which they count where a request has several: W3C first, as the
propagators of OpenTelemetry have it by default. A format's module is imported when it is met.
"""

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from otx.propagation.carrier import Carrier
from otx.propagation.model import Field, Findings, SpanContext
from otx.propagation.parts import Part


class Codec(Protocol):
    """What the module of a format offers."""

    def decode(self, carrier: Carrier, findings: Findings) -> SpanContext:
        """The context; raises `Malformed`."""

    def encode(self, context: SpanContext) -> list[tuple[str, str]]:
        """Headers with their names as they are usually spelt."""

    def parts(self, field: Field) -> list[Part]:
        """The labelled pieces of a valid header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        name: As `--to` takes it and JSON shows it.
        title: For people.
        specification: Where its rules stand.
        headers: The canonical names by which it is known.
        module: Its module under `formats`.
        carries: What of a context arrives on the other side (`otx.propagation.losses`).
        is_target: Whether `convert --to all` writes it.
        is_response: Whether it answers a request, and has the server's span as its parent id.
    """

    name: str
    title: str
    specification: str
    headers: tuple[str, ...]
    module: str
    carries: frozenset[str]
    is_target: bool = True
    is_response: bool = False

    @property
    def codec(self) -> Codec:
        """Its decoder and encoder."""
        return _codec(self.module)


@cache
def _codec(module: str) -> Codec:
    return cast("Codec", importlib.import_module(f"otx.propagation.formats.{module}"))


_B3_CARRIES = frozenset(
    ("high_bits", "zero_low_bits", "deferred", "debug", "grandparent", "decision_alone")
)
_W3C_CARRIES = frozenset(
    ("high_bits", "zero_low_bits", "random", "tracestate", "baggage", "priority", "origin", "tags")
)

FORMATS = (
    Format(
        name="w3c",
        title="W3C Trace Context",
        specification="W3C Trace Context",
        headers=("traceparent", "tracestate"),
        module="w3c",
        carries=_W3C_CARRIES,
    ),
    Format(
        name="b3-single",
        title="B3 in one header",
        specification="B3 propagation, single header",
        headers=("b3",),
        module="b3_single",
        carries=_B3_CARRIES,
    ),
    Format(
        name="b3-multi",
        title="B3 in several headers",
        specification="B3 propagation, multiple headers",
        headers=("x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"),
        module="b3_multi",
        carries=_B3_CARRIES,
    ),
    Format(
        name="jaeger",
        title="Jaeger",
        specification="Jaeger client libraries, propagation format",
        headers=("uber-trace-id", "jaeger-debug-id"),
        module="jaeger",
        carries=frozenset(
            ("high_bits", "zero_low_bits", "debug", "firehose", "debug_id", "baggage")
        ),
    ),
    Format(
        name="datadog",
        title="Datadog",
        specification="Datadog, trace context propagation",
        headers=(
            "x-datadog-trace-id",
            "x-datadog-parent-id",
            "x-datadog-sampling-priority",
            "x-datadog-origin",
            "x-datadog-tags",
        ),
        module="datadog",
        carries=frozenset(("high_bits", "deferred", "priority", "origin", "tags")),
    ),
    Format(
        name="xray",
        title="AWS X-Ray",
        specification="AWS X-Ray, tracing header",
        headers=("x-amzn-trace-id",),
        module="xray",
        carries=frozenset(("high_bits", "zero_low_bits", "deferred")),
    ),
    Format(
        name="gcp",
        title="Google Cloud",
        specification="Google Cloud Trace, X-Cloud-Trace-Context",
        headers=("x-cloud-trace-context",),
        module="gcp",
        carries=frozenset(("high_bits", "zero_low_bits", "deferred")),
    ),
    Format(
        name="ot-trace",
        title="OpenTracing's basic tracers",
        specification="OpenTelemetry, OT trace propagator",
        headers=("ot-tracer-traceid", "ot-tracer-spanid", "ot-tracer-sampled"),
        module="ot_trace",
        carries=frozenset(("deferred", "baggage")),
    ),
    Format(
        name="grpc-trace-bin",
        title="OpenCensus in gRPC",
        specification="OpenCensus, binary encoding",
        headers=("grpc-trace-bin",),
        module="grpc_trace_bin",
        carries=frozenset(("high_bits", "zero_low_bits", "deferred")),
    ),
    Format(
        name="server-timing",
        title="W3C response in Server-Timing",
        specification="W3C Trace Context, response headers",
        headers=("server-timing",),
        module="server_timing",
        carries=frozenset(("high_bits", "zero_low_bits", "random")),
        is_target=False,
        is_response=True,
    ),
    Format(
        name="traceresponse",
        title="W3C response of an earlier draft",
        specification="W3C Trace Context, traceresponse",
        headers=("traceresponse",),
        module="traceresponse",
        carries=frozenset(("high_bits", "zero_low_bits", "random")),
        is_target=False,
        is_response=True,
    ),
    Format(
        name="baggage",
        title="W3C Baggage",
        specification="W3C Baggage",
        headers=("baggage",),
        module="baggage",
        carries=frozenset(("baggage",)),
        is_target=False,
    ),
)
ENVIRONMENT = Format(
    name="env",
    title="environment variables",
    specification="OpenTelemetry, environment variables as carriers",
    headers=(),
    module="environment",
    carries=_W3C_CARRIES,
)
"""Written only: variables are read as the headers that they stand for."""

BY_NAME = {one.name: one for one in (*FORMATS, ENVIRONMENT)}
TARGETS = tuple(one for one in (*FORMATS, ENVIRONMENT) if one.is_target)
BAGGAGE_PREFIXES = ("uberctx-", "ot-baggage-")

_RANKS = {name: rank for rank, one in enumerate(FORMATS) for name in one.headers}


def formats_of(carrier: Carrier) -> list[Format]:
    """The formats whose headers are there, in the order in which they count."""
    ranks = {_RANKS[name] for name in carrier.names if name in _RANKS}
    return [FORMATS[rank] for rank in sorted(ranks) if _is_meant(FORMATS[rank], carrier)]


def is_known(name: str) -> bool:
    """Whether a canonical name is one of tracing's."""
    return name in _RANKS or name == "jaeger-baggage" or name.startswith(BAGGAGE_PREFIXES)


def _is_meant(one: Format, carrier: Carrier) -> bool:
    """Whether a header is there for tracing: Server-Timing is for other things too."""
    if one.name != "server-timing":
        return True
    from otx.propagation.formats.server_timing import names_trace

    return any(names_trace(field.value) for field in carrier.all("server-timing"))
