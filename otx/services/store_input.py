"""What a command reads: a store, or a file as if it had just been received."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.output import Remarks
from otx.services.ottl_input import open_pieces
from otx.store.errors import MEND_HINT, StoreMissing
from otx.store.reader import Store


def open_store(environment: Environment, flag: str | None) -> Store:
    """The store that is configured.

    Raises:
        StoreMissing: Nothing was ever kept there.
    """

    def warn(text: str) -> None:
        Remarks(environment).warning(text, hint=MEND_HINT)

    store = Store(Config(environment).store_dir(flag), warn)
    if not store.is_there():
        raise StoreMissing(
            f"nothing was received yet: there is no store in {store.layout.root}",
            hint="`otx receive` makes one; --store or OTX_STORE names another",
        )
    return store


@contextmanager
def open_traces(environment: Environment, store: str | None, path: str | None) -> Iterator[Store]:
    """What is to be read.

    A file, or stdin as `-`, is kept for the time of the command in a store of its own under the
    temporary directory (TMPDIR), so that every question can be asked of it.

    Raises:
        StoreMissing: Nothing was ever kept in the store.
        UsageError: Both are named, or the file is no OTLP, or holds no spans.
    """
    if path is None:
        yield open_store(environment, store)
        return
    if store is not None:
        raise UsageError("--in and --store exclude each other")
    with TemporaryDirectory(prefix="otx-traces-") as directory:
        _import(environment, path, Path(directory))
        yield Store(Path(directory))


def _import(environment: Environment, path: str, directory: Path) -> None:
    from otx.otlp.files import understand
    from otx.store.conversion import BATCH_BYTES, Conversion
    from otx.store.layout import Layout
    from otx.store.wal import LogWriter

    received = environment.clock()
    conversion = Conversion(Layout(directory))
    waiting = spans = 0
    with LogWriter(directory, fsync="interval") as log:
        for request in map(understand, open_pieces(environment, path, None, None)):
            if request.signal is not Signal.TRACES:
                continue
            log.append(request.signal, request.body, received).result()
            spans += request.records
            waiting += len(request.body)
            if waiting >= BATCH_BYTES:
                conversion.convert()
                waiting = 0
    while conversion.convert():
        pass
    if not spans:
        raise UsageError(f"{path} holds no spans")
