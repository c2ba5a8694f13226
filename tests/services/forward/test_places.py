"""Each destination has a file of its own; one that is named no longer keeps what waited for it."""

from otx.model.signal import Signal
from otx.services.forward.places import (
    apart_from,
    left_behind,
    position_file,
    prepare_places,
    read_place,
    set_nobodys_aside,
    unnamed_places,
)
from otx.store.forward_inspection import position_files
from otx.store.forward_position import ForwardPosition
from otx.store.kept_logs import kept_directories, stretches_left
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.services.forward.conftest import URL


def test_no_two_share_a_file(layout: Layout) -> None:
    urls = ["c:4317", "http://c:4317", "http://c:4317/", "unix:/a/../../b", "é" * 200, "://"]
    files = {position_file(layout, url) for url in urls}
    assert len(files) == len(urls)
    assert all(file.parent == layout.forward and len(file.name) < 100 for file in files)


def test_a_place_is_given_once(layout: Layout) -> None:
    with LogWriter(layout.root, is_kept=True) as log:
        log.append(Signal.LOGS, b"body", 1).result(60)
    before = read_place(layout, URL, lambda text: None)
    prepare_places(layout, [URL])
    assert read_place(layout, URL, lambda text: None) == before
    assert left_behind(layout) == [f"24 B wait for {URL}"]
    assert left_behind(layout, [URL]) == []


def test_a_damaged_position_sends_all_that_is_kept_again(layout: Layout) -> None:
    (file,) = position_files(layout)
    file.write_bytes(b"00000000\n{}\n")
    told: list[str] = []
    assert read_place(layout, URL, told.append) == ForwardPosition(URL)
    assert "is sent to http://far:4318 again" in told[0]
    assert unnamed_places(layout, []) == []


def test_a_damaged_position_of_nobody_keeps_no_log(layout: Layout) -> None:
    (file,) = position_files(layout)
    file.write_bytes(b"00000000\n{}\n")
    told: list[str] = []
    set_nobodys_aside(layout, [URL], told.append)
    assert position_files(layout) == [file]
    assert told == []
    set_nobodys_aside(layout, ["other:4317"], told.append)
    assert position_files(layout) == []
    assert file.with_name(file.name + ".damaged").read_bytes() == b"00000000\n{}\n"
    assert "names nobody that it is of" in told[0]


def test_who_is_not_named_gets_nothing_of_what_comes(layout: Layout) -> None:
    links = layout.forward / "logs"
    for _ in range(2):
        with LogWriter(layout.root, is_kept=True) as log:
            log.append(Signal.LOGS, b"body", 1).result(60)
    (position,) = unnamed_places(layout, ["other:4317"])
    apart = apart_from(position, kept_directories(links)[1:])
    assert {one.log for one in stretches_left(links, position.positions)} == {
        directory.name for directory in kept_directories(links)
    }
    assert {one.log for one in stretches_left(links, apart.positions) if one.size} == {
        kept_directories(links)[0].name
    }
