"""What waits of a log is known to the byte, and since when about to the quarter of a second."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.backlog import Backlog, Waiting
from otx.store.layout import Layout
from otx.store.log_format import FILE_HEADER_BYTES
from otx.store.log_position import LogPosition
from otx.store.manifest import Manifest, write_manifest


def at(number: int, written: int) -> LogPosition:
    """A position behind so many bytes of records in a file."""
    return LogPosition(number, FILE_HEADER_BYTES + written)


class Converter:
    """Publishes positions as the real one does."""

    def __init__(self, manifest: Path) -> None:
        self._path = manifest
        self._version = 0

    def reach(self, log: str, position: LogPosition) -> None:
        self._version += 1
        write_manifest(self._path, Manifest(version=self._version, positions={log: position}))


@pytest.fixture
def manifest(store_dir: Path) -> Path:
    layout = Layout(store_dir)
    layout.create()
    return layout.manifest


def test_what_is_written_waits_until_it_is_converted(manifest: Path) -> None:
    backlog, converter = Backlog(manifest, "log"), Converter(manifest)
    assert backlog.look() == Waiting()
    backlog.wrote(at(1, 100), 5.0)
    backlog.wrote(at(1, 300), 6.0)
    assert backlog.look() == Waiting(300, 5.0)
    converter.reach("log", at(1, 100))
    assert backlog.known_bytes() == 300
    assert backlog.look() == Waiting(200, 6.0)
    converter.reach("log", at(1, 300))
    assert backlog.look() == Waiting()


def test_files_follow_one_another(manifest: Path) -> None:
    backlog, converter = Backlog(manifest, "log"), Converter(manifest)
    backlog.wrote(at(1, 1000), 1.0)
    backlog.wrote(at(2, 10), 2.0)
    backlog.wrote(at(4, 7), 3.0)  # file 3 was opened, and its first group failed
    assert backlog.look().bytes == 1017
    converter.reach("log", at(2, 0))
    assert backlog.look() == Waiting(17, 2.0)
    converter.reach("log", at(3, 0))
    assert backlog.look().bytes <= 17
    converter.reach("log", at(4, 0))
    assert backlog.look() == Waiting(7, 3.0)
    converter.reach("log", at(5, 0))
    assert backlog.look() == Waiting()


def test_another_log_s_progress_is_not_ours(manifest: Path) -> None:
    backlog, converter = Backlog(manifest, "log"), Converter(manifest)
    backlog.wrote(at(1, 50), 1.0)
    converter.reach("other", at(9, 9))
    assert backlog.look() == Waiting(50, 1.0)


def test_a_manifest_that_is_none_changes_nothing(manifest: Path) -> None:
    backlog, converter = Backlog(manifest, "log"), Converter(manifest)
    backlog.wrote(at(1, 50), 1.0)
    converter.reach("log", at(1, 20))
    assert backlog.look().bytes == 30
    manifest.write_text("{")
    assert backlog.look() == Waiting(30, 1.0)
    converter.reach("log", at(1, 50))
    assert backlog.look() == Waiting()


def test_a_week_of_waiting_is_remembered_in_little_room(manifest: Path) -> None:
    backlog, converter = Backlog(manifest, "log"), Converter(manifest)
    for second in range(100_000):
        backlog.wrote(at(1, second + 1), float(second))
    assert backlog.look() == Waiting(100_000, 0.0)
    converter.reach("log", at(1, 60_000))
    since_s = backlog.look().since_s
    assert since_s is not None
    assert 60_000 - 64 <= since_s <= 60_000
    assert len(backlog._marks) <= 4096


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3_000_000)), min_size=1, max_size=20),
    st.data(),
)
def test_waiting_is_what_lies_behind_the_converter(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    layout = Layout(tmp_path_factory.mktemp("store"))
    layout.create()
    backlog, converter = Backlog(layout.manifest, "log"), Converter(layout.manifest)
    ends: list[tuple[LogPosition, int, float]] = []
    number, in_file, total = 1, 0, 0
    for moment, (turn, size) in enumerate(steps):
        number, in_file = (number + 1, size) if turn else (number, in_file + size)
        total += size
        backlog.wrote(at(number, in_file), float(moment))
        ends.append((at(number, in_file), total, float(moment)))
    reached = data.draw(st.integers(0, len(ends) - 1))
    converter.reach("log", ends[reached][0])
    waiting = backlog.look()
    assert waiting.bytes == total - ends[reached][1]
    if waiting.bytes:
        # The first group behind the converter's place, never later than it was written.
        assert waiting.since_s == ends[reached + 1][2]
    else:
        assert waiting.since_s is None
