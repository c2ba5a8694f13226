"""OTLP files into a store: each as a whole, and once.

A file's requests are written to a log of their own in `imports/<sha256>.new`, where no reader
looks. When all of them lie there durably, the log is renamed into the store's logs, which shows
them all at once, and `imports/<sha256>.json` says that this file is in. A crash at any step leaves
either nothing to be seen, or what the next import of the file finishes.
"""

import hashlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from otx.environment import Environment
from otx.errors import MachineError, UsageError
from otx.otlp.files import understand
from otx.otlp.pieces import Piece
from otx.services.ottl_input import open_pieces
from otx.services.parquet_input import is_parquet, parquet_pieces
from otx.store.conversion import Conversion
from otx.store.durable import FileLock, make_directory, replace_durably, sync_directory
from otx.store.layout import Layout
from otx.store.log_reader import log_directories
from otx.store.manifest import refuse_newer
from otx.store.wal import LogWriter

_READY = "ready.json"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file.

    Attributes:
        file: As it was named.
        records: By signal, how many are in the store because of it.
        is_new: Whether this import brought them; else an earlier one did.
    """

    file: str
    records: dict[str, int]
    is_new: bool


def import_file(
    environment: Environment,
    store_dir: Path,
    file: str,
    told: Callable[[int], None] = lambda records: None,
) -> Imported:
    """Bring the requests of a file, or of stdin as `-`, into a store.

    Args:
        environment: Where the file is read.
        store_dir: The store.
        file: The file, as a user named it.
        told: Told how many records have been read, again and again.

    Raises:
        UsageError: The file cannot be read, or is no OTLP: nothing of it is in the store.
        MachineError: The store cannot be written, or another import is running.
        StoreNewer: It is of a later format, and left as it is.
    """
    layout = Layout(store_dir)
    refuse_newer(layout.manifest)
    layout.create()
    imports = layout.root / "imports"
    lock = FileLock(imports / "lock")
    try:
        make_directory(imports)
        if not lock.acquire():
            raise MachineError(
                f"another import into {layout.root} is running", hint="try again when it is done"
            )
        with TemporaryDirectory(prefix="otx-import-") as directory:
            path = _kept(environment, file, Path(directory))
            return _import(environment, layout, imports, file, path, told)
    except OSError as error:
        raise MachineError(
            f"cannot import into {layout.root}: {_reason(error)}",
            hint="--store DIR or OTX_STORE picks another place",
        ) from None
    finally:
        lock.release()


def convert_now(store_dir: Path) -> None:
    """Turn what waits into segments, unless a converter works here, which does it itself.

    Raises:
        MachineError: The store cannot be written.
    """
    layout = Layout(store_dir)
    lock = FileLock(layout.converter_lock)
    try:
        if not lock.acquire():
            return
        conversion = Conversion(layout)
        while conversion.convert():
            pass
    except OSError as error:
        raise MachineError(
            f"cannot convert the log: {_reason(error)}", hint="see `df -h`"
        ) from None
    finally:
        lock.release()


def _reason(error: OSError) -> str:
    """Why, and of which file where the system says so."""
    what = error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename else what


def _kept(environment: Environment, file: str, directory: Path) -> Path:
    """A file that can be read twice."""
    if file != "-":
        return environment.cwd / file
    path = directory / "stdin"
    with path.open("wb") as kept:
        shutil.copyfileobj(environment.stdin, kept)
    return path


def _import(
    environment: Environment,
    layout: Layout,
    imports: Path,
    file: str,
    path: Path,
    told: Callable[[int], None],
) -> Imported:
    digest = _digest(path, file)
    done, staged = imports / f"{digest}.json", imports / f"{digest}.new"
    if done.exists():
        shutil.rmtree(staged, ignore_errors=True)
        return Imported(file, json.loads(done.read_bytes())["records"], is_new=False)
    ready = staged / _READY
    if not ready.exists():
        shutil.rmtree(staged, ignore_errors=True)
        try:
            records = _stage(environment, Layout(staged), path, file, told)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        fact = {"file": file, "imported_unix_nano": environment.clock(), "records": records}
        replace_durably(ready, json.dumps(fact).encode())
    for log in log_directories(Layout(staged)):
        log.rename(layout.logs / log.name)
    sync_directory(layout.logs)
    replace_durably(done, ready.read_bytes())
    shutil.rmtree(staged)
    return Imported(file, json.loads(done.read_bytes())["records"], is_new=True)


def _stage(
    environment: Environment, staged: Layout, path: Path, file: str, told: Callable[[int], None]
) -> dict[str, int]:
    """Write a file's requests to a log that no reader sees; the records of each signal."""
    records: Counter[str] = Counter()
    received = environment.clock()
    # Nothing converts what is staged: it may be as much as the disk holds.
    with LogWriter(staged.root, fsync="interval", backlog_bytes=sys.maxsize) as log:
        for piece in _pieces(environment, path, file):
            request = understand(piece)
            log.append(request.signal, request.body, received).result()
            records[request.signal.value] += request.records
            told(records.total())
    if not records:
        raise UsageError(f"{file} holds no telemetry")
    return dict(records)


def _pieces(environment: Environment, path: Path, file: str) -> Iterator[Piece]:
    if is_parquet(path):
        return parquet_pieces(path, file)
    return open_pieces(environment, str(path), None, None)


def _digest(path: Path, file: str) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    return digest.hexdigest()
