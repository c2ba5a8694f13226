"""One line in which a person answers a question; what is wrong with the answer stands under it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static


class PromptInput(Input):
    """The field itself."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("enter", "do it"), ("esc", "leave it"))
    HELP: ClassVar[str] = "The ending of the name says which form is written."


class Prompt(Vertical):
    """A question with an answer to edit; not there while nothing is asked."""

    DEFAULT_CSS = """
    Prompt {
        height: auto; display: none; background: $panel;
        &:ansi { background: ansi_default; }
        & Horizontal { height: 1; }
        & .question { width: auto; color: $primary; text-style: bold; padding: 0 1; }
        & PromptInput {
            width: 1fr; height: 1; border: none; padding: 0; background: $panel;
            &:focus { border: none; }
            &:ansi { background: ansi_default; }
        }
        & .fault { height: auto; color: $error; display: none; padding: 0 1; }
        &.faulty .fault { display: block; }
        &:nocolor .fault { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Leave it", id="prompt.give-up"),
    ]

    class Answered(Message):
        """A person gave an answer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__()
        self._focused_before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Question, answer, fault."""
        with Horizontal():
            yield Static(classes="question", markup=False)
            yield PromptInput(select_on_focus=False)
        yield Static(classes="fault", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether something is asked."""
        return bool(self.display)

    @property
    def is_refused(self) -> bool:
        """Whether the answer is still the one that was refused."""
        return self.has_class("faulty")

    def ask(self, question: str, answer: str) -> None:
        """Ask, with an answer to begin with."""
        if not self.is_open:
            self._focused_before = self.screen.focused
        self.remove_class("faulty")
        self.query_one(".question", Static).update(question)
        field = self.query_one(PromptInput)
        field.value = answer
        field.cursor_position = len(answer)
        self.display = True
        self.screen.set_focus(field)  # at once, unlike `focus`

    def refuse(self, fault: str) -> None:
        """Say what is wrong with the answer, and let it be changed."""
        self.add_class("faulty")
        self.query_one(".fault", Static).update(f"✗ {fault}")

    def close(self) -> None:
        """Ask no more; the focus goes back to where it was."""
        self.display = False
        self.screen.set_focus(self._focused_before)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take back what was said of another answer."""
        event.stop()
        self.remove_class("faulty")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass the answer on."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Answered(event.value.strip()))

    def action_give_up(self) -> None:
        """Leave everything as it is."""
        self.close()
