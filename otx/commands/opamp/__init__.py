"""`otx opamp`: the server side of OpAMP, a tap on the wire and a conformance tester."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS: dict[str, str] = {
    "serve": "otx.commands.opamp.serve:serve",
    "agents": "otx.commands.opamp.agents:agents",
    "push": "otx.commands.opamp.push:push",
    "key": "otx.commands.opamp.key:key",
    "sign": "otx.commands.opamp.sign:sign",
    "rollback": "otx.commands.opamp.rollback:rollback",
    "restart": "otx.commands.opamp.restart:restart",
    "forget": "otx.commands.opamp.forget:forget",
    "audit": "otx.commands.opamp.audit:audit",
    "conform": "otx.commands.opamp.conform:conform",
    "tap": "otx.commands.opamp.tap:tap",
    "replay": "otx.commands.opamp.replay:replay",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(help="Serve, watch and test OpAMP.", cls=lazy_group(SUBCOMMANDS))


@app.callback()
def about() -> None:
    """Serve, watch and test OpAMP."""
