"""route: the editor of the routing connector, which does nothing but carry a condition."""

from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.values import Value


@editor_builder(
    "route",
    component="routing",
    example=Example('route() where attributes["a"] == 1', '{"a":1}', '{"a":1}'),
)
def route() -> Run:
    """Take what the condition is true for; the table says where it goes."""

    def run(_: Value) -> None:
        """The row takes the record; nothing of it changes."""

    return run
