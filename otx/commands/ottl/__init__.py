"""`otx ottl`: run, test and explain OTTL. A module a subcommand."""

from otx.commands import command_app
from otx.commands.lazy import lazy_group

SUBCOMMANDS = {
    "run": "otx.commands.ottl.run:run",
    "eval": "otx.commands.ottl.evaluate:evaluate",
    "check": "otx.commands.ottl.check:check",
    "explain": "otx.commands.ottl.explain:explain",
    "functions": "otx.commands.ottl.functions:functions",
    "fmt": "otx.commands.ottl.fmt:fmt",
    "repl": "otx.commands.ottl.repl:repl",
    "bench": "otx.commands.ottl.bench:bench",
    "lsp": "otx.commands.ottl.lsp:lsp",
    "test": "otx.commands.ottl.test:test",
    "recipes": "otx.commands.ottl.recipes:recipes",
}
"""Each with the function that it is; its module is imported when it is called."""

app = command_app(
    help="Run, test and explain OTTL without a Collector.", cls=lazy_group(SUBCOMMANDS)
)


@app.callback()
def about() -> None:
    """Run, test and explain OTTL (OpenTelemetry Transformation Language) without a Collector."""
