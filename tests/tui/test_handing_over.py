"""Saving, opening and copying what is shown: asked for in the app, done by the real forms."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from otx.otlp.files import read_file
from otx.profile.formats.opening import open_profile
from otx.tui.app import OtxApp
from otx.tui.screens.signal_screen import SignalScreen
from otx.tui.snapshot import Status
from otx.tui.widgets.copy_menu import CopyMenu
from otx.tui.widgets.prompt import Prompt, PromptInput
from otx.tui.widgets.trace_list import TraceList
from tests.tui.conftest import TRACE_ID, FixedFeed
from tests.tui.test_keys import notes_of, press, showing


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Names without a folder are of the one that otx was started in."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


async def finish(pilot: Pilot[int], *keys: str) -> None:
    """Press keys and wait for what is done away from the screen."""
    await press(pilot, *keys)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def prompt_of(pilot: Pilot[int]) -> Prompt:
    return pilot.app.screen.query_one(Prompt)


def fault_of(pilot: Pilot[int]) -> str:
    return str(prompt_of(pilot).query_one(".fault").render())


def rename(pilot: Pilot[int], name: str) -> None:
    prompt_of(pilot).query_one(PromptInput).value = name


@pytest.mark.parametrize(
    ("screen", "name"),
    [("traces", f"trace-{TRACE_ID[:8]}.json"), ("logs", "logs.jsonl"), ("flame", "profile.folded")],
)
async def test_the_name_that_is_offered_can_be_saved_under(
    folder: Path, screen: str, name: str
) -> None:
    async with showing(screen) as (pilot, _):
        before = pilot.app.focused
        await finish(pilot, "w", "enter")
        assert not prompt_of(pilot).is_open
        assert pilot.app.focused is before
        assert name in notes_of(pilot)
    assert [file.name for file in folder.iterdir()] == [name]


async def test_a_saved_trace_is_read_by_otx(folder: Path) -> None:
    async with showing("traces") as (pilot, feed):
        await finish(pilot, "w", "enter")
        (request,) = read_file(folder / f"trace-{TRACE_ID[:8]}.json")
        assert request.records == len(feed.spans)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.pprof", "pprof"),
        ("a.pb.gz", "pprof"),
        ("a.speedscope.json", "speedscope"),
        ("a.json", "json"),
        ("a.otlp", "otlp"),
        ("A.FOLDED", "folded"),
    ],
)
async def test_a_profile_is_saved_in_the_form_that_its_ending_says(
    folder: Path, name: str, form: str
) -> None:
    async with showing("flame") as (pilot, feed):
        await press(pilot, "w")
        rename(pilot, name)
        await finish(pilot, "enter")
    opened = open_profile((folder / name).read_bytes(), name, pytest.fail)
    assert opened.form == form
    assert opened.profile.total == sum(feed.counts.values())


async def test_a_file_that_is_there_is_replaced_only_when_asked_twice(folder: Path) -> None:
    (folder / "profile.folded").write_text("mine")
    async with showing("flame") as (pilot, _):
        await finish(pilot, "w", "enter")
        assert "is there already; enter once more replaces it" in fault_of(pilot)
        assert (folder / "profile.folded").read_text() == "mine"
        await press(pilot, "backspace")
        assert not prompt_of(pilot).has_class("faulty")
        await finish(pilot, "d", "enter")
        assert (folder / "profile.folded").read_text() == "mine"
        await finish(pilot, "enter")
        assert "c_make_encoder 998" in (folder / "profile.folded").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("profile.png", ".png is no form this can be written in: .text, .folded, .pprof, "),
        ("profile", "a name without an ending"),
        ("no-such-folder/profile.json", "cannot write no-such-folder/profile.json"),
    ],
)
async def test_what_cannot_be_saved_says_why_and_can_be_changed(
    folder: Path, name: str, said: str
) -> None:
    async with showing("flame") as (pilot, _):
        await press(pilot, "w")
        rename(pilot, name)
        await finish(pilot, "enter")
        assert said in fault_of(pilot)
        rename(pilot, "profile.json")
        await finish(pilot, "enter")
        assert json.loads((folder / "profile.json").read_text())["unit"] == "samples"


async def test_escape_leaves_everything_as_it_is(folder: Path) -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "w", "2", "q", "slash")
        assert prompt_of(pilot).query_one(PromptInput).value.endswith("json2q/")
        await press(pilot, "escape")
        assert not prompt_of(pilot).is_open
        assert isinstance(pilot.app.focused, TraceList)
    assert list(folder.iterdir()) == []


async def test_ids_are_copied_of_the_trace_and_of_the_span_with_it() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "y", "i")
        assert pilot.app.clipboard == TRACE_ID
        await press(pilot, "tab", "y", "i")
        assert pilot.app.clipboard == f"{TRACE_ID}\n{1:016x}"


async def test_every_form_is_copied() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "tab")
        await finish(pilot, "y", "j")
        assert json.loads(pilot.app.clipboard)["resourceSpans"]
        await finish(pilot, "y", "t")
        assert json.loads(pilot.app.clipboard)["span_id"] == f"{1:016x}"
        await finish(pilot, "y", "c")
        assert pilot.app.clipboard.startswith("curl -sS http://127.0.0.1:4318/v1/traces -H")


async def test_a_menu_that_is_left_copies_nothing() -> None:
    async with showing("logs") as (pilot, _):
        await press(pilot, "y", "escape")
        assert pilot.app.clipboard == ""
        assert not pilot.app.screen.query_one(CopyMenu).display
        await press(pilot, "y", "tab")
        assert not pilot.app.screen.query_one(CopyMenu).display


async def test_a_curl_needs_a_receiver() -> None:
    async with showing("logs", FixedFeed(Status())) as (pilot, _):
        await finish(pilot, "y", "c")
        assert "nothing receives OTLP over HTTP" in notes_of(pilot)
        assert pilot.app.clipboard == ""


@pytest.mark.parametrize("screen", ["traces", "logs", "flame"])
async def test_where_nothing_is_shown_it_is_said(screen: str) -> None:
    feed = FixedFeed(empty=True)
    feed.missing = "no process was chosen"
    async with showing(screen, feed) as (pilot, _):
        await press(pilot, "w", "e")
        assert "there is nothing to save" in notes_of(pilot)
        assert "there is nothing to open" in notes_of(pilot)
        assert isinstance(pilot.app.screen, SignalScreen)


async def test_without_an_editor_it_is_said_which_variable_names_one() -> None:
    async with showing("traces") as (pilot, _):
        await press(pilot, "e")
        assert isinstance(pilot.app, OtxApp)
        assert "no editor is chosen: set VISUAL or EDITOR" in notes_of(pilot)
