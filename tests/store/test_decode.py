"""A request that cannot be made rows costs itself and no other, whatever was raised."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa
import pytest

from otx.model.signal import Signal
from otx.otlp.column_groups import Batch
from otx.store import decode
from otx.store.decode import decode_requests
from otx.store.log_format import LoggedRequest
from otx.store.row_tables import ROW_TABLES

SpanRequest = Callable[..., bytes]


@pytest.mark.parametrize(
    "error", [pa.ArrowInvalid("overflow"), pa.ArrowCapacityError("2 GiB"), MemoryError()]
)
def test_what_decoding_raises_costs_one_request(
    monkeypatch: pytest.MonkeyPatch, span_request: SpanRequest, error: Exception
) -> None:
    spans = ROW_TABLES["spans"]

    def columns(bodies: Sequence[bytes], received: Sequence[int]) -> Batch:
        if any(b"outgrows" in body for body in bodies):
            raise error
        return spans.columns(bodies, received)

    tables = {**ROW_TABLES, "spans": replace(spans, columns=columns)}
    monkeypatch.setattr(decode, "ROW_TABLES", tables)
    bodies = [span_request(name) for name in ("a", "b", "outgrows", "c")]
    requests = [
        LoggedRequest(Signal.TRACES, 1, body, start, start + 1) for start, body in enumerate(bodies)
    ]
    decoded = decode_requests(requests)
    assert decoded.rows["spans"]["name"].to_pylist() == ["a-0", "b-0", "c-0"]
    assert decoded.bad == [requests[2]]
