"""What every key does where the focus is."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

_KEY_CELLS = 24


class HelpScreen(ModalScreen[None]):
    """The keys of another screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close", id="help.close"),
    ]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & VerticalScroll {
            width: 76; max-width: 95%; height: auto; max-height: 90%;
            border: heavy $border; border-title-color: $foreground; padding: 1 2;
            background: $background;
            &:ansi { border: heavy ansi_default; background: ansi_default; }
        }
        & Static { width: 1fr; }
    }
    """

    def __init__(self, about: Screen[None]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        """The focused widget's paragraph, then all keys."""
        with VerticalScroll() as box:
            box.border_title = "Help  (esc closes)"
            yield Static(self._text())

    def _text(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        paragraph = getattr(self._about.focused, "HELP", "")
        if paragraph:
            parts.append(f"{paragraph}\n\n")
        keys: dict[str, list[str]] = {}
        for active in self._about.active_bindings.values():
            if active.binding.id and active.binding.description:
                shown = self.app.get_key_display(active.binding)
                keys.setdefault(active.binding.description, []).append(shown)
        for description, names in keys.items():
            parts += [(f"{' '.join(names):<{_KEY_CELLS}}", "$accent bold"), f" {description}\n"]
        return Content.assemble(*parts)
