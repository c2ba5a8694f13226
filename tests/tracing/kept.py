"""Stores that hold a few spans."""

from collections.abc import Iterable
from pathlib import Path

from otx.model.signal import Signal
from otx.model.telemetry import Span
from otx.otlp.records import traces_request
from otx.store.reader import Store
from otx.store.wal import LogWriter

START = 1_790_000_000_000_000_000
MS = 1_000_000


def kept(spans: Iterable[Span], folder: Path) -> Store:
    """A store of these spans."""
    with LogWriter(folder / "store") as log:
        body = traces_request(spans).SerializeToString()
        log.append(Signal.TRACES, body, START).result(60)
    return Store(folder / "store")


def call(
    trace: int,
    number: int,
    parent: int,
    start_ms: float,
    end_ms: float,
    name: str = "op",
    service: str = "shop",
    **more: object,
) -> Span:
    """A span by small numbers, with times from `START` on."""
    return Span(
        f"{trace:032x}",
        f"{number:016x}",
        f"{parent:016x}" if parent else "",
        name,
        more.pop("kind", "INTERNAL"),  # type: ignore[arg-type]
        service,
        START + round(start_ms * MS),
        START + round(end_ms * MS),
        resource={"service.name": service, "service.instance.id": service},
        **more,  # type: ignore[arg-type]
    )
