"""The line in which one types what to search for; a fault is shown under it while one types."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from otx.tui.snapshot import SearchFault
from otx.tui.widgets.field import Field

Check = Callable[[str], SearchFault | None]


class SearchInput(Field):
    """The field itself."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "back to the list"),
        ("esc", "as it was"),
    )
    HELP: ClassVar[str] = (
        'word, "a phrase", field:value, -field:value, duration:>100ms, @attribute:value.'
    )


class SearchBar(Vertical):
    """`/ expression`, applied while it is typed wherever it can be understood.

    Args:
        check: What is wrong with an expression.
        hint: What is shown while nothing is searched for.
    """

    DEFAULT_CSS = """
    SearchBar {
        height: auto;
        & Horizontal { height: 1; }
        & .sign { width: 3; color: $primary; }
        & SearchInput {
            width: 1fr; height: 1; border: none; padding: 0; background: $background;
            &:focus { border: none; background: $panel; }
            &:ansi { background: ansi_default; }
        }
        & .fault { height: auto; color: $error; display: none; padding-left: 3; }
        &.faulty .fault { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "As it was", id="search.give-up"),
        Binding("enter,down", "done", "Back to the list", id="search.done"),
    ]

    class Edited(Message):
        """Something else is searched for."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Editing is over."""

    def __init__(self, check: Check, hint: str) -> None:
        super().__init__()
        self._check = check
        self._hint = hint
        self._before = ""
        self._said = ""
        self._focused_before: Widget | None = None

    def compose(self) -> ComposeResult:
        """The sign, the field, the fault."""
        with Horizontal():
            yield Static(" /", classes="sign")
            yield SearchInput(placeholder=self._hint, classes="search", select_on_focus=False)
        yield Static(classes="fault", markup=False)

    @property
    def text(self) -> str:
        """What is searched for."""
        return self._said

    def edit(self) -> None:
        """Begin to type."""
        self._before = self._said
        self._focused_before = self.screen.focused
        self.screen.set_focus(self.query_one(SearchInput))  # at once, unlike `focus`

    def write(self, text: str) -> None:
        """Search for this."""
        self.query_one(SearchInput).value = text

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply what can be understood, and say what cannot."""
        event.stop()
        self._apply()

    def _apply(self) -> None:
        value = self.query_one(SearchInput).value
        text = value.strip()
        fault = self._check(text) if text else None
        self.set_class(fault is not None, "faulty")
        if fault is not None:
            leading = len(value) - len(value.lstrip())
            caret = " " * (fault.position + leading) + "^ "
            self.query_one(".fault", Static).update(caret + fault.message)
        elif text != self._said:
            self._said = text
            self.post_message(self.Edited(text))

    def action_done(self) -> None:
        """Keep what is typed and go back."""
        self._leave()

    def action_give_up(self) -> None:
        """Search for what was searched for before, and go back."""
        self.write(self._before)
        self._leave()

    def _leave(self) -> None:
        self._apply()  # at once: the word that the field changed may still be on its way
        if self._focused_before is not None:
            self.screen.set_focus(self._focused_before)  # at once, for the keys typed behind
        self.post_message(self.Left())
