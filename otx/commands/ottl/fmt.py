"""`otx ottl fmt`: OTTL well written, in place."""

from typing import Annotated

import typer

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.output import Output, Remarks


def fmt(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="What to format.")],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where something would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Change nothing; show what would change.")
    ] = False,
) -> int:
    """Format the OTTL in statement files and YAML; comments and the rest of the YAML stay."""
    import difflib

    from otx.ottl.format_file import format_file

    environment: Environment = ctx.obj
    remarks, output = Remarks(environment), Output(environment)
    changed = 0
    for name in files:
        path = environment.cwd / name
        try:
            before = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {name}: {error}") from None
        after = format_file(before, name)
        if after == before:
            continue
        changed += 1
        if diff:
            lines = difflib.unified_diff(
                before.splitlines(), after.splitlines(), name, name, lineterm=""
            )
            output.text("\n".join(lines))
        elif check:
            remarks.note(f"{name} would be formatted")
        else:
            path.write_text(after, encoding="utf-8")
            remarks.note(f"formatted {name}")
    return ExitCode.NO if changed and (check or diff) else ExitCode.DONE
