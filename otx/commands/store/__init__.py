"""`otx store`: what a store holds and whether it holds together. A module a subcommand."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "info": "otx.commands.store.info:info",
    "verify": "otx.commands.store.verify:verify",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="Look after a store.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """Look after a store."""
