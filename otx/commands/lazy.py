"""Groups of subcommands that are imported one by one, when they are called."""

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

import typer
import typer.core

from otx.commands import command_app
from otx.commands.once import OnceCommand


class LazyGroup(typer.core.TyperGroup):
    """A group that imports a subcommand when it is called; all of them cost 1 ms each.

    Attributes:
        places: Subcommand -> `module:function`.
    """

    places: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **settings: Any) -> None:
        """Make one as typer does."""
        super().__init__(**settings)
        self.commands = _Subcommands(self.places)


def lazy_group(places: Mapping[str, str]) -> type[LazyGroup]:
    """The class of a group that has these subcommands and nothing else of its own."""
    return type("LazyGroup", (LazyGroup,), {"places": places})


class _Subcommands(MutableMapping[str, Any]):
    """Commands by name; one that is asked for is imported and made."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module, _, function = self._places[name].partition(":")
            app = command_app()
            app.command(name, cls=OnceCommand)(getattr(importlib.import_module(module), function))
            self._made[name] = typer.main.get_command(app)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places[name] = ""
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
