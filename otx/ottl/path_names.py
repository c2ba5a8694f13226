"""The names that paths can have where a text may run in one of several contexts."""

from collections.abc import Iterator, Mapping, Sequence

from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context


class PathNames:
    """What paths a text can name.

    Attributes:
        running: The contexts that the text can still run in, by what it names already.
    """

    def __init__(
        self, contexts: Sequence[Context], own: Context | None, words: Sequence[str] = ()
    ) -> None:
        """Narrow the contexts down.

        Args:
            contexts: Those that the text may run in.
            own: The one whose paths need no prefix; None where all do.
            words: The words of the text.
        """
        known = {name for context in contexts for name in context.names()}
        named = known & set(words)
        fitting = [one for one in contexts if named <= set(one.names())]
        self.running: Sequence[Context] = fitting or contexts
        self._own = own

    def contexts(self) -> list[Context]:
        """The contexts that a path may begin with."""
        found: dict[str, Context] = {}
        for running in self.running:
            for context in _family(running):
                found.setdefault(context.name, context)
        return list(found.values())

    def own(self) -> Mapping[str, Accessor]:
        """The sections that need no prefix."""
        return self._own.paths if self._own is not None else {}

    def split(self, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """A path's context and its sections; without sections where it has no context."""
        first, *rest = names
        for context in self.contexts():
            if first in (context.name, *context.aliases) and not (
                rest and self._is_own(first, rest)
            ):
                return context.name, tuple(rest)
        return (self._own.name, tuple(names)) if self._own is not None else ("", ())

    def below(self, names: Sequence[str]) -> Mapping[str, Accessor]:
        """What may follow a path after a dot."""
        if not names:
            return {}
        context, sections = self.split(names)
        if not sections:
            return self._sections_of(context)
        accessor = self.find(names)
        return accessor.sections if accessor is not None else {}

    def find(self, names: Sequence[str]) -> Accessor | None:
        """The accessor of a path; None where there is none."""
        context, sections = self.split(names)
        found = self._sections_of(context).get(sections[0]) if sections else None
        for name in sections[1:]:
            found = found.sections.get(name) if found is not None else None
        return found

    def _sections_of(self, name: str) -> Mapping[str, Accessor]:
        for running in self.running:
            for context in _family(running):
                if name in (context.name, *context.aliases):
                    return context.paths if context is running else _without_cache(context.paths)
        return {}

    def _is_own(self, first: str, rest: Sequence[str]) -> bool:
        """Whether a context's name is meant as a path of one's own."""
        own = self._own.paths.get(first) if self._own is not None else None
        return own is not None and rest[0] in own.sections


def _family(context: Context) -> Iterator[Context]:
    yield context
    for parent, _ in context.parents.values():
        yield parent


def _without_cache(paths: Mapping[str, Accessor]) -> dict[str, Accessor]:
    """The paths of a parent: the cache belongs to the context that runs."""
    return {name: one for name, one in paths.items() if name != "cache"}
