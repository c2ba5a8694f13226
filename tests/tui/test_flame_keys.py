"""What keys do on the Flame screen: threads, baseline, limit, focus, sandwich."""

import asyncio
import threading
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from otx.model.profile import WALL
from otx.model.stack import Frame
from otx.tui.app import OtxApp
from otx.tui.colours import change_colour
from otx.tui.screens.flame import FlameScreen
from otx.tui.snapshot import FlameInterest
from otx.tui.widgets.flame_graph import FlameGraph
from otx.tui.widgets.flame_info import points_text
from otx.tui.widgets.pane import Pane
from tests.tui.conftest import FixedFeed, LiveFeed, clock
from tests.tui.test_keys import notes_of, pane_title, press, showing, status_text


def info(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one("FlameInfo").render())


def pane_extent(pilot: Pilot[int]) -> str:
    return pilot.app.screen.query_one("#flame", Pane)._right


def graph_of(pilot: Pilot[int]) -> FlameGraph:
    return pilot.app.screen.query_one(FlameGraph)


def asked(feed: FixedFeed) -> FlameInterest:
    interest = feed.asked[-1]
    assert isinstance(interest, FlameInterest)
    return interest


async def test_threads_get_a_level_and_lose_it() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "t", "down", "down")
        assert graph_of(pilot).box.frame == Frame("MainThread", "thread")
        await press(pilot, "t")
        assert asked(feed) == FlameInterest()
        assert graph_of(pilot).box.frame.kind == "process"


async def test_changes_since_the_baseline_are_said_and_signed_until_it_is_dropped() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, *["down"] * 7, "b")
        assert graph_of(pilot).box.frame.name == "c_make_encoder"
        assert asked(feed).baseline_unix_nano == clock()
        assert "c_make_encoder unchanged" in info(pilot)
        feed.counts = {
            stack: value * 4 if stack[-1].name == "c_make_encoder" else value
            for stack, value in feed.counts.items()
        }
        feed.say()
        await pilot.pause()
        assert "c_make_encoder ▲ +33.2 points" in info(pilot)
        drawn = "\n".join(graph_of(pilot).render_line(y).text for y in range(9))
        assert "▲ c_make_encoder" in drawn
        assert "▼ conv" in drawn
        await press(pilot, "B")
        assert asked(feed) == FlameInterest()
        assert "since" not in info(pilot)
        assert "▲" not in graph_of(pilot).render_line(7).text


async def test_the_limit_hides_small_frames_and_says_how_many() -> None:
    async with showing("flame") as (pilot, feed):
        assert "hidden" not in info(pilot)
        await press(pilot, "plus", "plus", "plus")
        assert asked(feed).least_permille == 5
        assert "30 frames under 0.5 %" in info(pilot)
        await press(pilot, *["minus"] * 5)
        assert asked(feed).least_permille == 0


async def test_a_function_is_focused_on_and_let_go() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "o", "S")
        assert "choose a function first" in notes_of(pilot)
        await press(pilot, *["down"] * 6, "o")
        assert graph_of(pilot).box.frame.name == "json.dumps"
        assert graph_of(pilot).picture.whole == 998 + 41 + 130
        assert "only with json.dumps" in pane_title(pilot, "#flame")
        await press(pilot, "o")
        assert asked(feed) == FlameInterest()


async def test_all_places_of_a_function_are_one_with_its_callers_on_the_other_side() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, *["down"] * 6, "S", "down")
        graph = graph_of(pilot)
        assert (graph.box.frame.name, graph.box.total) == ("json.dumps", 1_169)
        assert "called by json.dumps, all its places" in pane_title(pilot, "#flame")
        await press(pilot, "v", "down")
        assert graph.box.frame.name == "charge"
        assert "callers of json.dumps" in pane_title(pilot, "#flame")
        await press(pilot, "v", "backspace")
        assert asked(feed) == FlameInterest()


async def test_other_places_of_a_function_are_told_with_their_callers() -> None:
    async with showing("flame") as (pilot, _):
        await press(pilot, *["down"] * 6)
        assert "in 2 places: 31.9 % from charge · 4.0 % from convert_all" in info(pilot)
        assert "3 samples" in info(pilot)


async def test_a_baseline_leaves_zoom_and_choice_where_they_are() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, *["down"] * 5, "enter", "b", "plus")
        graph = graph_of(pilot)
        assert graph.zoom.path == graph.box.path
        assert graph.box.frame.name == "charge"
        assert asked(feed) == replace(FlameInterest(), baseline_unix_nano=clock(), least_permille=1)


