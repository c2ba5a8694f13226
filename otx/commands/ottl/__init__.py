"""`otx ottl`: run, test and explain OTTL. A module a subcommand."""

from otx.commands import command_app
from otx.commands.ottl.check import check
from otx.commands.ottl.evaluate import evaluate
from otx.commands.ottl.explain import explain
from otx.commands.ottl.fmt import fmt
from otx.commands.ottl.functions import functions
from otx.commands.ottl.run import run

app = command_app(help="Run, test and explain OTTL.")

app.command("run")(run)
app.command("eval")(evaluate)
app.command("check")(check)
app.command("explain")(explain)
app.command("functions")(functions)
app.command("fmt")(fmt)


@app.callback()
def about() -> None:
    """Run, test and explain OTTL (OpenTelemetry Transformation Language) without a Collector."""
