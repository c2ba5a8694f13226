"""Every request gets its answer, in order; what cannot be sent is counted, told or kept."""

import math
import random
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import Source, make_source
from otx.services.forward.drain import Drain
from otx.services.forward.figures import Figures
from otx.services.forward.line import Keep
from otx.services.forward.sender import SAVE_AFTER_REQUESTS, Sender
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.conftest import WAIT_S, wait_until
from tests.services.forward.conftest import NOW, TAKEN, URL, Peer, waiting_line

ALL = Keep(1 << 62, 1 << 62)
SOON = Reply(Outcome.RETRY, message="HTTP 503 busy", retry_after_s=0.0)
AWAY = Reply(Outcome.UNREACHABLE, message="[Errno 111] Connection refused")
SPANS = 10


def requests(count: int) -> list[bytes]:
    source = make_source(Signal.TRACES, Shape(), random.Random(3), SPANS, 1 << 20)
    return [request_of_ten(source) for _ in range(count)]


def request_of_ten(source: Source) -> bytes:
    parts, left = [], SPANS
    while left:
        body, count = source.next(NOW, left)
        parts.append(body)
        left -= count
    return b"".join(parts)  # glued together, requests are one


def write(log: LogWriter, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        log.append(Signal.TRACES, body, NOW).result(60)


def spans(count: int) -> Counter[Signal]:
    return Counter({Signal.TRACES: count})


class Run:
    """A sender at work on a thread."""

    def __init__(self, layout: Layout, peer: Peer, keep: Keep = ALL) -> None:
        self.figures, self.told, self.drain = Figures(URL), list[str](), Drain()
        sender = Sender(
            peer,
            waiting_line(layout),
            self.figures,
            keep,
            self.drain,
            self.told.append,
            clock=lambda: NOW,
        )
        self._thread = threading.Thread(target=sender.run, daemon=True)
        self._thread.start()

    def end(self, grace_s: float = WAIT_S) -> Figures:
        self.drain.begin(grace_s)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return self.figures


def test_all_is_sent_as_it_was_and_in_order(layout: Layout, log: LogWriter) -> None:
    sent = requests(20)
    write(log, sent)
    peer = Peer()
    run = Run(layout, peer)
    wait_until(lambda: len(peer.taken) == 20, "what was there is sent")
    more = requests(5)
    write(log, more)
    figures = run.end()
    assert peer.taken == sent + more
    assert figures == Figures(URL, accepted=spans(25 * SPANS))
    assert not list(waiting_line(layout).waiting())


def test_what_is_asked_again_is_sent_again(layout: Layout, log: LogWriter) -> None:
    sent = requests(3)
    write(log, sent)
    peer = Peer(SOON, SOON, TAKEN)
    run = Run(layout, peer)
    wait_until(lambda: len(peer.taken) == 3, "all are sent")
    assert run.end() == Figures(URL, accepted=spans(3 * SPANS), retried=2)
    assert peer.tries == [sent[0], sent[0], sent[0], sent[1], sent[2]]
    assert run.told == [
        f"{URL} takes nothing now, it is tried again while the log keeps what comes: HTTP 503 busy"
    ]


def test_what_is_refused_is_passed_over_and_told_once(layout: Layout, log: LogWriter) -> None:
    sent = requests(4)
    write(log, sent)
    no = Reply(Outcome.REFUSED, message="HTTP 400 Bad Request: no")
    peer = Peer(no, no, TAKEN)
    figures = (run := Run(layout, peer)).end()
    assert figures == Figures(URL, accepted=spans(2 * SPANS), refused=spans(2 * SPANS))
    assert peer.taken == sent[2:]
    assert run.told == [f"{URL} refused a request, which is passed over: HTTP 400 Bad Request: no"]


def test_what_is_taken_in_part_is_counted(layout: Layout, log: LogWriter) -> None:
    write(log, requests(2))
    run = Run(layout, Peer(Reply(Outcome.ACCEPTED, 3, "three are odd"), TAKEN))
    figures = run.end()
    assert figures == Figures(URL, accepted=spans(2 * SPANS - 3), rejected=spans(3))
    assert run.told == [f"{URL} says: three are odd"]


@pytest.mark.parametrize("rejected", [-5, 1 << 40])
def test_nonsense_in_an_answer_does_no_harm(layout: Layout, log: LogWriter, rejected: int) -> None:
    write(log, requests(1))
    figures = Run(layout, Peer(Reply(Outcome.ACCEPTED, rejected))).end()
    assert figures.accepted.total() + figures.rejected.total() == SPANS


def test_an_end_does_not_wait_for_who_is_away(layout: Layout, log: LogWriter) -> None:
    write(log, requests(7))
    peer = Peer(AWAY)
    run = Run(layout, peer)
    wait_until(lambda: bool(run.figures.state), "it is tried")
    assert run.figures.state.startswith("waits ")
    figures = run.end()
    assert figures.state == "Connection refused"
    assert figures.waiting == spans(7 * SPANS)
    assert len(list(waiting_line(layout).waiting())) == 7


def test_a_wait_of_days_does_not_hinder_the_end(layout: Layout, log: LogWriter) -> None:
    write(log, requests(1))
    run = Run(layout, Peer(Reply(Outcome.RETRY, retry_after_s=1e300)))
    wait_until(lambda: bool(run.figures.state), "it is tried")
    assert run.figures.state == "waits 1 h 00 m: no answer"
    run.end()


def test_what_is_beyond_the_bound_is_given_up_and_counted(layout: Layout, log: LogWriter) -> None:
    sent = requests(6)
    write(log, sent)
    peer = Peer(AWAY)
    run = Run(layout, peer, Keep(1 << 62, len(sent[-1]) + 100))
    wait_until(lambda: bool(run.figures.lost), "the bound is looked after")
    figures = run.end()
    assert figures.lost == spans(5 * SPANS)
    assert figures.waiting == spans(SPANS)
    assert f"{URL} is too far behind: the oldest that waits is given up" in run.told


def test_after_a_crash_few_are_sent_twice(layout: Layout, log: LogWriter) -> None:
    sent = requests(2 * SAVE_AFTER_REQUESTS)
    write(log, sent)
    peer = Peer()
    left: list[int] = []

    def look() -> None:
        if len(peer.tries) in (SAVE_AFTER_REQUESTS - 1, 2 * SAVE_AFTER_REQUESTS - 1):
            left.append(len(list(waiting_line(layout).waiting())))

    peer.on_try = look
    Run(layout, peer).end()
    assert left[0] <= 2 * SAVE_AFTER_REQUESTS
    assert left[1] <= SAVE_AFTER_REQUESTS


def test_a_disk_that_is_full_is_told_and_sending_goes_on(
    layout: Layout, log: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, position: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("otx.services.forward.line.write_forward_position", fail)
    write(log, requests(3))
    run = Run(layout, Peer())
    assert run.end().accepted == spans(3 * SPANS)
    assert run.told == [
        f"cannot write how far {URL} is (No space left on device): more may be sent twice"
    ]


def test_a_drain_has_one_end() -> None:
    drain = Drain()
    assert (drain.left_s, drain.is_begun) == (math.inf, False)
    drain.begin(0.0)
    drain.begin(60.0)
    assert (drain.left_s, drain.is_begun) == (0.0, True)
