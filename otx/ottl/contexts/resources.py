"""Resource and scope: the parents of everything."""

from operator import attrgetter

from otx.ottl.contexts.accessor import attributes, integer, text
from otx.ottl.contexts.collector import OTELCOL, itself
from otx.ottl.contexts.context import Context, Parent, paths

_COLLECTOR: dict[str, Parent] = {"otelcol": (OTELCOL, itself)}

RESOURCE = Context(
    "resource",
    paths(
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        schema_url=text("schema_url", "group"),
    ),
    parents=_COLLECTOR,
)

SCOPE = Context(
    "scope",
    paths(
        name=text("name"),
        version=text("version"),
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        schema_url=text("schema_url", "group"),
    ),
    parents={"resource": (RESOURCE, attrgetter("resource")), **_COLLECTOR},
    aliases=("instrumentation_scope",),
)

PARENTS: dict[str, Parent] = {
    "scope": (SCOPE, attrgetter("scope")),
    "resource": (RESOURCE, attrgetter("resource")),
    **_COLLECTOR,
}
"""What every item has above it, and the request it came in."""
