"""`otx store`: looks after what a store holds, and takes it out and in. A module a subcommand."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "info": "otx.commands.store.info:info",
    "verify": "otx.commands.store.verify:verify",
    "compact": "otx.commands.store.compact:compact",
    "export": "otx.commands.store.exporting:export",
    "import": "otx.commands.store.importing:import_",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="Look after a store.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """Look after a store."""
