"""W3C Trace Context and Baggage as environment variables, which child processes inherit.

OpenTelemetry specification, "Environment Variables as Context Propagation Carriers".
"""

from otx.propagation.formats import w3c
from otx.propagation.model import SpanContext


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """`TRACEPARENT`, `TRACESTATE` and `BAGGAGE`; they are read as any header is."""
    return [(variable(name), value) for name, value in w3c.encode(context)]


def variable(name: str) -> str:
    """The name of a header as an environment variable."""
    return "".join(
        character if character.isascii() and character.isalnum() else "_"
        for character in name.upper()
    )
