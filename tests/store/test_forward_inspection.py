"""What is said of destinations that wait, and of their damage."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.forward_inspection import ForwardFacts, position_files
from otx.store.forward_position import ForwardPosition, write_forward_position
from otx.store.inspection import store_facts, verify_store
from otx.store.kept_logs import keep_logs, kept_logs
from otx.store.layout import Layout
from otx.store.log_position import LogPosition
from otx.store.manifest import read_manifest
from otx.store.wal import LogWriter


@pytest.fixture
def layout(store_dir: Path) -> Layout:
    layout = Layout(store_dir)
    layout.create()
    keep_logs(layout)
    with LogWriter(store_dir, is_kept=True) as log:
        for received in (7, 8):
            log.append(Signal.LOGS, b"", received).result(60)
    (kept,) = kept_logs(layout).iterdir()
    write_forward_position(layout.forward / "a.position", ForwardPosition("a:4317"))
    beyond = {kept.name: LogPosition(9, 0)}
    write_forward_position(layout.forward / "b.position", ForwardPosition("b:4317", beyond))
    return layout


def test_each_destination_says_what_waits_and_since_when(layout: Layout) -> None:
    facts = store_facts(layout)
    waiting = facts.forward[0].waiting_bytes
    assert facts.forward == (ForwardFacts("a:4317", waiting, 7), ForwardFacts("b:4317", 0, 0))
    assert 0 < waiting < facts.forward_bytes
    assert list(verify_store(layout, read_manifest(layout.manifest))) == []


def test_a_damaged_place_is_found(layout: Layout) -> None:
    position_files(layout)[0].write_bytes(b"00000000\n{}")
    (found,) = verify_store(layout, read_manifest(layout.manifest))
    assert found.place == "forward/a.position"
    assert "its checksum fails" in found.problem
    assert [one.destination for one in store_facts(layout).forward] == ["b:4317"]


def test_a_damaged_log_that_is_kept_is_found(layout: Layout) -> None:
    (file,) = kept_logs(layout).glob("*/*.otxlog")
    content = file.read_bytes()
    file.unlink()  # the other name of it stays whole
    file.write_bytes(content[:-20] + bytes(20))
    places = [one.place for one in verify_store(layout, read_manifest(layout.manifest))]
    assert places == [str(file.relative_to(layout.root))]


def test_a_store_that_never_forwarded_has_none(store_dir: Path) -> None:
    Layout(store_dir).create()
    facts = store_facts(Layout(store_dir))
    assert (facts.forward, facts.forward_bytes) == ((), 0)
