"""`otx ottl functions`: what there is, with signatures and examples."""

from typing import Annotated, Any

import typer

from otx.commands.ottl.options import ContextOption, Gates, Strict, context_of, functions_of
from otx.environment import Environment
from otx.errors import NotThere
from otx.output import Output, RowFormat

_COLUMNS = ["name", "signature", "result", "contexts", "since", "extension", "summary"]


def functions(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One function, with its example.")
    ] = None,
    context: ContextOption = None,
    form: Annotated[RowFormat, typer.Option("--format", help="The form of the output.")] = "table",
    gates: Gates = None,
    strict: Strict = False,
) -> None:
    """List the editors and converters, or show one of them."""
    from otx.ottl.function_hints import hint_for
    from otx.ottl.function_page import page, row
    from otx.ottl.functions.registry import all_functions

    environment: Environment = ctx.obj
    offered = functions_of(gates, strict)
    known = all_functions()
    output = Output(environment)
    if name is not None:
        if name not in known:
            raise NotThere(f"there is no function {name!r}", hint=hint_for(name, known))
        if form == "table":
            output.text("\n".join(page(known[name])))
        else:
            output.document(row(known[name]))
        return
    wanted = context_of(context)
    rows: list[dict[str, Any]] = [
        row(one)
        for _, one in sorted(known.items(), key=lambda item: (not item[1].is_editor, item[0]))
        if (not wanted or offered.offers(one, wanted)) and not (strict and one.is_extension)
    ]
    output.rows(_COLUMNS, rows, form)
