"""What is wrong with a path that does not begin with a context where it has to."""

import difflib
from collections.abc import Collection, Mapping

from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.syntax import Path

_MOST_LISTED = 4


def unnamed_context(text: str, path: Path, running: Context | None = None) -> OttlError:
    """The error for a path whose first section is no context.

    Args:
        text: The whole text.
        path: The path.
        running: What the text runs on; None where that is not known.
    """
    first = path.fields[0].name
    known = _known(running)
    owners = [name for name, sections in known.items() if first in sections]
    hint = _hint(text, path, known, owners)
    reason = f"{first!r} lacks the name of its context" if owners else f"{first!r} is no context"
    place = path.place if owners or _is_key(text, path) else path.fields[0].place
    return OttlError(reason, text, place, hint)


def _known(running: Context | None) -> Mapping[str, Collection[str]]:
    """The sections of each context that can be named, the most specific context first."""
    if running is None:
        return {one.name: one.paths for one in CONTEXTS.values()}
    above = {parent.name: parent.paths for parent, _ in running.parents.values()}
    return {running.name: running.paths, **above}


def _hint(
    text: str, path: Path, known: Mapping[str, Collection[str]], owners: Collection[str]
) -> str:
    first = path.fields[0].name
    shown = text[path.place.start : path.place.end]
    if _is_key(text, path) and not owners:
        return f'a key stands in quotes: ["{shown}"]'
    if owners:
        forms = ", ".join(f"{name}.{first}" for name in owners)
        return f"write {forms}" if len(owners) <= _MOST_LISTED else f"write one of {forms}"
    longer = [name for name in known if name.endswith(first)]
    near = longer or difflib.get_close_matches(first, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"contexts are {', '.join(known)}"


def _is_key(text: str, path: Path) -> bool:
    """Whether a path is all that stands between two brackets."""
    before, behind = text[: path.place.start].rstrip(), text[path.place.end :].lstrip()
    return before.endswith("[") and behind.startswith("]")
