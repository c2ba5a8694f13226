"""What keys do on the Flame screen: threads, baseline, limit, focus, sandwich."""

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from otx.model.stack import Frame
from otx.tui.colours import change_colour
from otx.tui.snapshot import FlameInterest
from otx.tui.widgets.flame_graph import FlameGraph
from otx.tui.widgets.flame_info import points_text
from tests.tui.conftest import FixedFeed, clock
from tests.tui.test_keys import notes_of, pane_title, press, showing


def info(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one("FlameInfo").render())


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
