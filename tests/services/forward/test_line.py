"""What waits is read on from a durable position, over files and logs, and is bounded."""

from pathlib import Path

from otx.model.signal import Signal
from otx.services.forward.line import Keep, WaitingLine
from otx.services.forward.places import prepare_places
from otx.store.kept_logs import kept_directories
from otx.store.layout import Layout
from otx.store.log_format import RECORD_HEADER_BYTES
from otx.store.wal import LogWriter
from tests.services.forward.conftest import NOW, URL, waiting_line

BODY = b"x" * 1000
ALL = Keep(age_ns=1 << 62, bytes=1 << 62)


def write(log: LogWriter, *bodies: bytes, at: int = NOW) -> None:
    for body in bodies:
        log.append(Signal.LOGS, body, at).result(60)


def bodies(line: WaitingLine) -> list[bytes]:
    return [one.request.body for one in line.waiting() if one.request]


def test_it_goes_on_where_it_was_saved(layout: Layout, log: LogWriter) -> None:
    sent = [b"%d" % number + BODY for number in range(12)]
    write(log, *sent)
    line = waiting_line(layout)
    assert bodies(line) == sent
    for number, one in enumerate(line.waiting()):
        line.passed(one)
        if number == 6:
            line.save()
    assert bodies(line) == []
    assert line.size() == 0
    assert bodies(waiting_line(layout)) == sent[7:]


def test_it_goes_on_with_the_next_log(layout: Layout) -> None:
    for number in range(3):
        with LogWriter(layout.root, is_kept=True) as log:
            write(log, b"%d" % number)
    assert bodies(waiting_line(layout)) == [b"0", b"1", b"2"]


def test_what_was_there_before_a_destination_is_not_for_it(layout: Layout) -> None:
    with LogWriter(layout.root, is_kept=True) as log:
        write(log, b"before")
    prepare_places(layout, [URL, "late:4317"])
    with LogWriter(layout.root, is_kept=True) as log:
        write(log, b"after")
        assert bodies(waiting_line(layout)) == [b"before", b"after"]
        assert bodies(waiting_line(layout, "late:4317")) == [b"after"]


def test_the_oldest_is_beyond_a_bound_of_size(layout: Layout, log: LogWriter) -> None:
    write(log, *[BODY] * 10)
    line = waiting_line(layout)
    kept = 3 * (len(BODY) + RECORD_HEADER_BYTES)
    for one in line.beyond(Keep(1 << 62, kept), NOW):
        line.passed(one)
    assert line.size() == kept
    assert bodies(line) == [BODY] * 3


def test_the_oldest_is_beyond_a_bound_of_age(layout: Layout, log: LogWriter) -> None:
    write(log, b"old", at=NOW - 11)
    write(log, b"new", at=NOW - 10)
    line = waiting_line(layout)
    assert [one.request and one.request.body for one in line.beyond(Keep(10, 1 << 62), NOW)] == [
        b"old"
    ]
    assert not list(line.beyond(ALL, NOW))


def test_a_damaged_stretch_is_one_part_without_a_request(layout: Layout) -> None:
    with LogWriter(layout.root, is_kept=True) as log:
        write(log, b"first", b"second")
    (directory,) = kept_directories(layout.forward / "logs")
    (file,) = directory.glob("*.otxlog")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    line = waiting_line(layout)
    first, rest = line.waiting()
    assert first.request is not None
    assert rest.request is None
    line.passed(rest)
    assert line.size() == 0


def test_a_file_that_is_gone_is_passed_by(layout: Layout, log: LogWriter, tmp_path: Path) -> None:
    write(log, *[BODY] * 10)
    line = waiting_line(layout)
    waiting = line.waiting()
    next(waiting)
    for file in sorted((layout.forward / "logs" / log.directory.name).glob("*.otxlog"))[:-1]:
        file.unlink()
    assert len(list(waiting)) < 9
