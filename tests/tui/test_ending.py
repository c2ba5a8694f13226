"""The app's end, whatever arrives meanwhile."""

import pytest
from textual.events import Unmount
from textual.message import Message

from otx.tui.app import OtxApp
from otx.tui.snapshot import Changed, Snapshot
from tests.tui.conftest import FixedFeed, clock


@pytest.mark.parametrize("first", ["traces", "logs", "flame"])
async def test_news_that_come_while_the_app_ends_find_no_half_screen(first: str) -> None:
    feed = FixedFeed()
    said = 0

    def hook(message: Message) -> None:
        # As if the app's turn came between the ends of two widgets, which is up to the event loop.
        nonlocal said
        if isinstance(message, Unmount):
            app._changed(Changed(Snapshot(feed.status, feed.view(feed.asked[-1]))))
            said += 1

    app = OtxApp(feed, clock, first=first)
    async with app.run_test(size=(120, 36), message_hook=hook) as pilot:
        await pilot.pause()
    assert said
    assert app.failure is None
