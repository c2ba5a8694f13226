"""The part of every screen that hands what it shows to a file, an editor or the clipboard."""

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.screen import Screen

from otx.tui.asks import Content, CopyAsked, EditAsked, SaveAsked, SaveEnded
from otx.tui.widgets.copy_menu import CopyMenu
from otx.tui.widgets.prompt import Prompt


class HandingOverScreen(Screen[None]):
    """A screen that can say what it shows and what is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "save", "Save what is shown", id="screen.save"),
        Binding("e", "edit", "Open what is chosen in $EDITOR", id="screen.edit"),
        Binding("y", "copy", "Copy", id="screen.copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._saving: tuple[Content, str] | None = None
        self._may_replace = False

    def shown_content(self) -> tuple[Content, str] | None:
        """What `w` saves, and the name of a file for it; None where nothing is shown."""
        raise NotImplementedError

    def chosen_content(self) -> Content | None:
        """What `e` opens and `y` copies; None where nothing is chosen."""
        raise NotImplementedError

    def chosen_ids(self) -> str:
        """The ids of what is chosen; "" where it has none."""
        raise NotImplementedError

    def action_save(self) -> None:
        """Ask for the name of a file, and write what is shown now into it."""
        self._saving = self.shown_content()
        self._may_replace = False
        if self._saving is None:
            self.notify("there is nothing to save")
        else:
            self.query_one(Prompt).ask("save as", self._saving[1])

    @on(Prompt.Answered)
    def _save_as(self, event: Prompt.Answered) -> None:
        if self._saving is not None:
            may_replace = self._may_replace and self.query_one(Prompt).is_refused
            self.post_message(SaveAsked(self._saving[0], event.text, may_replace))

    @on(SaveEnded)
    def _save_ended(self, event: SaveEnded) -> None:
        prompt = self.query_one(Prompt)
        if event.done:
            prompt.close()
            self.notify(f"saved: {event.done}", markup=False)
        elif prompt.is_open:
            self._may_replace = event.is_there
            prompt.refuse(event.fault + ("; enter once more replaces it" * event.is_there))

    def action_edit(self) -> None:
        """Open what is chosen in the editor."""
        content = self.chosen_content()
        if content is None:
            self.notify("there is nothing to open")
        else:
            self.post_message(EditAsked(content))

    def action_copy(self) -> None:
        """Ask in which form to copy what is chosen."""
        if self.chosen_content() is None:
            self.notify("there is nothing to copy")
        else:
            self.query_one(CopyMenu).ask()

    @on(CopyMenu.Picked)
    def _copy_as(self, event: CopyMenu.Picked) -> None:
        content = self.chosen_content()
        if event.choice == "ids":
            self.copy_text(self.chosen_ids(), "ids")
        elif content is not None:
            self.post_message(CopyAsked(content, event.choice))

    def copy_text(self, text: str, what: str) -> None:
        """Send a text to the terminal's clipboard, and say so."""
        if not text:
            self.notify(f"it has no {what}")
            return
        self.app.copy_to_clipboard(text)
        self.notify(f"sent to the terminal's clipboard: {what}", markup=False)
