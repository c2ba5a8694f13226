"""A copy of what comes in, in a file of OTLP that every reader of such files takes.

JSON lines are those of the OTLP file exporter specification; protobuf is the form of the
Collector's file exporter, each request behind its length in four bytes, the highest first.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from otx.errors import UsageError
from otx.otlp.decode import Request, parse_protobuf
from otx.otlp.encode import to_json

_JSON = frozenset(("", ".json", ".jsonl", ".ndjson"))
_PROTOBUF = frozenset((".pb", ".binpb", ".proto"))


class TeeFile:
    """A file that requests are copied to, each of them whole or not at all."""

    def __init__(self, path: Path, noticed: Callable[[str, str], None]) -> None:
        """Open the file; it is begun anew with the first request.

        Args:
            path: Its ending says the form.
            noticed: Hears of each request that could not be written: its kind, and the reason.

        Raises:
            UsageError: The ending is of no form, or the file cannot be written.
        """
        if path.suffix not in _JSON | _PROTOBUF:
            raise UsageError(
                f"--tee {path}: {path.suffix} is no form of OTLP",
                hint=".jsonl is JSON lines, .pb is protobuf, each request behind its length",
            )
        self._record = _line if path.suffix in _JSON else _with_length
        self._path = path
        self._noticed = noticed
        self._end = 0
        self._is_begun = False
        try:
            # Without a buffer: what was acknowledged is there for other readers at once. What it
            # held stays until there is something new: the receiver may fail to start.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None

    def write(self, request: Request) -> None:
        """Add a request; where that fails it is left out and told."""
        record = self._record(request)
        if not self._is_begun:
            self._cut()
            self._is_begun = True
        try:
            self._write(record)
        except OSError as error:
            self._cut()
            kind = f"requests are not in {self._path}"
            self._noticed(kind, f"cannot write {self._path}: {error.strerror}; receiving goes on")
        else:
            self._end += len(record)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, record: bytes) -> None:
        left = memoryview(record)
        while left:
            left = left[self._file.write(left) :]

    def _cut(self) -> None:
        """Cut off what is beyond the last whole request; only plain files can be."""
        with suppress(OSError):
            self._file.truncate(self._end)


def _line(request: Request) -> bytes:
    return to_json(parse_protobuf(request.signal, request.body)) + b"\n"


def _with_length(request: Request) -> bytes:
    return len(request.body).to_bytes(4, "big") + request.body
