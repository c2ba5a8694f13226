"""`otx trace`: traces of a store, as a list and one at a time. A module a subcommand."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "list": "otx.commands.trace.listing:list_traces",
    "show": "otx.commands.trace.show:show",
    "explain": "otx.commands.trace.explain:explain",
    "order": "otx.commands.trace.order:order",
    "diff": "otx.commands.trace.diff:diff",
    "missing": "otx.commands.trace.missing:missing",
    "skew": "otx.commands.trace.skew:skew",
    "paths": "otx.commands.trace.paths:paths",
    "map": "otx.commands.trace.service_map:show_map",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="List and show traces from a store.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """List and show traces from a store."""
