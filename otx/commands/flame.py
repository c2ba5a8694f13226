"""`otx flame`: any profile opened, converted, compared."""

import typer

from otx.commands import command_app
from otx.commands import flame_options as flags
from otx.errors import UsageError

app = command_app(help="Open, convert and compare profiles of any form.")

_EXAMPLES = """\b
Examples:
  otx flame cpu.pprof
  otx flame out.folded -o out.html
  perf script | otx flame - --focus parse -o perf.svg
  otx flame before.pprof after.pprof --diff normalised
"""


@app.command(epilog=_EXAMPLES)
def flame(
    ctx: typer.Context,
    file: flags.File,
    other: flags.Other = None,
    diff: flags.Diff = None,
    focus: flags.Focus = None,
    ignore: flags.Ignore = None,
    top: flags.Top = None,
    sandwich: flags.Sandwich = None,
    value: flags.Value = None,
    form: flags.Form = None,
    out: flags.Out = "-",
) -> None:
    """Open, convert and compare profiles of any form."""
    from otx.output import Output
    from otx.profile.formats import BINARY, choose_format
    from otx.services.flame import FlameRun, Selection  # 60 ms: readers of profiles

    chosen = choose_format(form, out)
    output = Output(ctx.obj, out)
    if chosen in BINARY and out == "-" and ctx.obj.stdout_is_terminal:
        raise UsageError(f"{chosen} is not for a terminal", hint="-o FILE, or into a pipe")
    if diff and not other:
        raise UsageError("--diff compares two files", hint="otx flame FILE FILE2")
    run = FlameRun(ctx.obj, chosen, top, Selection(value or "", focus or (), ignore or ()))
    if other is not None:
        output.binary(run.difference(file, other, is_normalised=diff == "normalised"))
    elif sandwich is not None:
        output.binary(run.sandwich(file, sandwich))
    else:
        output.binary(run.convert(file))
