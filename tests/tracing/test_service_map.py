"""Who calls whom."""

from pathlib import Path

from otx.model.telemetry import SpanLink
from otx.tracing.service_map import service_map
from tests.tracing.kept import START, call, kept


def test_calls_messages_links_and_uninstrumented_peers_are_counted(tmp_path: Path) -> None:
    producer = call(1, 5, 1, 40, 41, kind="PRODUCER")
    spans = [
        call(1, 1, 0, 0, 100, kind="SERVER"),
        call(1, 2, 1, 0, 30, kind="CLIENT"),
        call(1, 3, 2, 5, 25, service="bank", kind="SERVER", status="ERROR"),
        call(1, 4, 3, 6, 7, service="bank", kind="CLIENT", attributes={"db.system": "redis"}),
        producer,
        call(1, 6, 5, 50, 60, service="mail", kind="CONSUMER"),
        call(
            2, 7, 0, 50, 60, service="audit", kind="CONSUMER",
            links=[SpanLink(producer.trace_id, producer.span_id)],
        ),
    ]  # fmt: skip
    found = service_map(kept(spans, tmp_path))
    edges = {(one.caller, one.callee, one.kind): one for one in found.calls}
    assert set(edges) == {
        ("shop", "bank", "call"),
        ("bank", "redis", "uninstrumented"),
        ("shop", "mail", "message"),
        ("shop", "audit", "link"),
    }
    bank = edges["shop", "bank", "call"]
    assert (bank.count, bank.errors, bank.p50_ns) == (1, 1, 20_000_000)
    assert found.rate(bank) == 1 / 0.05


def test_only_what_is_later_counts(tmp_path: Path) -> None:
    store = kept(
        [call(1, 1, 0, 0, 9, kind="CLIENT"), call(1, 2, 1, 1, 8, service="bank")], tmp_path
    )
    assert service_map(store, START + 2_000_000).calls == []
    assert service_map(store).calls
