"""What OTTL is run on: a file, a pipe or a store, as requests one after the other."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from otx.environment import Environment
from otx.errors import UsageError
from otx.otlp.decode import Request
from otx.otlp.files import read_file, read_stream

Requests: TypeAlias = Iterable[Request]


def open_input(
    environment: Environment, path: str | None, store: str | None, since: str | None
) -> Requests:
    """The requests of a file, of stdin or of a store.

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
        return read_stream(environment.stdin, "stdin")
    return read_file(environment.cwd / Path(path))
