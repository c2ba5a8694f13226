"""Resource and scope: the parents of everything."""

from operator import attrgetter

from otx.ottl.contexts.accessor import attributes, integer, text
from otx.ottl.contexts.context import Context, paths

_group = attrgetter("group")

RESOURCE = Context(
    "resource",
    paths(
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        schema_url=text("schema_url", _group),
    ),
)

SCOPE = Context(
    "scope",
    paths(
        name=text("name"),
        version=text("version"),
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        schema_url=text("schema_url", _group),
    ),
    parents={"resource": (RESOURCE, attrgetter("resource"))},
    aliases=("instrumentation_scope",),
)

PARENTS = {
    "scope": (SCOPE, attrgetter("scope")),
    "resource": (RESOURCE, attrgetter("resource")),
}
"""What every item has above it."""
