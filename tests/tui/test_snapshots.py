"""What every screen looks like, at the size it was designed for and on a small terminal."""

from collections.abc import Awaitable, Callable, Iterable

import pytest
from textual.pilot import Pilot

from otx.model.profile import WALL
from otx.model.stack import Frame
from otx.tui.app import OtxApp
from otx.tui.snapshot import Status
from otx.tui.widgets.prompt import Prompt
from tests.tui.conftest import MS, NOW, FixedFeed, LiveFeed, clock, stacks

Compare = Callable[..., bool]
WIDE = (120, 36)
SMALL = (80, 24)


def make_app(first: str, feed: FixedFeed | None = None, colourless: bool = False) -> OtxApp:
    return OtxApp(feed or FixedFeed(), clock, first=first, colourless=colourless)


def after(*keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys, each when the one before has been dealt with."""

    async def press(pilot: Pilot[int]) -> None:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return press


def shows(compare: Compare, app: OtxApp, keys: Iterable[str], size: tuple[int, int] = WIDE) -> bool:
    return compare(app, run_before=after(*keys), terminal_size=size)


TO_FAILED_SPAN = ("tab", "n", "n", "n")


def test_traces(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), TO_FAILED_SPAN)


def test_traces_critical_path(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), ("tab", "c", "n"))


def test_traces_flame(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), (*TO_FAILED_SPAN, "f"))


def test_traces_small_flame(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), ("enter", "n", "f"), SMALL)


def test_traces_small_list(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), (), SMALL)


def test_traces_small_tree(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), ("enter", "n"), SMALL)


def test_traces_empty_teaches(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces", FixedFeed(empty=True)), ())


def test_traces_search_fault(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("traces"), ("slash", *"bogus:x"))


def test_logs(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("logs"), ("k",))


def test_logs_small(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("logs"), (), SMALL)


def test_flame(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame"), ("down",) * 5)


def test_flame_small(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame"), ("down",) * 3, SMALL)


def test_flame_search(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame"), ("slash", *"json", "enter", "n", "m"))


def test_flame_zoomed_and_flipped(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame"), (*["down"] * 4, "enter", "i"))


def show_changes(compare: Compare, colourless: bool) -> bool:
    """Threads, a baseline, a limit, and one function that takes more since then."""
    feed = FixedFeed()

    async def change(pilot: Pilot[int]) -> None:
        await after("t", *["down"] * 8, "plus", "plus", "plus", "b")(pilot)
        feed.counts = {
            stack: value * 2 if stack[-1].name == "c_make_encoder" else value
            for stack, value in feed.counts.items()
        }
        feed.say()
        await pilot.pause()

    app = make_app("flame", feed, colourless)
    return compare(app, run_before=change, terminal_size=WIDE)


def test_flame_changes(snap_compare: Compare) -> None:
    assert show_changes(snap_compare, colourless=False)


def test_flame_changes_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert show_changes(snap_compare, colourless=True)


def test_live_profile(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame", LiveFeed()), ("down",) * 3)


def test_live_profile_of_waits_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    feed = LiveFeed(kind=WALL)
    lock = (Frame("checkout", "process"), Frame("Cart.total", "python"), Frame("[lock]", "native"))
    feed.counts = {**{stack: value * MS for stack, value in stacks().items()}, lock: 900 * MS}
    assert shows(snap_compare, make_app("flame", feed, colourless=True), ("down", "E", "E"), SMALL)


def test_live_profile_that_has_ended(snap_compare: Compare) -> None:
    feed = LiveFeed(pids=(), ended_unix_nano=NOW)
    app = make_app("flame", feed)
    app.theme = "otx-light"
    assert shows(snap_compare, app, ("down",) * 3, SMALL)


def test_save_says_what_it_cannot(snap_compare: Compare) -> None:
    async def refused(pilot: Pilot[int]) -> None:
        await after("w", *["backspace"] * 6, *"png", "enter")(pilot)
        prompt = pilot.app.screen.query_one(Prompt)
        for _ in range(1000):
            if prompt.is_refused:
                break
            await pilot.pause()
        await pilot.pause()

    assert snap_compare(make_app("flame"), run_before=refused, terminal_size=WIDE)


def test_flame_missing_says_what_to_do(snap_compare: Compare) -> None:
    feed = FixedFeed()
    feed.missing = "not allowed to load a BPF program (EPERM)"
    assert shows(snap_compare, make_app("flame", feed), ())


def test_help(snap_compare: Compare) -> None:
    assert shows(snap_compare, make_app("flame"), ("question_mark",))


def test_damage_of_the_store_is_shown(snap_compare: Compare) -> None:
    feed = FixedFeed(Status("", "127.0.0.1:4318", 620, 6, damaged_rows=20_000))
    assert shows(snap_compare, make_app("traces", feed), (), SMALL)


def test_losses_are_shown(snap_compare: Compare) -> None:
    status = Status("", "127.0.0.1:4318", 620, 6, 64_000, 3 << 20, 2)
    assert shows(snap_compare, make_app("traces", FixedFeed(status)), ())


COLOURLESS = {
    "traces": TO_FAILED_SPAN,
    "traces-critical": ("tab", "c", "n"),
    "traces-flame": (*TO_FAILED_SPAN, "f"),
    "logs": ("k",),
    "flame": ("down", "slash", *"json", "enter"),
}


@pytest.mark.parametrize("name", COLOURLESS)
def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(name.partition("-")[0], colourless=True)
    assert shows(snap_compare, app, COLOURLESS[name])
