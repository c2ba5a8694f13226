"""Stores whose requests are segments already."""

from pathlib import Path

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.segment_index import write_indexes
from otx.store.wal import LogWriter


def converted(store_dir: Path, *bodies: bytes, signal: Signal = Signal.TRACES) -> Conversion:
    """A store with a segment of some requests; those of a second call are another segment."""
    with LogWriter(store_dir, fsync="interval") as log:
        for body in bodies:
            log.append(signal, body, 1).result(60)
    conversion = Conversion(Layout(store_dir))
    while conversion.convert():
        pass
    return conversion


def indexed(conversion: Conversion) -> None:
    """Give every segment of spans and logs its indexes, however small it is."""
    for segment in conversion.manifest.of_kind("spans", "logs"):
        write_indexes(conversion.layout.segments, segment)
