"""What keys do: choosing, following, pausing, searching, linking, leaving."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from otx.model.stack import Frame
from otx.tui.app import OtxApp
from otx.tui.screens.help import HelpScreen
from otx.tui.screens.signal_screen import LEAST_PANE, SignalScreen
from otx.tui.snapshot import FlameInterest, LogsInterest, Status, TracesInterest
from otx.tui.widgets.flame_graph import FlameGraph
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.log_list import LogList
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.path_line import PathLine
from otx.tui.widgets.search_bar import SearchBar, SearchInput
from otx.tui.widgets.span_detail import SpanDetail
from otx.tui.widgets.trace_flame import TraceFlame
from otx.tui.widgets.trace_list import TraceList
from otx.tui.widgets.waterfall import Waterfall
from tests.tui.conftest import MS, NOW, TRACE_ID, FixedFeed, clock


@asynccontextmanager
async def showing(
    first: str, feed: FixedFeed | None = None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Pilot[int], FixedFeed]]:
    served = feed or FixedFeed()
    app = OtxApp(served, clock, first=first)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot, served


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def status_text(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one("StatusBar").render())


def pane_title(pilot: Pilot[int], name: str) -> str:
    return str(pilot.app.screen.query_one(name, Pane).border_title)


def lines_of(lines: LineList) -> str:
    """Everything a list shows, seen or not."""
    rows = (lines.draw_row(index, 200) for index in range(len(lines.ids)))
    return "\n".join("".join(text for text, _ in row) for row in rows)


def notes_of(pilot: Pilot[int]) -> str:
    """The notes that are shown now."""
    return "\n".join(toast.message for toast in pilot.app._notifications)


async def arrive(pilot: Pilot[int], feed: FixedFeed, count: int) -> None:
    """Let newer traces and records arrive."""
    start = NOW + 3_000 * MS
    newer = [
        replace(feed.rows[0], trace_id=f"{0xABC0 + i:032x}", start_unix_nano=start - i * MS)
        for i in range(count)
    ]
    feed.rows = newer + feed.rows
    feed.records = [
        *feed.records,
        *(
            replace(feed.records[0], time_unix_nano=start + i * MS, body=f"newer {i}")
            for i in range(count)
        ),
    ]
    feed.say()
    await pilot.pause()


async def test_what_is_chosen_stays_chosen_and_in_place_while_traces_arrive() -> None:
    async with showing("traces") as (pilot, feed):
        traces = pilot.app.screen.query_one(TraceList)
        assert traces.chosen == TRACE_ID
        await press(pilot, "j", "j", "k", "k")
        await arrive(pilot, feed, 25)
        assert traces.chosen == TRACE_ID
        assert traces.chosen_index == 25
        assert traces.scroll_offset.y == 25
        assert "+25 new" in pane_title(pilot, "#traces")


async def test_follow_goes_to_the_newest() -> None:
    async with showing("traces") as (pilot, feed):
        traces = pilot.app.screen.query_one(TraceList)
        await press(pilot, "j")
        await arrive(pilot, feed, 3)
        assert "+3 new" in pane_title(pilot, "#traces")
        await press(pilot, "F")
        assert traces.following
        assert traces.chosen_index == 0
        assert traces.scroll_offset.y == 0
        assert "following" in pane_title(pilot, "#traces")


async def test_moving_up_in_logs_stops_following_and_end_resumes() -> None:
    feed = FixedFeed()
    async with showing("logs", feed) as (pilot, _):
        logs = pilot.app.screen.query_one(LogList)
        await arrive(pilot, feed, 60)
        assert logs.following
        assert logs.scroll_offset.y == len(logs.ids) - logs.size.height
        await press(pilot, "k")
        before = logs.chosen
        await arrive(pilot, feed, 5)
        assert logs.chosen == before
        assert "+5 new" in pane_title(pilot, "#logs")
        await press(pilot, "end")
        assert logs.following
        assert logs.chosen_index == len(logs.ids) - 1


async def test_pause_holds_the_list_and_counts_what_arrives() -> None:
    async with showing("traces") as (pilot, feed):
        traces = pilot.app.screen.query_one(TraceList)
        held = len(traces.ids)
        await press(pilot, "space")
        await arrive(pilot, feed, 7)
        assert len(traces.ids) == held
        assert "paused · 7 new" in pane_title(pilot, "#traces")
        await press(pilot, "space")
        assert len(traces.ids) == held + 7


async def test_a_paused_flame_graph_stands_still_while_sampling_goes_on() -> None:
    async with showing("flame") as (pilot, feed):
        graph = pilot.app.screen.query_one(FlameGraph)
        await press(pilot, "space")
        feed.counts = {(Frame("other", "process"),): 10_000}
        feed.samples += 10_000
        feed.say()
        await pilot.pause()
        assert graph.picture.whole == 3_257
        assert "‖ paused at 14:13:22  +10 000 samples" in status_text(pilot)
        await press(pilot, "space")
        assert graph.picture.whole == 10_000
        await press(pilot, "space", "F")
        assert "‖ paused" not in status_text(pilot)


async def test_search_is_applied_while_typed_and_escape_takes_it_back() -> None:
    async with showing("traces") as (pilot, feed):
        await press(pilot, "slash", *"cata")
        asked = feed.asked[-1]
        assert isinstance(asked, TracesInterest)
        assert asked.search == "cata"
        assert set(pilot.app.screen.query_one(TraceList).ids) == {
            row.trace_id for row in feed.rows if row.root_service == "catalog"
        }
        await press(pilot, "escape")
        assert len(pilot.app.screen.query_one(TraceList).ids) == len(feed.rows)
        assert isinstance(pilot.app.focused, TraceList)


async def test_a_faulty_search_is_said_and_not_applied() -> None:
    async with showing("logs") as (pilot, _):
        await press(pilot, "slash", *"bogus:x")
        bar = pilot.app.screen.query_one(SearchBar)
        assert bar.has_class("faulty")
        assert bar.text == "bogus"
        await press(pilot, "enter")
        assert isinstance(pilot.app.focused, LogList)


async def test_keys_are_letters_while_one_types() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "slash", "q", "2", "?")
        assert pilot.app.is_running
        assert pilot.app.screen.query_one(SearchBar).query_one(SearchInput).value == "q2?"


async def test_links_carry_the_choice_there_and_back() -> None:
    async with showing("traces") as (pilot, feed):
        await press(pilot, "tab", "n", "n", "n")
        assert pilot.app.screen.query_one(Waterfall).chosen == f"{6:016x}"
        await press(pilot, "L")
        assert pilot.app.current_mode == "logs"
        asked = feed.asked[-1]
        assert isinstance(asked, LogsInterest)
        assert asked.trace_id == TRACE_ID
        record = pilot.app.screen.query_one(LogList).record
        assert record is not None
        assert record.span_id == f"{6:016x}"
        await press(pilot, "g", "T")
        assert pilot.app.current_mode == "traces"
        assert pilot.app.screen.query_one(Waterfall).chosen == f"{2:016x}"


async def test_a_span_leads_to_the_samples_of_its_process_and_back() -> None:
    async with showing("traces") as (pilot, feed):
        await press(pilot, "tab", "n", "n", "n")
        assert "linked: process 8812" in lines_of(pilot.app.screen.query_one(SpanDetail))
        await press(pilot, "P")
        assert pilot.app.current_mode == "flame"
        assert feed.asked[-1] == FlameInterest(pid=8812)
        assert "pid 8812" in pane_title(pilot, "#flame")
        assert "profile linked: process 8812" in status_text(pilot)
        await press(pilot, "T")
        assert pilot.app.current_mode == "traces"
        assert pilot.app.screen.query_one(Waterfall).chosen == f"{6:016x}"
        await press(pilot, "5", "backspace")
        assert feed.asked[-1] == FlameInterest()


async def test_a_span_whose_process_is_not_known_leads_to_all_samples_and_says_why() -> None:
    async with showing("traces") as (pilot, feed):
        await press(pilot, "P")
        assert feed.asked[-1] == FlameInterest()
        assert "not sampled here: its resource has no process.pid" in status_text(pilot)


async def test_a_profile_that_came_from_no_span_says_what_leads_to_one() -> None:
    async with showing("flame") as (pilot, _):
        await press(pilot, "T")
        assert pilot.app.current_mode == "flame"
        assert "P on a span comes here" in notes_of(pilot)


async def test_a_record_without_a_trace_says_so() -> None:
    async with showing("logs") as (pilot, _):
        logs = pilot.app.screen.query_one(LogList)
        await press(pilot, "g", "j", "j", "j")
        assert logs.record is not None
        assert not logs.record.trace_id
        await press(pilot, "T")
        assert pilot.app.current_mode == "logs"


async def test_least_severity_is_raised_and_lowered() -> None:
    async with showing("logs") as (pilot, _):
        logs = pilot.app.screen.query_one(LogList)
        await press(pilot, "plus", "plus", "plus")
        assert len(logs.ids) == 4
        assert "severity W and up" in status_text(pilot)
        await press(pilot, "minus")
        assert len(logs.ids) == 5


async def test_folding_and_runs() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab")
        fall = pilot.app.screen.query_one(Waterfall)
        begun = len(fall.ids)
        await press(pilot, "left_square_bracket")
        folded = len(fall.ids)
        await press(pilot, "right_square_bracket")
        assert folded < begun < len(fall.ids)
        await press(pilot, "home", "h")
        assert fall.chosen == f"{1:016x}"
        assert f"{4:016x}" not in fall.ids
        await press(pilot, "l")
        assert f"{4:016x}" in fall.ids


async def test_the_critical_path_is_said_lit_and_walked() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab", "c")
        fall = pilot.app.screen.query_one(Waterfall)
        line = str(pilot.app.screen.query_one(PathLine).render())
        assert line.startswith("critical path: frontend → cart → redis → checkout → currency")
        assert "(1.94 s)" in line
        lit = [line.split("•")[0].strip() for line in lines_of(fall).split("\n") if "•" in line]
        assert "redis HGETALL" in lit
        await press(pilot, "n", "n")
        assert fall.chosen == f"{3:016x}"
        await press(pilot, "N", "N", "N")
        assert fall.chosen == f"{6:016x}"
        assert " path    " in lines_of(pilot.app.screen.query_one(SpanDetail))
        await press(pilot, "c", "home", "n")
        assert fall.chosen == f"{4:016x}"
        assert not pilot.app.screen.query_one(PathLine).display


async def test_what_happened_before_and_after_a_span_is_lit_and_walked() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab", "n", "left_curly_bracket")
        fall = pilot.app.screen.query_one(Waterfall)
        line = str(pilot.app.screen.query_one(PathLine).render())
        assert line.startswith("1 span happened before checkout PlaceOrder")
        lit = [line.split("•")[0].strip() for line in lines_of(fall).split("\n") if "•" in line]
        assert [name.split("  ")[0] for name in lit] == ["▾ frontend POST /checkout"]
        await press(pilot, "right_curly_bracket")
        line = str(pilot.app.screen.query_one(PathLine).render())
        assert "happened after checkout PlaceOrder" in line
        chosen = fall.chosen
        await press(pilot, "n")
        assert fall.chosen != chosen
        fall.choose_span(str(chosen))
        await press(pilot, "right_curly_bracket")
        assert not pilot.app.screen.query_one(PathLine).display


async def test_a_walk_along_the_critical_path_unfolds_what_hides_it() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab", "left_square_bracket", "c", "n", "n", "n")
        fall = pilot.app.screen.query_one(Waterfall)
        assert fall.chosen in fall.ids
        assert fall.chosen == f"{4:016x}"


async def test_a_trace_turns_into_a_flame_graph_and_back_at_the_same_span() -> None:
    async with showing("traces") as (pilot, feed):
        await press(pilot, "tab", "n", "n", "f")
        flame = pilot.app.screen.query_one(TraceFlame)
        assert flame.has_focus
        assert flame.box.frame.name == "charge"
        feed.say()
        await press(pilot, "down")
        assert flame.box.frame.name == "POST api.bank.example"
        assert "api.bank.example" in lines_of(pilot.app.screen.query_one(SpanDetail))
        await press(pilot, "up", "up", "enter", "escape", "escape")
        assert pilot.app.screen.query_one(TraceList).has_focus
        await press(pilot, "f")
        fall = pilot.app.screen.query_one(Waterfall)
        assert fall.has_focus
        assert fall.chosen == f"{4:016x}"


async def test_failed_operations_are_lit_in_the_flame_graph_of_a_trace() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "f", "home", "n")
        flame = pilot.app.screen.query_one(TraceFlame)
        assert flame.box.frame.name == "PlaceOrder"
        await press(pilot, "n")
        assert flame.box.frame.name == "charge"


async def test_spans_that_match_are_marked_and_shown_alone() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab", "m")
        assert "/ searches" in notes_of(pilot)
        await press(pilot, "slash", *"front", "enter", "tab")
        fall = pilot.app.screen.query_one(Waterfall)
        marked = [line for line in lines_of(fall).split("\n") if "▓" in line]
        assert ["POST /checkout" in line for line in marked] == [True]
        await press(pilot, "j", "m")
        assert (fall.ids, fall.chosen) == ([f"{1:016x}"], f"{1:016x}")
        await press(pilot, "c", "n", "n")
        assert fall.chosen == f"{3:016x}"
        assert len(fall.ids) > 1


async def test_a_late_parent_takes_its_subtree_and_the_choice_stays() -> None:
    feed = FixedFeed()
    whole = feed.spans
    feed.spans = [one for one in whole if one.span_id != f"{5:016x}"]
    async with showing("traces", feed) as (pilot, _):
        fall = pilot.app.screen.query_one(Waterfall)
        assert ("waiting", f"{5:016x}") in fall.ids
        await press(pilot, "tab", *["j"] * (list(fall.ids).index(f"{6:016x}")))
        assert fall.chosen == f"{6:016x}"
        feed.spans = whole
        feed.say()
        await pilot.pause()
        assert ("waiting", f"{5:016x}") not in fall.ids
        assert fall.chosen == f"{6:016x}"


async def test_the_parent_that_was_waited_for_takes_the_choice_of_its_stand_in() -> None:
    feed = FixedFeed()
    whole = feed.spans
    feed.spans = [one for one in whole if one.parent_span_id]
    async with showing("traces", feed) as (pilot, _):
        fall = pilot.app.screen.query_one(Waterfall)
        stand_in = ("waiting", f"{1:016x}")
        assert (fall.chosen, fall.ids[0]) == (stand_in, stand_in)
        feed.spans = whole
        feed.say()
        await pilot.pause()
        root = f"{1:016x}"
        assert (fall.chosen, fall.ids[0]) == (root, root)


async def test_zoom_and_choice_in_the_flame_graph_survive_a_new_tree() -> None:
    async with showing("flame") as (pilot, feed):
        graph = pilot.app.screen.query_one(FlameGraph)
        await press(pilot, *["down"] * 5, "enter")
        assert graph.box.frame.name == "charge"
        assert graph.zoom.path == graph.box.path
        feed.counts = {stack: value * 2 for stack, value in feed.counts.items()}
        feed.say()
        await pilot.pause()
        assert graph.box.frame.name == "charge"
        assert (graph.box.first_cell, graph.box.end_cell) == (0, graph.size.width)
        await press(pilot, "escape")
        assert graph.zoom.path == ()
        await press(pilot, "down", "enter", "down", "enter", "0")
        assert graph.zoom.path == ()


async def test_arrows_walk_the_boxes() -> None:
    async with showing("flame") as (pilot, _):
        graph = pilot.app.screen.query_one(FlameGraph)
        await press(pilot, "down", "right")
        assert graph.box.frame.name == "grpc-server"
        await press(pilot, "l", "h")
        assert graph.box.frame.name == "checkout"
        await press(pilot, "i", "down")
        assert graph.box.parent is None


async def test_search_in_the_flame_graph_walks_its_matches_and_says_their_share() -> None:
    async with showing("flame") as (pilot, _):
        graph = pilot.app.screen.query_one(FlameGraph)
        await press(pilot, "slash", *"epoll", "enter")
        first = graph.box
        assert first.frame.name == "epoll_wait"
        await press(pilot, "n")
        assert graph.box.frame.name == "epoll_wait"
        assert graph.box is not first
        await press(pilot, "N")
        assert graph.box is first
        info = str(pilot.app.screen.query_one("FlameInfo").render())
        assert "23.1 % of all samples, in 2 places" in info


async def test_the_hottest_function_is_shown_in_the_graph() -> None:
    async with showing("flame") as (pilot, _):
        await press(pilot, "tab", "j", "enter")
        assert pilot.app.screen.query_one(FlameGraph).box.frame.name == "c_make_encoder"


async def test_other_views_of_the_profile_are_asked_for() -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "v", "a")
        assert feed.asked[-1] == FlameInterest(callers=True, since_start=True)


async def test_one_pane_at_a_time_on_a_small_terminal() -> None:
    async with showing("traces", size=(80, 24)) as (pilot, _):

        def shown() -> list[str | None]:
            return [pane.id for pane in pilot.app.screen.query(Pane) if pane.region.area > 0]

        assert shown() == ["traces"]
        await press(pilot, "enter")
        assert shown() == ["trace"]
        await press(pilot, "enter")
        assert shown() == ["span"]
        assert isinstance(pilot.app.focused, SpanDetail)
        await press(pilot, "escape", "escape")
        assert shown() == ["traces"]


async def test_z_gives_one_pane_the_screen_and_back() -> None:
    async with showing("traces") as (pilot, _):
        panes = pilot.app.screen.query(Pane)
        await press(pilot, "tab", "z")
        assert [pane.id for pane in panes if pane.region.area] == ["trace"]
        await press(pilot, "z")
        assert all(pane.region.area for pane in panes)


@pytest.mark.parametrize(
    ("screen", "name", "cells"), [("traces", "#span", 4), ("logs", "#record", 4)]
)
@pytest.mark.long
async def test_an_edge_between_panes_is_moved_and_the_whole_screen_is_still_one_panes(
    screen: str, name: str, cells: int
) -> None:
    async with showing(screen) as (pilot, _):
        pane = pilot.app.screen.query_one(name, Pane)
        before = pane.outer_size.width
        await press(pilot, "less_than_sign")
        assert pane.outer_size.width == before + cells
        await press(pilot, *["greater_than_sign"] * 40)
        assert pane.outer_size.width == LEAST_PANE[0]
        await press(pilot, *["less_than_sign"] * 60)
        assert pane.outer_size.width == 120 - LEAST_PANE[0]
        pilot.app.screen.focus_pane(pilot.app.screen.all_panes.index(pane))  # type: ignore[attr-defined]
        await press(pilot, "z")
        assert pane.outer_size.width == 120
        await press(pilot, "z")
        assert pane.outer_size.width == 120 - LEAST_PANE[0]


async def test_the_hottest_functions_get_more_rows() -> None:
    async with showing("flame") as (pilot, _):
        pane = pilot.app.screen.query_one("#hottest", Pane)
        before = pane.outer_size.height
        await press(pilot, "less_than_sign", "less_than_sign")
        assert pane.outer_size.height == before + 4


@pytest.mark.parametrize("screen", ["traces", "logs"])
async def test_a_window_of_time_is_made_shorter_and_longer(screen: str) -> None:
    async with showing(screen) as (pilot, feed):
        for key, window_s, said in (
            ("comma", 86_400, "last 24 h (. for longer)"),
            ("comma", 3_600, "last 1 h"),
            ("full_stop", 86_400, "last 24 h"),
        ):
            await press(pilot, key)
            asked = feed.asked[-1]
            assert isinstance(asked, TracesInterest | LogsInterest)
            assert asked.window_s == window_s
            assert said in status_text(pilot)
        await press(pilot, *["comma"] * 9)
        assert "last 60 s" in status_text(pilot)
        await press(pilot, *["full_stop"] * 9)
        assert "last" not in status_text(pilot)


@pytest.mark.parametrize("screen", ["traces", "logs", "flame"])
async def test_metrics_are_said_to_have_no_screen(screen: str) -> None:
    async with showing(screen) as (pilot, _):
        await press(pilot, "M")
        assert "metrics have no screen yet" in notes_of(pilot)


async def test_the_focused_pane_is_heavy() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab")
        borders = {pane.id: pane.styles.border_top[0] for pane in pilot.app.screen.query(Pane)}
        assert borders == {"traces": "solid", "trace": "heavy", "span": "solid"}
        await press(pilot, "shift+tab")
        assert isinstance(pilot.app.focused, TraceList)


async def test_too_small_a_terminal_asks_for_room() -> None:
    async with showing("traces", size=(50, 12)) as (pilot, _):
        assert pilot.app.screen.query_one("#room").region.area > 0
        assert pilot.app.screen.query_one(TraceList).region.area == 0


async def test_help_and_the_palette_know_every_action() -> None:
    async with showing("flame") as (pilot, _):
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        text = str(pilot.app.screen.query_one("Static").render())
        for action in ("Zoom to the box", "Next match", "Called or callers", "Quit", "Logs"):
            assert action in text
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, SignalScreen)
        await press(pilot, "colon")
        assert isinstance(pilot.app.screen, CommandPalette)
        await press(pilot, "escape", "ctrl+p", *"icicle", "enter", "enter")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(pilot.app.screen, SignalScreen)


@pytest.mark.parametrize("keys", [("q",), ("ctrl+c",), ("slash", "ctrl+c")])
async def test_leaving(keys: tuple[str, ...]) -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, *keys)
        assert pilot.app.return_value == 0


async def test_escape_never_leaves() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, *["escape"] * 3)
        assert pilot.app.is_running


async def test_losses_are_words() -> None:
    status = Status("", "", hidden_bytes=2 << 20, unreadable_requests=3, fault="disk is gone")
    async with showing("traces", FixedFeed(status)) as (pilot, _):
        text = status_text(pilot)
        assert "2.0 MiB not shown yet" in text
        assert "3 requests unreadable" in text
        assert "not receiving" in str(pilot.app.screen.query_one("TabBar").render())
