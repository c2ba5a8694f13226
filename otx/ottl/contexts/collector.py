"""`otelcol`: what a Collector knows of the request that brought the data. It is read-only.

A file has no such request: its paths read nil or an empty map, as they do in a Collector whose
receiver passes no metadata on.
"""

from typing import Any

from otx.ottl.contexts.accessor import Accessor, group
from otx.ottl.contexts.context import Context


def _metadata() -> Accessor:
    return Accessor("map", lambda _: {}, None, keys="map")


OTELCOL = Context(
    "otelcol",
    {
        "client": group(
            addr=Accessor("string", lambda _: None, None, is_optional=True),
            metadata=_metadata(),
            auth=group(attributes=_metadata()),
        ),
        "grpc": group(metadata=_metadata()),
    },
)


def itself(record: Any) -> Any:
    """The way from any record to the request: there is one for all."""
    return record
