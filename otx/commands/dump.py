"""`otx dump`: where every thread of a process is, right now."""

from typing import Annotated, Literal

import typer

from otx.commands import command_app
from otx.output import Output, Remarks

app = command_app(help="Show every thread's stack now, without stopping the process.")

_EXAMPLES = """\b
Examples:
  otx dump 4242
  otx dump 4242 --locals
  otx dump 4242 --threads --no-kernel
  otx dump $(pgrep -o gunicorn) --format json
"""


@app.command(epilog=_EXAMPLES)
def dump(
    ctx: typer.Context,
    pid: Annotated[int, typer.Argument(metavar="PID", help="The process, or one of its threads.")],
    threads: Annotated[
        bool, typer.Option("--threads", help="Each thread by itself, also where stacks are alike.")
    ] = False,
    variables: Annotated[
        bool, typer.Option("--locals", help="The local variables of Python frames.")
    ] = False,
    kernel: Annotated[bool, typer.Option("--kernel/--no-kernel", help="Kernel frames.")] = True,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Show every thread's stack now, without stopping the process."""
    from otx.opamp.secret_names import is_secret_name
    from otx.profile.dump.subject import find_subject
    from otx.profile.dump.take import DumpOptions, take_dump

    remarks = Remarks(ctx.obj)
    found = take_dump(
        find_subject(pid),
        DumpOptions(kernel, variables, is_secret_name, ctx.obj.cache_dir),
        remarks.warning,
        remarks.note if ctx.obj.debug else None,
    )
    if form == "json":
        from otx.profile.dump.document import dump_document

        Output(ctx.obj, out).document(dump_document(found))
    else:
        from otx.profile.dump.text import write_text

        Output(ctx.obj, out).text(write_text(found, threads=threads))
