"""The three lines that every screen has: tabs above, status and keys below."""

from collections.abc import Callable, Collection, Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from otx.model.cells import shorten, width_of
from otx.model.units import format_clock

SCREENS = (("2", "traces", "Traces"), ("3", "logs", "Logs"), ("5", "flame", "Flame"))
"""Key, name and title of every screen there is; the numbers left out belong to later ones."""
_ALWAYS = (("?", "help"), ("q", "quit"))
_WHILE_TYPING = (("f1", "help"), ("ctrl+c", "quit"))
_FIRST_KEYS = 5
_NARROW = 100


class TabBar(Widget):
    """Which screens there are, which one this is, and whether anything arrives."""

    DEFAULT_CSS = "TabBar { height: 1; background: $panel; &:ansi { background: ansi_default; } }"

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.screen_name = name

    def __init__(self, current: str, names: Collection[str]) -> None:
        super().__init__()
        self._current = current
        self._tabs = [tab for tab in SCREENS if tab[1] in names]
        self._state = ""

    def show(self, state: str) -> None:
        """Say how things stand, at the right end."""
        if state != self._state:
            self._state = state
            self.refresh()

    def render(self) -> RenderResult:
        """The tabs, the current one in brackets."""
        parts: list[str | tuple[str, str]] = []
        for key, name, title in self._tabs:
            if len(self._tabs) == 1:
                parts.append((f" {title} ", "$primary bold"))
            elif name == self._current:
                parts.append((f" [{key} {title}] ", "$primary bold"))
            else:
                parts.append((f"  {key} {title}  ", "$foreground"))
        tabs = Content.assemble(*parts)
        room = self.size.width - tabs.cell_length - 1
        state = shorten(self._state, max(room, 0))
        return Content.assemble(tabs, " " * (room - width_of(state)), state, " ")

    def on_click(self, event: Click) -> None:
        """Go to the screen under the pointer."""
        x = 0
        for key, name, title in self._tabs:
            x += len(f"  {key} {title}  ")
            if event.x < x:
                self.post_message(self.Picked(name))
                return


class StatusBar(Widget):
    """What is going on, and the time."""

    DEFAULT_CSS = "StatusBar { height: 1; background: $background; color: $foreground 80%; }"

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__()
        self._clock = clock
        self._text = ""

    def on_mount(self) -> None:
        """Let the time go on."""
        self.set_interval(1.0, self.refresh)

    def show(self, text: str) -> None:
        """Say what is going on."""
        if text != self._text:
            self._text = text
            self.refresh()

    def render(self) -> RenderResult:
        """The status, and the time at the right end."""
        time = format_clock(self._clock())[:8] + " "
        room = self.size.width - len(time) - 2
        text = shorten(self._text, max(room, 0))
        return Content.assemble(" ", text, " " * (room - width_of(text) + 1), time)


class KeyBar(Widget):
    """The keys that matter where the focus is; `?` has the rest."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; &:ansi { background: ansi_default; } }"

    def __init__(self) -> None:
        super().__init__()
        self._keys: Sequence[tuple[str, str]] = ()
        self._always = _ALWAYS

    def show(self, keys: Sequence[tuple[str, str]], is_typing: bool) -> None:
        """Show these keys with what they do; letters are none while one types."""
        self._keys = keys
        self._always = _WHILE_TYPING if is_typing else _ALWAYS
        self.refresh()

    def render(self) -> RenderResult:
        """As many keys as there is room for, and always how to get help and how to leave."""
        always = self._always
        keys = self._keys[:_FIRST_KEYS] if self.size.width < _NARROW else self._keys
        room = self.size.width - sum(len(key) + len(text) + 3 for key, text in always)
        parts: list[str | tuple[str, str]] = [" "]
        for key, text in keys:
            room -= width_of(key) + width_of(text) + 3
            if room < 0:
                break
            parts += [(key, "$accent bold"), f" {text}  "]
        for key, text in always:
            parts += [(key, "$accent bold"), f" {text}  "]
        return Content.assemble(*parts)
