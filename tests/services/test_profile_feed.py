"""Samples on their way out: batches, what is lost, and what is said of whom they are."""

import threading
from collections.abc import Callable
from dataclasses import replace

from otx.model.stack import Frame, Sample
from otx.otlp.profile_rules import broken_rules
from otx.profile.formats.opening import open_profile
from otx.profile.formats.otlp_write import otlp_request
from otx.services.profile_feed import (
    BATCH_NS,
    BATCH_SAMPLES,
    QUEUED_BATCHES,
    ProfileFeed,
    Sampling,
    batch_profile,
)

SAMPLING = Sampling(99, "process", {"OTEL_RESOURCE_ATTRIBUTES": "host.name=here"})


def sample(number: int = 0, comm: str = "shop") -> Sample:
    stack = (Frame("main", "native", module="shop"),)
    return Sample(10**18 + number, 7, 8, comm, stack, thread="worker")


class Kept:
    """Keeps what it takes, once it may."""

    def __init__(self, answer: Callable[[int], int] = lambda records: 0) -> None:
        self.bodies: list[bytes] = []
        self.may_take = threading.Event()
        self.is_waiting = threading.Event()
        self.is_closed = False
        self._answer = answer

    def take(self, body: bytes, records: int) -> int:
        self.is_waiting.set()
        assert self.may_take.wait(30)
        self.bodies.append(body)
        return self._answer(records)

    def close(self) -> None:
        self.is_closed = True


def test_what_is_held_goes_out_at_the_end() -> None:
    kept, notes = Kept(), list[str]()
    kept.may_take.set()
    with ProfileFeed([kept], SAMPLING, notes.append) as feed:
        feed.add([sample(), sample(1)])
    (body,) = kept.bodies
    assert open_profile(body, "x", notes.append).profile.total == 2
    assert (feed.given, feed.lost, notes, kept.is_closed) == (2, 0, [], True)


def test_a_batch_goes_out_when_it_is_old_or_large() -> None:
    kept, now = Kept(), [0]
    kept.may_take.set()
    with ProfileFeed([kept], SAMPLING, print, lambda: now[0]) as feed:
        feed.add([sample()])
        now[0] = BATCH_NS
        feed.add([sample(1)])
        feed.add([sample(number) for number in range(BATCH_SAMPLES)])
    assert [open_profile(it, "x", print).profile.total for it in kept.bodies] == [2, BATCH_SAMPLES]


def test_what_there_is_no_room_for_is_lost_and_counted() -> None:
    kept, notes, now = Kept(), list[str](), [0]
    with ProfileFeed([kept], SAMPLING, notes.append, lambda: now[0]) as feed:
        for _ in range(QUEUED_BATCHES + 4):
            now[0] += BATCH_NS
            feed.add([sample()])
            assert kept.is_waiting.wait(30)  # the first has left the queue
        assert feed.lost == 3
        kept.may_take.set()
    assert len(kept.bodies) == QUEUED_BATCHES + 1
    assert notes == ["3 samples were lost on their way out"]


def test_what_a_taker_loses_is_counted() -> None:
    kept = Kept(lambda records: records)
    kept.may_take.set()
    with ProfileFeed([kept], SAMPLING, lambda text: None) as feed:
        feed.add([sample(), sample(1)])
    assert (feed.lost, feed.given) == (2, 0)


def test_a_batch_keeps_the_rules_and_says_whose_samples_they_are() -> None:
    profile = batch_profile([sample(), sample(5), sample(7, "other")], SAMPLING)
    request = otlp_request(profile)
    assert broken_rules(request) == []
    resources = [
        {it.key: it.value.string_value or it.value.int_value for it in group.resource.attributes}
        for group in request.resource_profiles
    ]
    assert resources[0] == {
        "service.name": "unknown_service:shop",
        "host.name": "here",
        "process.pid": 7,
        "process.executable.name": "shop",
    }
    assert [it["process.executable.name"] for it in resources] == ["shop", "other"]


def test_what_a_process_says_of_itself_goes_before_the_environment() -> None:
    said: dict[str, str | int] = {"service.name": "shop", "host.name": "there", "process.pid": 1}
    known = replace(sample(), resource=said, trace_id="a" * 32, span_id="b" * 16)
    another = replace(sample(2), pid=8)
    request = otlp_request(batch_profile([sample(1), known, another], SAMPLING))
    resources = [
        {it.key: it.value.string_value or it.value.int_value for it in one.resource.attributes}
        for one in request.resource_profiles
    ]
    assert [(it["service.name"], it["host.name"], it["process.pid"]) for it in resources] == [
        ("shop", "there", 7),
        ("unknown_service:shop", "here", 8),
    ]
    (_, link) = request.dictionary.link_table
    assert (link.trace_id.hex(), link.span_id.hex()) == ("a" * 32, "b" * 16)
    assert broken_rules(request) == []
