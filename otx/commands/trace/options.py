"""What the subcommands of `otx trace` take alike, and the store they read."""

from typing import TYPE_CHECKING, Annotated

import typer

from otx.config import Config
from otx.environment import Environment

if TYPE_CHECKING:
    from otx.store.reader import Store

DEFAULT_WIDTH = 120

StoreOption = Annotated[str | None, typer.Option("--store", help="The store to read.")]
InOption = Annotated[
    str | None,
    typer.Option("--in", metavar="FILE", help="OTLP to read instead of a store; - is stdin."),
]
OutOption = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]


def open_store(environment: Environment, flag: str | None) -> "Store":
    """The store that is configured.

    Raises:
        StoreMissing: Nothing was ever kept there.
    """
    from otx.store.errors import StoreMissing
    from otx.store.reader import Store  # 250 ms: DuckDB, Arrow

    store = Store(Config(environment).store_dir(flag))
    if not store.is_there():
        raise StoreMissing(
            f"nothing was received yet: there is no store in {store.layout.root}",
            hint="`otx receive` makes one; --store or OTX_STORE names another",
        )
    return store


def terminal_width(environment: Environment) -> int:
    """The terminal's width; a fixed one where stdout is none, so that output can be compared."""
    import shutil

    if not environment.stdout_is_terminal:
        return DEFAULT_WIDTH
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
