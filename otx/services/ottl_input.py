"""What OTTL is run on: a file, a pipe or a store, as pieces one after the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from otx.environment import Environment
from otx.errors import UsageError
from otx.otlp.pieces import Piece, read_pieces

if TYPE_CHECKING:
    from otx.otlp.decode import Request

Pieces: TypeAlias = Iterator[Piece]
Requests: TypeAlias = "Iterator[Request]"


def open_input(
    environment: Environment, path: str | None, store: str | None, since: str | None
) -> Requests:
    """The same as `open_pieces`, understood as requests.

    Raises:
        UsageError: As `open_pieces`; or a piece is no OTLP, its place is named.
    """
    from otx.otlp.files import understand  # 5 ms

    return map(understand, open_pieces(environment, path, store, since))


def open_pieces(
    environment: Environment, path: str | None, store: str | None, since: str | None
) -> Pieces:
    """The pieces of a file, of stdin or of a store.

    Without either, stdin is read where it is no terminal.

    Raises:
        UsageError: Nothing to read is named, or more than one thing.
    """
    if path is not None and store is not None:
        raise UsageError("--in and --store exclude each other")
    if store is not None or since is not None:
        raise UsageError("running on a store is not there yet", hint="--in FILE reads a file")
    if path is None and environment.stdin.isatty():
        raise UsageError("nothing to run on", hint="--in FILE, --store DIR, or a pipe")
    if path is None or path == "-":
        return read_pieces(environment.stdin, "stdin")
    return _file_pieces(environment.cwd / Path(path), path)


def _file_pieces(path: Path, name: str) -> Pieces:
    try:
        with path.open("rb") as file:
            yield from read_pieces(file, name)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
