"""What has the focus after a resize, the palette or a menu, and in which order keys come."""

import pytest
from textual.events import Key
from textual.pilot import Pilot

from otx.tui.widgets.copy_menu import CopyMenu
from otx.tui.widgets.prompt import Prompt, PromptInput
from otx.tui.widgets.search_bar import SearchBar
from otx.tui.widgets.trace_list import TraceList
from tests.tui.test_keys import notes_of, press, showing


async def resize(pilot: Pilot[int], width: int, height: int) -> None:
    await pilot.resize_terminal(width, height)
    await pilot.pause()


async def burst(pilot: Pilot[int], *keys: str) -> None:
    """Send keys as a terminal does that has them all at once."""
    for key in keys:
        pilot.app.post_message(Key(key, key if len(key) == 1 else None))
    for _ in range(4):
        await pilot.pause()


async def test_the_focus_comes_back_with_the_room() -> None:
    async with showing("traces", size=(80, 24)) as (pilot, _):
        traces = pilot.app.screen.query_one(TraceList)
        await resize(pilot, 50, 12)
        await resize(pilot, 80, 24)
        assert pilot.app.focused is traces
        await press(pilot, "down")
        assert traces.chosen_index == 1


@pytest.mark.parametrize("screen", ["traces", "logs", "flame"])
async def test_after_the_palette_the_focus_is_on_no_search_field(screen: str) -> None:
    async with showing(screen, size=(80, 24)) as (pilot, _):
        before = pilot.app.focused
        await resize(pilot, 50, 12)
        await press(pilot, "ctrl+p")
        await resize(pilot, 80, 24)
        await press(pilot, "escape")
        assert pilot.app.focused is before
        await press(pilot, "colon", "escape")
        assert pilot.app.focused is before


@pytest.mark.parametrize("key", ["w", "x", "tab", "5", "slash", "ctrl+p", "down"])
async def test_a_key_that_is_no_choice_closes_the_menu_and_does_nothing_else(key: str) -> None:
    async with showing("traces") as (pilot, _):
        screen, before = pilot.app.screen, pilot.app.focused
        await press(pilot, "y", key)
        assert not screen.query_one(CopyMenu).display
        assert not screen.query_one(Prompt).is_open
        assert pilot.app.screen is screen
        assert pilot.app.focused is before
        assert "y takes one of i j t c" in notes_of(pilot)
        assert pilot.app.clipboard == ""


async def test_an_answer_typed_right_behind_the_menu_is_taken() -> None:
    async with showing("traces") as (pilot, _):
        traces = pilot.app.screen.query_one(TraceList)
        await burst(pilot, "y", "i", "j")
        assert pilot.app.clipboard
        assert traces.chosen_index == 1


async def test_a_prompt_takes_what_is_typed_behind_a_key_that_deletes() -> None:
    async with showing("traces") as (pilot, _):
        await burst(pilot, "w", "ctrl+u", *"xyz", "left", "backspace", "Q")
        field = pilot.app.screen.query_one(PromptInput)
        assert field.value == "xQz"
        await burst(pilot, "escape", "j")
        assert field.value == "xQz"
        assert pilot.app.screen.query_one(TraceList).chosen_index == 1


async def test_a_search_takes_keys_in_their_order_and_leaves_those_behind_it() -> None:
    async with showing("traces") as (pilot, _):
        traces = pilot.app.screen.query_one(TraceList)
        bar = pilot.app.screen.query_one(SearchBar)
        await burst(pilot, "slash", *"xyz", "ctrl+u", *"front", "enter", "j")
        assert bar.text == "front"
        assert pilot.app.focused is traces
        assert traces.chosen_index == 1
        await burst(pilot, "slash", *"log", "escape", "k")
        assert bar.text == "front"
        assert pilot.app.focused is traces
