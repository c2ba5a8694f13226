"""All that leaves a plan, taken by one who keeps each record once.

Several pipelines may export the same record. Where one of them changed it otherwise than another,
the copy counts that came through most pipelines; of those that came through as many, the one whose
pipeline was come by first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from otx.ottl.report import Exit, Report


class Unlike(NamedTuple):
    """Two pipelines that exported the same record, each with changes of its own.

    Attributes:
        kept: The pipeline whose copy is kept.
        other: The one whose copy is not.
    """

    kept: str
    other: str


class _Held(NamedTuple):
    exit: Exit
    item: Any
    part: Sequence[int] | None


def keep_once(report: Report) -> set[Unlike]:
    """Leave each record in one of the exits of a report, and remove its copies from the others.

    Parts of a metric that hold other data points are no copies of each other.

    Raises:
        ExecutionError: Statements made something of it that OTLP has no way to write.
    """
    if len(report.exits) < 2:
        return set()
    for batch in report.leaving:
        batch.flush()
    kept: set[int] = set()
    unlike: set[Unlike] = set()
    for copies in _copies(report).values():
        held: list[_Held] = []
        for one in sorted(copies, key=lambda one: (-one.exit.depth, one.part is not None)):
            if _covers(held, one):
                unlike |= _unlike(held[0], one)
            else:
                held.append(one)
        kept |= {id(one.item) for one in held}
    for batch in report.leaving:
        for scope in batch.scopes():
            scope.items[:] = [item for item in scope.items if id(item) in kept]
        batch.drop_empty()
    return unlike


def _copies(report: Report) -> dict[int, list[_Held]]:
    """All that leaves, by the id of what it was made of in the end."""
    origins = _origins(report)
    copies: dict[int, list[_Held]] = {}
    for one in report.exits:
        for item in one.batch.items():
            held = _Held(one, item, report.parts.get(id(item)))
            copies.setdefault(origins.get(id(item), id(item)), []).append(held)
    return copies


def _origins(report: Report) -> dict[int, int]:
    """For the id of each copy that of the item that it was made of in the end."""
    origins: dict[int, int] = {}
    for copy, item in report.copies:
        origins[id(copy)] = origins.get(id(item), id(item))
    return origins


def _covers(held: Sequence[_Held], copy: _Held) -> bool:
    """Whether what is held of an item has all that a further copy has."""
    if any(one.part is None for one in held):
        return True
    there = {at for one in held for at in one.part or ()}
    has = copy.part if copy.part is not None else range(len(getattr(copy.item, "points", ())))
    return bool(held) and set(has) <= there


def _unlike(kept: _Held, other: _Held) -> set[Unlike]:
    if kept.exit.pipeline == other.exit.pipeline or kept.part != other.part:
        return set()
    if _content(kept.item) == _content(other.item):
        return set()
    return {Unlike(kept.exit.pipeline, other.exit.pipeline)}


def _content(item: Any) -> tuple[bytes, ...]:
    messages = (item.item, item.scope.item, item.resource.item)
    return tuple(one.SerializeToString(deterministic=True) for one in messages)
