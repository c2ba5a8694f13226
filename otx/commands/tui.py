"""`otx tui`: the live view in the terminal."""

from typing import Annotated

import typer

from otx.commands import command_app
from otx.config import Config
from otx.environment import Environment

app = command_app(help="Watch traces, logs and flame graphs live in the terminal.")


@app.command()
def tui(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="An OTLP file to look at; - is stdin.", metavar="[FILE|-]")
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="DIR", help="The store to look at and to keep in.")
    ] = None,
    pid: Annotated[
        list[int] | None, typer.Option(help="A program to sample; may be given several times.")
    ] = None,
    grpc: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Where to take gRPC (127.0.0.1:4317).")
    ] = None,
    http: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Where to take HTTP (127.0.0.1:4318).")
    ] = None,
    no_receive: Annotated[
        bool, typer.Option("--no-receive", help="Look only; start no receiver.")
    ] = False,
) -> int:
    """Watch traces, logs and flame graphs live in the terminal.

    Receives OTLP unless a receiver already writes to the store. What it started ends with it.
    """
    # 170 ms of Textual, 90 ms of DuckDB
    from otx.tui.company import Company, Wishes
    from otx.tui.launch import require_terminal, run_tui

    environment: Environment = ctx.obj
    if file != "-":
        require_terminal(environment)
    config = Config(environment)
    wishes = Wishes(
        store_dir=config.store_dir(store),
        file=file or "",
        pids=tuple(pid or ()),
        grpc=config.get("receive.grpc", grpc).text,
        http=config.get("receive.http", http).text,
        receive=not no_receive,
    )
    with Company(environment, wishes) as options:
        return run_tui(environment, options)
