"""`otx send`: send OTLP to a receiver. A module a kind of thing that is sent."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "traces": "otx.commands.send.made_up:traces",
    "metrics": "otx.commands.send.made_up:metrics",
    "logs": "otx.commands.send.made_up:logs",
    "profiles": "otx.commands.send.made_up:profiles",
    "span": "otx.commands.send.span:span",
    "replay": "otx.commands.send.replay:replay",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="Send OTLP to a receiver.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """Send OTLP to a receiver."""
