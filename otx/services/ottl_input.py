"""What OTTL is run on: a file, a pipe or a store, as pieces one after the other."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import parse_time_unix_nano
from otx.otlp.pieces import Piece, read_pieces

if TYPE_CHECKING:
    from otx.otlp.decode import Request

Pieces: TypeAlias = Iterator[Piece]
Requests: TypeAlias = "Iterator[Request]"


def open_input(
    environment: Environment,
    path: str | None,
    store: str | None,
    since: str | None,
    signals: Collection[Signal] = tuple(Signal),
) -> Requests:
    """The same as `open_pieces`, understood as requests.

    Raises:
        UsageError: As `open_pieces`; or a piece is no OTLP, its place is named.
        StoreMissing: As `open_pieces`.
    """
    from otx.otlp.files import understand  # 5 ms

    pieces = open_pieces(environment, path, store, since, signals)
    return (understand(piece, takes_any_text=True) for piece in pieces)


def open_pieces(
    environment: Environment,
    path: str | None,
    store: str | None,
    since: str | None,
    signals: Collection[Signal] = tuple(Signal),
) -> Pieces:
    """The pieces of a file, of stdin or of a store.

    Without either, stdin is read where it is no terminal. `--since` alone means the store that is
    configured.

    Args:
        environment: Where stdin, files and the clock are.
        path: The file; `-` is stdin.
        store: The store's directory.
        since: Of a store only what is later.
        signals: Of a store only these; files are read whole, they say it at each piece.

    Raises:
        UsageError: Nothing to read is named, or more than one thing.
        StoreMissing: Nothing was ever kept in the store.
    """
    if store is not None or since is not None:
        if path is not None:
            given = "--since" if store is None else "--store"
            raise UsageError(f"--in and {given} exclude each other")
        return _store_pieces(environment, store, since, signals)
    if path is None and environment.stdin.isatty():
        raise UsageError("nothing to run on", hint="--in FILE, --store DIR, or a pipe")
    if path is None or path == "-":
        return _stream_pieces(environment.stdin, "stdin")
    return _file_pieces(environment.cwd / Path(path), path)


def _store_pieces(
    environment: Environment, store: str | None, since: str | None, signals: Collection[Signal]
) -> Pieces:
    from otx.config import Config
    from otx.services.ottl_store import store_pieces  # 150 ms: Arrow
    from otx.store.layout import Layout

    since_unix_nano = 0 if since is None else parse_time_unix_nano(since, environment.clock())
    layout = Layout(environment.cwd / Config(environment).store_dir(store))
    return store_pieces(layout, signals, since_unix_nano)


def _file_pieces(path: Path, name: str) -> Pieces:
    try:
        file = path.open("rb")
    except OSError as error:
        raise _cannot_read(name, error) from None
    with file:
        yield from _stream_pieces(file, name)


def _stream_pieces(stream: BinaryIO, name: str) -> Pieces:
    pieces = read_pieces(stream, name)
    while True:
        # What whoever works on a piece raises is not of reading.
        try:
            piece = next(pieces, None)
        except OSError as error:
            raise _cannot_read(name, error) from None
        if piece is None:
            return
        yield piece


def _cannot_read(name: str, error: OSError) -> UsageError:
    return UsageError(f"cannot read {name}: {error.strerror}")
