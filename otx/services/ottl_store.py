"""A store as what OTTL is run on: its rows as requests again, and requests that were kept.

One signal comes after the other, each from its earliest record on (`otx.store.scan`), as requests
of some thousand records. Of all that a store holds one such request is in memory, and the columns
of a stretch of a segment that it is made of.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from otx.model.signal import Signal
from otx.otlp.column_groups import Table
from otx.otlp.from_columns import logs_request, traces_request
from otx.otlp.metrics_from_columns import metrics_request
from otx.otlp.pieces import Piece
from otx.store.errors import StoreMissing
from otx.store.layout import Layout
from otx.store.row_tables import RowKind
from otx.store.scan import Scan, open_scan

PIECE_RECORDS = 1000

_ROWS: Mapping[Signal, tuple[RowKind, Callable[[Table], bytes]]] = {
    Signal.TRACES: ("spans", traces_request),
    Signal.METRICS: ("metrics", metrics_request),
    Signal.LOGS: ("logs", logs_request),
}


def store_pieces(
    layout: Layout, signals: Collection[Signal], since_unix_nano: int = 0
) -> Iterator[Piece]:
    """What a store holds of some signals at the moment of the first piece.

    Args:
        layout: The store.
        signals: What of it is wanted.
        since_unix_nano: Spans that start, data points and log records of that time or later;
            requests of profiles that were received then.

    Raises:
        StoreMissing: Nothing was ever kept there.
        MachineError: It cannot be read.
    """
    if not layout.is_there():
        raise StoreMissing(
            f"nothing was received yet: there is no store in {layout.root}",
            hint="`otx receive` makes one; --store or OTX_STORE names another",
        )
    return _pieces(layout, signals, since_unix_nano)


def _pieces(layout: Layout, signals: Collection[Signal], since_unix_nano: int) -> Iterator[Piece]:
    with open_scan(layout) as scan:
        for signal in Signal:
            if signal in signals:
                yield from _of_signal(scan, signal, since_unix_nano)


def _of_signal(scan: Scan, signal: Signal, since_unix_nano: int) -> Iterator[Piece]:
    if signal in _ROWS:
        kind, encode = _ROWS[signal]
        for rows in scan.rows(kind, since_unix_nano, PIECE_RECORDS):
            yield Piece("protobuf", encode(rows.table), rows.place, signal)
    else:
        for kept in scan.requests(signal, since_unix_nano):
            yield Piece("protobuf", kept.request.body, kept.place, signal)
