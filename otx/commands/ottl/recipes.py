"""`otx ottl recipes`: configurations to copy into a Collector."""

from typing import Annotated

import typer

from otx.commands.ottl.options import Out
from otx.environment import Environment
from otx.output import Output, RowFormat


def recipes(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The recipe to write; all are listed.")
    ] = None,
    tests: Annotated[
        bool, typer.Option("--tests", help="Write the recipe's tests instead, for otx ottl test.")
    ] = False,
    form: Annotated[RowFormat, typer.Option("--format", help="The form of the list.")] = "table",
    out: Out = "-",
) -> None:
    """List recipes, or write one: a processor's configuration that masks or drops something."""
    from otx.errors import UsageError
    from otx.ottl.recipes import recipe, recipe_names

    environment: Environment = ctx.obj
    output = Output(environment, out)
    if name is not None:
        found = recipe(name)
        output.text(found.tests if tests else found.text)
        return
    if tests:
        raise UsageError("--tests needs the name of a recipe", hint="otx ottl recipes lists them")
    rows = [{"name": one, "summary": recipe(one).summary} for one in recipe_names()]
    output.rows(["name", "summary"], rows, form)
