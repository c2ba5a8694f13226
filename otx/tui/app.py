"""The application: screens, global keys, and the way from the feed to the screen that is shown.

It knows no telemetry. Snapshots pass through it to the current screen, links from one screen to
the next.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from otx.errors import ExitCode, OtxError
from otx.model.units import format_size
from otx.tui.asks import CopyAsked, EditAsked, SaveAsked, SaveEnded
from otx.tui.commands import KeyCommands
from otx.tui.driver import LastingDriver
from otx.tui.link import LinkOpened
from otx.tui.picture import self_contained
from otx.tui.screens.flame import FlameScreen
from otx.tui.screens.help import HelpScreen
from otx.tui.screens.logs import LogsScreen
from otx.tui.screens.signal_screen import SignalScreen
from otx.tui.screens.traces import TracesScreen
from otx.tui.snapshot import Changed, Feed, Snapshot, Status
from otx.tui.themes import COLOURLESS, THEMES
from otx.tui.widgets.bars import TabBar
from otx.tui.widgets.copy_menu import CopyMenu

_LEAVE_PERIOD_S = 0.2
_WARNING_S = 15.0
"""How long a warning is shown: it has to be read, and stands on stderr afterwards."""
_COLOURLESS_FILTERS = (NoColor, Monochrome)


class OtxApp(App[int]):
    """The screens of otx.

    Args:
        feed: Where snapshots come from; opened and closed by the app.
        clock: Unix time in nanoseconds, now.
        theme_name: Which theme to use; ignored without colour.
        colourless: Whether to send no colour at all. The terminal's own colours are taken then,
            and only attributes of text are sent; this must be known before the app is made.
        duration_s: After how long to leave; None for when the user does.
        is_over: Asked a few times a second whether to leave.
        first: The screen to open on.
        variables: The environment's variables, which name the editor.
    """

    TITLE = "otx"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar = {KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("2", "go('traces')", "Traces", id="app.traces", priority=True),
        Binding("3", "go('logs')", "Logs", id="app.logs", priority=True),
        Binding("5", "go('flame')", "Flame", id="app.flame", priority=True),
        Binding("tab", "next_pane(1)", "Next pane", id="app.next-pane", priority=True),
        Binding("shift+tab", "next_pane(-1)", "Pane before", id="app.pane-before", priority=True),
        Binding("question_mark,f1", "help", "Help", id="app.help"),
        Binding("ctrl+p", "command_palette", "Commands", id="app.palette", priority=True),
        Binding("colon", "command_palette", "Commands", id="app.palette-colon"),
        Binding("q", "quit", "Quit", id="app.quit"),
        Binding("ctrl+c", "copy_or_quit", "Quit", id="app.quit-at-once", priority=True),
    ]
    DEFAULT_CSS = """
    Toast { border: none; }
    """

    def __init__(
        self,
        feed: Feed,
        clock: Callable[[], int] = time.time_ns,
        *,
        theme_name: str = THEMES[0].name,
        colourless: bool = False,
        duration_s: float | None = None,
        is_over: Callable[[], bool] = lambda: False,
        first: str = "traces",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(ansi_color=True if colourless else None)
        # Textual decides by NO_COLOR alone; `--color` stands above it.
        self.no_color = colourless
        self._filters = [one for one in self._filters if not isinstance(one, _COLOURLESS_FILTERS)]
        if colourless:
            self._filters.append(NoColor())
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = COLOURLESS if colourless else theme_name
        self.feed = feed
        self._duration_s = duration_s
        self._is_over = is_over
        self._warnings_shown = 0
        self._first = first
        self._variables = variables or {}
        self._snapshot = Snapshot()
        for screen in (TracesScreen, LogsScreen, FlameScreen):
            if screen.NAME in feed.screens:
                self.add_mode(screen.NAME, partial(screen, feed, clock))

    def get_driver_class(self) -> type[Driver]:
        """What draws: on a terminal, one that bears its loss (Textual)."""
        usual = super().get_driver_class()
        return LastingDriver if usual is LinuxDriver else usual

    @property
    def failure(self) -> BaseException | None:
        """What ended the app, where that was a fault."""
        return self._exception

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave digits to the field while one types, all keys but ctrl+c to the menu (Textual)."""
        if isinstance(self.focused, CopyMenu):
            return action == "copy_or_quit"
        is_there = parameters[0] in self.feed.screens if action == "go" else True
        return is_there and (action != "go" or not isinstance(self.focused, Input))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as an SVG that loads nothing from elsewhere (Textual)."""
        return self_contained(super().export_screenshot(title=title, simplify=simplify))

    def _print_error_renderables(self) -> None:
        """Leave it to `otx.cli` to show errors, with its report."""
        self._exit_renderables.clear()

    async def on_mount(self) -> None:
        """Open the first screen and begin to look."""
        await self.switch_mode(self._first)
        self.feed.open(self.post_message)
        self.set_interval(_LEAVE_PERIOD_S, self._leave_if_over)
        if self._duration_s is not None:
            self.set_timer(self._duration_s, self.action_quit)

    def on_unmount(self) -> None:
        """Look no more."""
        self.feed.close()

    @on(Changed)
    def _changed(self, event: Changed) -> None:
        self._snapshot = event.snapshot
        if not self.is_running:
            return  # the app is about to end, and its screens are half gone
        for text in event.snapshot.status.warnings[self._warnings_shown :]:
            self._warnings_shown += 1
            self.notify(text, severity="warning", timeout=_WARNING_S, markup=False)
        screen = self._base_screen
        if isinstance(screen, SignalScreen) and screen.is_mounted:
            screen.take(event.snapshot)

    async def _leave_if_over(self) -> None:
        if self._is_over():
            await self.action_quit()

    @property
    def _base_screen(self) -> Screen[object] | None:
        """The signal's screen, also while a help page or the palette lies on it."""
        return self.screen_stack[0] if self.screen_stack else None

    @on(LinkOpened)
    async def _link_opened(self, event: LinkOpened) -> None:
        await self.action_go(event.link.kind)
        screen = self._base_screen
        if isinstance(screen, SignalScreen):
            screen.open_link(event.link)

    @on(TabBar.Picked)
    async def _tab_picked(self, event: TabBar.Picked) -> None:
        await self.action_go(event.screen_name)

    @on(SaveAsked)
    def _save_asked(self, event: SaveAsked) -> None:
        if self._base_screen is not None:
            self._save(self._base_screen, event)

    @work(thread=True, exclusive=True, group="save")
    def _save(self, screen: Screen[object], asked: SaveAsked) -> None:
        """Write a file away from the screen, and tell the screen how it went."""
        from otx.tui.saving import AlreadyThere, save  # 60 ms of OTLP, and only for who saves

        try:
            ended = SaveEnded(save(asked.content, asked.path, asked.may_replace))
        except OtxError as error:
            ended = SaveEnded(fault=error.message, is_there=isinstance(error, AlreadyThere))
        screen.post_message(ended)

    @on(CopyAsked)
    def _copy_asked(self, event: CopyAsked) -> None:
        self._copy(event, self._snapshot.status)

    @work(thread=True, exclusive=True, group="copy")
    def _copy(self, asked: CopyAsked, status: Status) -> None:
        """Write the text away from the screen: a trace may have thousands of spans."""
        from otx.tui.saving import copied  # only for who copies, as above

        try:
            text = copied(asked.content, asked.form, status)
        except OtxError as error:
            self.notify(error.message, severity="warning", markup=False)
            return
        self.call_from_thread(self.copy_to_clipboard, text)
        self.notify(f"sent to the terminal's clipboard: {format_size(len(text.encode()))}")

    @on(EditAsked)
    def _edit_asked(self, event: EditAsked) -> None:
        from otx.tui.editor import edit, editor_of  # only for who edits, as above
        from otx.tui.saving import document

        try:
            editor = editor_of(self._variables)
            with self.suspend():
                edit(editor, *document(event.content))
        except SuspendNotSupported:
            self.notify("this terminal cannot be lent to an editor", severity="warning")
        except OtxError as error:
            self.notify(error.message, severity="warning", markup=False)

    async def action_go(self, name: str) -> None:
        """Go to a screen."""
        await self.switch_mode(name)

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane, on a help page or in the palette to the next field."""
        if isinstance(self.screen, SignalScreen):
            self.screen.action_next_pane(step)
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def action_help(self) -> None:
        """Say what every key does here."""
        if isinstance(self.screen, SignalScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_quit(self) -> None:
        """Leave."""
        self.exit(int(ExitCode.DONE))

    async def action_copy_or_quit(self) -> None:
        """Copy the text that is selected with the mouse; leave where there is none."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
        else:
            await self.action_quit()
