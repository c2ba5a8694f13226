"""What keys do on the Logs screen: patterns, neighbours, what arrived meanwhile, JSON bodies."""

from dataclasses import replace

from otx.tui.snapshot import Around, LogsInterest
from otx.tui.widgets.log_list import LogList
from otx.tui.widgets.log_record import LogRecordDetail, pretty_body
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.patterns import Patterns
from otx.tui.widgets.rates import Rates, row_of_blocks
from tests.tui.conftest import MS, FixedFeed
from tests.tui.test_keys import lines_of, pane_title, press, showing, status_text


async def test_a_pattern_narrows_and_escape_widens() -> None:
    async with showing("logs") as (pilot, feed):
        await press(pilot, "p")
        patterns = pilot.app.screen.query_one(Patterns)
        assert patterns.has_focus
        await press(pilot, "G", "enter")
        logs = pilot.app.screen.query_one(LogList)
        assert logs.has_focus
        assert [str(one.body) for one in logs.records] == ["retry 1 of 2 after 0.4 s"]
        assert "of one pattern: retry <*> of <*>" in status_text(pilot)
        assert "1 · esc widens" in pane_title(pilot, "#patterns")
        await press(pilot, "escape")
        assert len(logs.records) == len(feed.records)


async def test_neighbours_are_shown_without_the_filter_and_the_record_stays_chosen() -> None:
    async with showing("logs") as (pilot, feed):
        await press(pilot, "plus", "plus", "plus", "plus", "g")
        logs = pilot.app.screen.query_one(LogList)
        chosen = logs.record
        assert chosen is not None
        await press(pilot, "x")
        asked = feed.asked[-1]
        assert isinstance(asked, LogsInterest)
        assert asked.around == Around(chosen.time_unix_nano, "payment")
        assert {one.service for one in logs.records} == {"payment"}
        assert logs.record == chosen
        assert "payment around 14:13:21.870, nothing left out" in status_text(pilot)
        await press(pilot, "escape")
        assert logs.record == chosen
        assert len(logs.records) == 2
        await press(pilot, "x", "x")
        assert len(logs.records) == 2


async def test_rates_are_drawn_and_no_stop_for_tab() -> None:
    async with showing("logs") as (pilot, _):
        drawn = str(pilot.app.screen.query_one(Rates).render()).split("\n")
        assert [line[0] for line in drawn] == ["E", "W", "I", "D"]
        assert "trace_id on 83 %" in drawn[0]
        stops = []
        for _ in range(3):
            await press(pilot, "tab")
            assert pilot.app.focused is not None
            stops.append(type(pilot.app.focused).__name__)
        assert stops == ["LogRecordDetail", "Patterns", "LogList"]


async def test_a_small_terminal_has_patterns_on_a_page_of_their_own() -> None:
    async with showing("logs", size=(80, 24)) as (pilot, _):

        def shown() -> list[str | None]:
            return [pane.id for pane in pilot.app.screen.query(Pane) if pane.region.area > 0]

        assert shown() == ["logs"]
        await press(pilot, "p")
        assert shown() == ["patterns"]
        await press(pilot, "escape", "enter")
        assert shown() == ["record"]


async def test_what_arrives_while_one_reads_is_counted_in_the_title() -> None:
    feed = FixedFeed()
    async with showing("logs", feed) as (pilot, _):
        await press(pilot, "k")
        newest = feed.records[-1]
        late = [replace(newest, time_unix_nano=newest.time_unix_nano + i * MS) for i in range(1, 4)]
        feed.records = [*feed.records, *late]
        feed.say()
        await pilot.pause()
        assert "+3 new" in pane_title(pilot, "#logs")


async def test_a_body_of_json_is_spread_over_lines() -> None:
    feed = FixedFeed()
    feed.records = [replace(feed.records[0], body='{"order": {"id": 8812}}')]
    async with showing("logs", feed) as (pilot, _):
        assert '   "order": {\n' in lines_of(pilot.app.screen.query_one(LogRecordDetail))


async def test_every_line_of_a_record_can_be_chosen() -> None:
    async with showing("logs") as (pilot, _):
        await press(pilot, "g", "enter", "G")
        detail = pilot.app.screen.query_one(LogRecordDetail)
        assert len(set(detail.ids)) == len(detail.ids)
        assert detail.chosen_index == len(detail.ids) - 1


def test_bodies_are_shown_for_people() -> None:
    assert pretty_body({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
    assert pretty_body("[warn] no JSON") == "[warn] no JSON"
    assert (pretty_body(None), pretty_body(b"\x01"), pretty_body(7)) == ("", "01", "7")


def test_the_smallest_count_is_seen_beside_the_largest() -> None:
    assert row_of_blocks([0, 1, 1_000]) == " ▁█"
    assert row_of_blocks([0, 0]) == "  "
