"""`otx ottl lsp`: OTTL in editors."""

import typer

from otx.commands.ottl.options import Gates, Strict, functions_of
from otx.environment import Environment
from otx.errors import missing_extra
from otx.output import Remarks


def lsp(ctx: typer.Context, gates: Gates = None, strict: Strict = False) -> None:
    """Serve an editor over stdio: faults, completion, hover and formatting.

    It looks at files of statements and at Collector configurations. docs/ottl-lsp.md has what
    VS Code, Neovim and Helix need to start it.
    """
    try:
        from otx.services.ottl_lsp import serve  # 500 ms: every message of the protocol is a class
    except ImportError as error:
        raise missing_extra(error.name or "pygls", "lsp") from None

    environment: Environment = ctx.obj
    if environment.stdin.isatty():
        Remarks(environment).note("waiting for an editor on stdin; Ctrl-C ends it")
    serve(environment, functions_of(gates, strict))
