"""What a context is: a name, paths, parents and enums."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.contexts.accessor import NOTHING, Accessor, cache, hopped

Parent: TypeAlias = "tuple[Context, Callable[[Any], Any]]"
"""A context above, and the way from a record to its."""


class Context(Frozen):
    """What a statement may name when it runs on one kind of record.

    Attributes:
        name: As it is written before a path.
        paths: The first sections of its paths.
        parents: Contexts that it can name too, and the way from its record to theirs.
        enums: Its enum symbols.
        aliases: Other names of it, by which only the contexts below it know it.
    """

    name: str
    paths: Mapping[str, Accessor]
    parents: Mapping[str, Parent] = NOTHING
    enums: Mapping[str, int] = NOTHING
    aliases: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Every context name that a path may begin with here."""
        above = [
            name for parent, _ in self.parents.values() for name in (parent.name, *parent.aliases)
        ]
        return [self.name, *above]

    def find(self, context_name: str, section: str) -> Accessor | None:
        """The accessor of a section of this context or of a parent; None where there is none."""
        if context_name == self.name:
            return self.paths.get(section)
        for parent, hop in self.parents.values():
            if context_name in (parent.name, *parent.aliases):
                # The cache belongs to the context that runs.
                found = None if section == "cache" else parent.paths.get(section)
                return hopped(found, hop) if found else None
        return None


def paths(*tables: Mapping[str, Accessor], **sections: Accessor) -> dict[str, Accessor]:
    """A context's table: what is given, and `cache`, which all have."""
    merged: dict[str, Accessor] = {"cache": cache()}
    for table in tables:
        merged.update(table)
    return {**merged, **sections}
