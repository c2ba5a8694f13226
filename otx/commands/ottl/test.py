"""`otx ottl test`: unit tests of statements and configurations."""

from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import Gates, Out, Strict
from otx.environment import Environment


def test(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|DIR...",
            help="Test files, and folders with files named *.test.yaml or *.ottl-test.yaml.",
        ),
    ],
    update: Annotated[
        bool, typer.Option("--update", help="Make failing tests expect what came.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell which statements and conditions were reached.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again whenever one of the files changes.")
    ] = False,
    form: Annotated[
        Literal["text", "json", "junit"], typer.Option("--format", help="Form of the results.")
    ] = "text",
    gates: Gates = None,
    strict: Strict = False,
    out: Out = "-",
) -> int:
    """Run unit tests: statements or a configuration, records, and what has to come of them.

    The exit code is 1 when a test fails, 2 when a file cannot be used.
    """
    from otx.services.ottl_test import TestOptions, run_test_files
    from otx.services.ottl_test_watch import watch as run_and_watch

    environment: Environment = ctx.obj
    options = TestOptions(files, update, coverage, form, ",".join(gates or []), not strict, out)
    return (run_and_watch if watch else run_test_files)(environment, options)


test.__test__ = False  # type: ignore[attr-defined]  # for pytest, which takes it for a test
