"""What an agent remembers is written down and read again without loss."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.config_machine import Failure, Record
from otx.opamp.config_table import Phase, Status
from otx.opamp.not_stored import NOT_STORED
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.memory import Keeper, Memory, usable_record
from otx.services.agent.state import StateDirectory

HASHES = st.binary(max_size=32)
RECORDS = st.builds(
    Record,
    phase=st.sampled_from(Phase),
    received=HASHES,
    status=st.sampled_from(Status),
    reason=st.text(max_size=20),
    candidate=HASHES,
    trial=HASHES,
    good=HASHES,
    attempts=st.integers(0, 9),
    failures=st.lists(st.builds(Failure, HASHES, st.text(max_size=5)), max_size=3).map(tuple),
)
MEMORIES = st.builds(
    Memory,
    uid=st.just("00" * 16),
    record=RECORDS,
    offers=st.dictionaries(HASHES, st.just("ab"), max_size=3),
    proven=st.sampled_from(["", "ab"]),
    process=st.none() | st.tuples(st.integers(1, 9), st.integers(0, 9)),
    settings=st.dictionaries(st.sampled_from(["current", "candidate"]), HASHES),
    settings_hash=HASHES,
    settings_status=st.integers(0, 3),
    settings_reason=st.text(max_size=9),
    telemetry=st.dictionaries(st.just("own_metrics"), HASHES),
)


@given(MEMORIES)
def test_a_memory_is_what_was_written(memory: Memory) -> None:
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory


def config(text: str) -> AgentConfigMap:
    made = AgentConfigMap()
    made.config_map[""].body = text.encode()
    return made


def keeper(folder: Path) -> Keeper:
    return Keeper(StateDirectory(folder, pytest.fail), pytest.fail)


def test_a_full_disk_ends_nothing_and_what_was_changed_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remarks: list[str] = []
    one = Keeper(StateDirectory(tmp_path, remarks.append), remarks.append)
    one.change(uid="00" * 16)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        one.save(Record(received=b"a", candidate=b"a"), (b"a", config("a: 1")), None)
        one.change(process=(1, 2))
        assert one.offered(b"a") is None
        assert "no space left" in one.problem
    assert keeper(tmp_path).memory.record == Record()
    one.change(process=(1, 2))
    assert one.problem == ""
    assert keeper(tmp_path).memory.record.received == b"a"
    assert [it.partition(",")[0] for it in remarks] == [
        "state cannot be written", "state can be written again",
    ]  # fmt: skip


def test_offers_are_kept_as_long_as_the_record_names_them(tmp_path: Path) -> None:
    first = keeper(tmp_path)
    first.save(Record(received=b"a", candidate=b"a"), (b"a", config("a: 1")), None)
    first.save(Record(received=b"b", good=b"a", candidate=b"b"), (b"b", config("b: 1")), b"a: 1")
    again = keeper(tmp_path)
    assert again.offered(b"a") == config("a: 1")
    assert again.offered(b"b") == config("b: 1")
    assert again.proven_text() == b"a: 1"
    again.save(Record(received=b"b", good=b"b"), None, None)
    assert keeper(tmp_path).offered(b"a") is None
    assert again.proven_text() == b"a: 1"
    assert len(list((tmp_path / "texts").iterdir())) == 2


def test_a_text_that_was_damaged_is_not_used(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    one.save(Record(received=b"a"), (b"a", config("a: 1")), None)
    one.offer_path(b"a").write_bytes(b"other")
    assert one.offered(b"a") is None


def test_what_is_lost_is_offered_again(tmp_path: Path) -> None:
    one, remarks = keeper(tmp_path), list[str]()
    applied = Record(received=b"a", good=b"a", status=Status.APPLIED)
    one.save(applied, (b"a", config("a: 1")), b"a: 1")
    assert usable_record(one, remarks.append) == applied
    one.offer_path(b"a").write_bytes(b"other")
    assert usable_record(one, remarks.append) == applied  # what was proven is there
    assert remarks == []
    (tmp_path / "texts" / one.memory.proven).write_bytes(b"other")
    assert usable_record(one, remarks.append) == Record()
    assert "damaged" in remarks[0]


@pytest.mark.parametrize("phase", [Phase.APPLYING, Phase.VERIFYING, Phase.PROBATION])
def test_an_offer_that_is_damaged_while_it_is_under_way_is_offered_again(
    tmp_path: Path, phase: Phase
) -> None:
    one, remarks = keeper(tmp_path), list[str]()
    begun = Record(phase=phase, received=b"a", status=Status.APPLYING, candidate=b"a")
    if phase is Phase.PROBATION:
        begun = replace(begun, candidate=b"", trial=b"a", status=Status.APPLIED)
    one.save(begun, (b"a", config("a: 1")), b"a: 1")
    assert usable_record(one, remarks.append) == begun
    one.offer_path(b"a").write_bytes(b"other")
    assert usable_record(one, remarks.append) == Record()
    assert str(one.offer_path(b"a")) in remarks[0]


def test_an_offer_that_could_not_be_stored_is_offered_again(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    reason = f"{NOT_STORED}: no space left"
    one.save(Record(received=b"a", status=Status.FAILED, reason=reason), None, None)
    assert usable_record(one, pytest.fail) == Record()