async def test_counting_begins_anew_and_goes_back_to_all() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "r")
        assert graph_of(pilot).picture.whole == 0
        assert pane_extent(pilot) == "since 14:13:22 · 0 samples"
        feed.counts = {**feed.counts, (Frame("new", "process"),): 5}
        feed.say()
        await pilot.pause()
        assert graph_of(pilot).picture.whole == 5
        await press(pilot, "a")
        assert asked(feed) == FlameInterest()


async def test_parts_are_those_of_wall_time() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "E")
        assert "only wall time has parts" in notes_of(pilot)
        assert asked(feed) == FlameInterest()
    async with showing("flame", LiveFeed(kind=WALL)) as (pilot, feed):
        titles = []
        for _ in range(3):
            await press(pilot, "E")
            titles.append(pane_title(pilot, "#flame").partition("]")[2].partition(" · ")[0])
        assert titles == ["Wall time, on CPU", "Wall time, off CPU", "Wall time"]


async def test_without_a_store_there_is_one_screen() -> None:
    async with showing("flame", LiveFeed()) as (pilot, _):
        tabs = str(pilot.app.screen.query_one("TabBar").render())
        assert "Flame" in tabs and "Traces" not in tabs
        await press(pilot, "2", "T")
        assert isinstance(pilot.app.screen, FlameScreen)
        assert "traces are shown by otx tui" in notes_of(pilot)
        await press(pilot, "question_mark")
        assert "Traces" not in str(pilot.app.screen.query_one("Static").render())


async def test_warnings_are_shown_once_each() -> None:
    feed = LiveFeed()
    async with showing("flame", feed) as (pilot, _):
        for warnings in ("one",), ("one", "[two]"):
            feed.status = replace(feed.status, warnings=warnings)
            feed.say()
            await pilot.pause()
        assert notes_of(pilot) == "one\n[two]"


async def test_it_is_left_when_it_is_over() -> None:
    is_over = threading.Event()
    app = OtxApp(LiveFeed(), clock, first="flame", is_over=is_over.is_set)
    async with app.run_test() as pilot:
        await pilot.pause()
        is_over.set()
        async with asyncio.timeout(20):
            while app.return_code is None:
                await pilot.pause(0.01)
    assert app.return_code == 0


@pytest.mark.parametrize(
    ("points", "text"),
    [(9.84, "▲ +9.8 points"), (-4.1, "▼ −4.1 points"), (0.04, "unchanged"), (0.0, "unchanged")],
)
def test_changes_are_said_with_a_sign(points: float, text: str) -> None:
    assert points_text(points) == text


def test_more_is_orange_and_less_is_blue() -> None:
    more, less = change_colour(20), change_colour(-20)
    assert more.r > more.b
    assert less.b > less.r
    assert change_colour(1) != change_colour(5) != change_colour(10) == change_colour(99)


def footer_text(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one("KeyBar").render())


@pytest.mark.parametrize("width", [80, 120])
async def test_what_is_lost_and_the_way_out_are_seen_while_narrowed(width: int) -> None:
    async with showing("traces", size=(width, 24)) as (pilot, _):
        await press(pilot, "tab", "n", "n", "n", "P")
        status = status_text(pilot)
        assert "backspace: everything   lost 3" in status
        assert "process 8812" in status or width == 80  # the tab line has it
        assert "samples on" not in status
        assert "backspace everything" in footer_text(pilot)
        await press(pilot, "2", "5")
        assert "pid 8812 only, of 2" in str(pilot.app.screen.query_one("TabBar").render())
        await press(pilot, "backspace")
        assert "backspace" not in status_text(pilot) + footer_text(pilot)
        assert "pid 8812 8813" in str(pilot.app.screen.query_one("TabBar").render())
        for key in ("o", "S"):
            await press(pilot, *["down"] * 6, key)
            assert "backspace: everything   lost 3" in status_text(pilot)
            assert "backspace everything" in footer_text(pilot)
            await press(pilot, "backspace")


async def test_keys_that_find_no_match_say_so() -> None:
    async with showing("flame") as (pilot, _):
        for key in ("n", "N", "m"):
            await press(pilot, key)
            assert "nothing is lit" in notes_of(pilot)
            pilot.app.clear_notifications()
    feed = FixedFeed()
    feed.spans = [replace(one, status="UNSET") for one in feed.spans]
    async with showing("traces", feed) as (pilot, _):
        await press(pilot, "tab", "n")
        assert "no span that is shown failed" in notes_of(pilot)
        await press(pilot, "f", "m")
        assert "no operation failed" in notes_of(pilot)
