"""`otx agent`: a daemon that a server manages, often as supervisor. A module a subcommand."""

from typing import Any

from otx.commands import command_app
from otx.commands.lazy import LazyGroup

SUBCOMMANDS = {
    "run": "otx.commands.agent.run:run",
    "start": "otx.commands.agent.start:start",
    "stop": "otx.commands.agent.stop:stop",
    "status": "otx.commands.agent.status:status",
    "reload": "otx.commands.agent.reload:reload",
    "logs": "otx.commands.agent.logs:logs",
    "unit": "otx.commands.agent.unit:unit",
}
"""Each with the function that it is; its module is imported when it is called."""


class AgentGroup(LazyGroup):
    """Without a subcommand it is `start`; with nothing but options it is `run`."""

    places = SUBCOMMANDS
    bare_arguments = ("start",)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments as ever, a missing subcommand put in."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = command_app(help="Run an agent that an OpAMP server manages.", cls=AgentGroup)


@app.callback()
def about() -> None:
    """Run an agent that an OpAMP server manages."""
