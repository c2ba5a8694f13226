"""Rules that agents break stand in the audit log, once each, and nobody is accused wrongly."""

from collections import Counter

import pytest

from otx.opamp.monitor import PATIENCE_NS
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.server.answers import unavailable
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Entry
from otx.services.opamp_serve.watchman import LINES_AN_HOUR, ROUND, Watchman

UID = b"u" * 16
SECOND = 1_000_000_000


class Book:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.counts: Counter[str] = Counter()
        self.watchman = Watchman(self.entries.append, self.counts)
        self.now_ns = SECOND

    def clock(self) -> int:
        self.now_ns += SECOND
        return self.now_ns

    def exchange(self, link: Link, number: int, answer: ServerToAgent | None = None) -> None:
        report = AgentToServer(instance_uid=UID, sequence_num=number, capabilities=0x805)
        answer = answer or ServerToAgent(instance_uid=UID, capabilities=1)
        with self.watchman.exchange(link, report, self.clock) as sends:
            sends(answer)
        if link.number:
            self.watchman.sends(link, answer, self.clock())


def test_a_broken_rule_is_written_down_once_and_counted_each_time() -> None:
    book, link = Book(), Link(1, "ws")
    for number in (1, 3, 5, 6):
        book.exchange(link, number)
    (line,) = book.entries
    assert (line.who, line.what) == ("agent", "rule")
    assert line.outcome.startswith("client breaks MUST 58: sequence_num 3 after 1")
    assert book.counts["broken_rules"] == 2


def test_a_connection_that_begins_anew_owes_nothing_to_the_one_before() -> None:
    book = Book()
    book.exchange(Link(1, "ws"), 1)
    book.watchman.left(Link(1, "ws"))
    book.exchange(Link(2, "ws"), 9)
    assert book.entries == []


@pytest.mark.parametrize("link", [Link(1, "ws"), Link(0, "http")], ids=["ws", "http"])
def test_being_turned_away_is_an_answer(link: Link) -> None:
    book = Book()
    book.exchange(link, 1, unavailable(UID, "full", 30 * SECOND))
    assert book.entries == []


def test_a_request_that_was_given_up_is_not_in_flight() -> None:
    book, link = Book(), Link(0, "http")
    report = AgentToServer(instance_uid=UID, sequence_num=1, capabilities=0x805)
    with pytest.raises(ConnectionResetError), book.watchman.exchange(link, report, book.clock):
        raise ConnectionResetError
    book.exchange(link, 2)
    assert book.entries == []


def test_any_number_of_uids_fills_no_audit_log() -> None:
    book, link = Book(), Link(0, "http")
    book.clock = lambda: SECOND  # type: ignore[method-assign]
    for number in range(LINES_AN_HOUR + 50):
        report = AgentToServer(
            instance_uid=number.to_bytes(16, "big"), sequence_num=1, capabilities=2
        )
        answer = ServerToAgent(instance_uid=report.instance_uid, capabilities=1)
        with book.watchman.exchange(link, report, book.clock) as sends:
            sends(answer)
    assert len(book.entries) == LINES_AN_HOUR
    assert book.counts["broken_rules"] == LINES_AN_HOUR + 50


def test_who_sends_what_cannot_be_read_is_written_down_once() -> None:
    lines: list[Entry] = []
    watchman = Watchman(lines.append, Counter())
    for port in range(50):
        watchman.garbled(f"10.0.0.1:{port}", b"", "truncated", port)
    watchman.garbled("10.0.0.2:1", bytes(16), "truncated", 1)
    assert [line.what for line in lines] == ["malformed"] * 2
    assert lines[0].outcome == "from 10.0.0.1:0: truncated"
    for host in range(5_000):
        watchman.garbled(f"10.1.{host}.1:1", b"", "truncated", 2)
    assert len(lines) <= LINES_AN_HOUR


def test_what_is_overdue_is_found_within_a_round() -> None:
    book = Book()
    links = [Link(number, "ws") for number in range(1, 101)]
    for link in links:
        report = AgentToServer(
            instance_uid=link.number.to_bytes(16, "big"), sequence_num=1, capabilities=0x805
        )
        with book.watchman.exchange(link, report, book.clock):
            pass  # the answer is never sent
    book.watchman.left(links[0])
    book.now_ns += PATIENCE_NS + SECOND
    found = []
    for _ in range(ROUND):
        before = book.counts["broken_rules"]
        book.watchman.tick(book.clock())
        found.append(book.counts["broken_rules"] - before)
    assert sum(found) == 99, "each connection that is open, once"
    assert max(found) <= 4, "no tick looks at all of them"
    assert {entry.who for entry in book.entries} == {"server"}
    assert "a report was not answered within" in book.entries[0].outcome
    for _ in range(3 * ROUND):
        book.watchman.tick(book.clock())
    assert book.counts["broken_rules"] == 99


def test_what_was_answered_is_not_overdue() -> None:
    book = Book()
    book.watchman.tick(book.clock())
    for number in range(1, 5):
        book.exchange(Link(1, "ws"), number)
    book.now_ns += 10 * PATIENCE_NS
    for _ in range(2 * ROUND):
        book.watchman.tick(book.clock())
    assert book.entries == []
