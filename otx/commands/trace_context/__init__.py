"""`otx trace-context`: headers of trace context, decoded, converted and checked."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "decode": "otx.commands.trace_context.decode:decode",
    "encode": "otx.commands.trace_context.encode:encode",
    "convert": "otx.commands.trace_context.convert:convert",
    "check": "otx.commands.trace_context.check:check",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="Settle what a trace context header says.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """Settle what a trace context header says."""
