"""A field that takes keys typed in one go in their order, those that edit like those that write."""

from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input


class Field(Input):
    """Textual's field, but every key is dealt with here and now.

    Textual sends keys with a binding up to the app first, and letters that were typed behind them
    overtake them: `ctrl+u` would delete what was typed after it.
    """

    async def on_key(self, event: Key) -> None:
        """Do what the key is bound to in the line that holds the field, or in the field."""
        if self.screen.focused is not self:
            # It was left by a key before this one, which belongs to what has the focus now.
            event.stop().prevent_default()
            self.app.post_message(Key(event.key, event.character))
            return
        if event.is_printable:
            return
        holders = [node for node in self.ancestors if not isinstance(node, Screen)]
        for node in (*reversed(holders), self):
            for binding in node._bindings.key_to_bindings.get(event.key, ()):
                if not binding.priority and await self.app.run_action(binding.action, node):
                    event.stop().prevent_default()
                    return
