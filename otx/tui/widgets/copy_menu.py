"""One line that asks in which form to copy; a letter answers."""

from typing import ClassVar, Literal, TypeAlias

from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

CopyChoice: TypeAlias = Literal["ids", "json", "text", "curl"]
CHOICES: tuple[tuple[str, CopyChoice, str], ...] = (
    ("i", "ids", "ids"),
    ("j", "json", "OTLP JSON"),
    ("t", "text", "text"),
    ("c", "curl", "a curl that sends it again"),
)
"""Key, choice and words."""


class CopyMenu(Widget, can_focus=True):
    """The forms there are; not there while nothing is to be copied."""

    DEFAULT_CSS = """
    CopyMenu {
        height: 1; display: none; background: $panel; padding: 0 1;
        &:ansi { background: ansi_default; }
        &:nocolor { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"pick('{choice}')", f"Copy {words}", id=f"copy.{choice}")
            for key, choice, words in CHOICES
        ),
        Binding("escape", "give_up", "Copy nothing", id="copy.give-up"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("esc", "copy nothing"),)
    HELP: ClassVar[str] = "Copying is by OSC 52, which the terminal has to allow."

    class Picked(Message):
        """A form was chosen."""

        def __init__(self, choice: CopyChoice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self) -> None:
        super().__init__()
        self._focused_before: Widget | None = None

    def ask(self) -> None:
        """Ask."""
        if not self.display:
            self._focused_before = self.screen.focused
        self.display = True
        self.screen.set_focus(self)  # at once, unlike `focus`

    def render(self) -> RenderResult:
        """The choices with their keys."""
        parts: list[str | tuple[str, str]] = [("copy  ", "$primary bold")]
        for key, _, words in CHOICES:
            parts += [(key, "$accent bold"), f" {words}   "]
        return Content.assemble(*parts)

    def on_blur(self) -> None:
        """Ask no more: the focus went elsewhere."""
        self.display = False

    def action_pick(self, choice: CopyChoice) -> None:
        """Answer."""
        self.post_message(self.Picked(choice))
        self.action_give_up()

    def action_give_up(self) -> None:
        """Leave the clipboard as it is."""
        self.display = False
        self.screen.set_focus(self._focused_before)
