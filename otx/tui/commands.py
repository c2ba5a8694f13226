"""Every action in the command palette, with its key beside it: how keys are learnt."""

from collections.abc import Iterator
from functools import partial

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider


class KeyCommands(Provider):
    """The actions that are bound to a key where the focus was."""

    async def discover(self) -> Hits:
        """All of them."""
        for name, key, binding in self._actions():
            yield DiscoveryHit(f"{name}  ({key})", partial(self._run, binding), text=name)

    async def search(self, query: str) -> Hits:
        """Those whose name is like the query."""
        matcher = self.matcher(query)
        for name, key, binding in self._actions():
            score = matcher.match(name)
            if score > 0:
                shown = matcher.highlight(name)
                yield Hit(score, shown, partial(self._run, binding), text=name, help=f"key {key}")

    def _actions(self) -> Iterator[tuple[str, str, ActiveBinding]]:
        """Each action once, with all its keys."""
        keys: dict[tuple[str, str], list[str]] = {}
        bindings: dict[tuple[str, str], ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            if not active.binding.description or not (active.binding.id or "").strip():
                continue
            action = (active.binding.description, active.binding.action)
            keys.setdefault(action, []).append(self.app.get_key_display(active.binding))
            bindings[action] = active
        for action in sorted(keys):
            yield action[0], " ".join(keys[action]), bindings[action]

    async def _run(self, active: ActiveBinding) -> None:
        await self.app.run_action(active.binding.action, active.node)
