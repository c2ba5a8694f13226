"""The feed of a profile that is being taken: what it says when something has changed."""

import queue
import time
from dataclasses import replace

import pytest

from otx.model.stack import Frame, Stack, Thread
from otx.services.profiler import ProfileSnapshot
from otx.tui.flame_feed import FlameFeed
from otx.tui.snapshot import Changed, FlameInterest, FlameView, Interest, Snapshot

WORK: dict[Stack, int] = {(Frame("shop", "process"), Frame("work", "native")): 3}


class Profile:
    """A profile that changes when a test says so."""

    def __init__(self) -> None:
        counts = {Thread(7, "main"): WORK}
        self.now = ProfileSnapshot(1, counts, counts, pids=(7,), began_unix_nano=1)

    def snapshot(self) -> ProfileSnapshot:
        return self.now


def test_what_is_new_is_said_and_the_same_view_stands_for_the_same_samples() -> None:
    profile, said = Profile(), queue.Queue[Changed]()
    feed = FlameFeed(profile, lambda: 10, interval_s=0.01)
    feed.open(said.put)
    try:
        first = said.get(timeout=20).snapshot
        assert isinstance(first.view, FlameView)
        assert (first.view.tree.total, first.status.processes[0].samples) == (3, 3)
        feed.ask(FlameInterest(callers=True))
        turned = said.get(timeout=20).snapshot.view
        assert isinstance(turned, FlameView) and turned.interest.callers
        profile.now = replace(profile.now, ended_unix_nano=9, warnings=("it ended",))
        last = said.get(timeout=20).snapshot
        assert isinstance(last.view, FlameView)
        assert (last.view.ended_unix_nano, last.status.warnings) == (9, ("it ended",))
    finally:
        feed.close()
    assert said.empty()


def test_a_long_look_makes_the_next_one_wait_and_a_key_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("otx.tui.flame_feed.LONGEST_REST_S", 1_000.0)
    profile, said = Profile(), queue.Queue[Changed]()
    feed = FlameFeed(profile, lambda: 10, interval_s=0.0)
    looks: list[float] = []
    slow = feed._looker.look

    def look(interest: Interest) -> Snapshot:
        looks.append(time.monotonic())
        profile.now = replace(profile.now, version=profile.now.version + 1)
        time.sleep(0.05)
        return slow(interest)

    monkeypatch.setattr(feed._looker, "look", look)
    feed.open(said.put)
    try:
        said.get(timeout=20)
        said.get(timeout=20)
        assert looks[1] - looks[0] > 3 * 0.05
        feed.ask(FlameInterest(callers=True))
        turned = said.get(timeout=20).snapshot.view
        assert isinstance(turned, FlameView) and turned.interest.callers
    finally:
        feed.close()
