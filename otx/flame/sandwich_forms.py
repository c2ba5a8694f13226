"""A sandwich for people and for scripts."""

from collections.abc import Iterator, Mapping

from otx.flame.sandwich import Sandwich, neighbours
from otx.model.cells import printable
from otx.model.frame_names import frame_document, frame_label
from otx.model.profile import ValueType, value_text
from otx.model.stack import Stack


def sandwich_text(found: Sandwich, kind: ValueType, limit: int) -> str:
    """Callers above and callees below a function, each with its share of the function's value.

    Args:
        found: What to tell.
        kind: What values measure.
        limit: The most callers and the most callees.
    """
    lines = ["callers", *_side(found.callers, found, "called by nobody", limit), ""]
    share = f"{found.value / found.whole:.1%} of all" if found.whole else "nothing"
    own = f"own {found.own / found.value:.1%}" if found.value else "own nothing"
    value = value_text(found.value, kind.unit)
    lines += [f"{printable(found.function)}: {value} {kind.name}, {share}, {own}", ""]
    lines += ["callees", *_side(found.callees, found, "its own", limit), ""]
    return "\n".join(lines)


def _side(stacks: Mapping[Stack, int], found: Sandwich, nobody: str, limit: int) -> Iterator[str]:
    ranked = neighbours(stacks)
    for frame, value in ranked[:limit]:
        label = f"({nobody})" if frame is None else printable(frame_label(frame))
        yield f"  {value / found.value if found.value else 0:6.1%}  {label}"
    if len(ranked) > limit:
        yield f"  and {len(ranked) - limit} more; --top shows them"


def sandwich_document(found: Sandwich, kind: ValueType, limit: int | None) -> dict[str, object]:
    """The JSON document: the nearest callers and callees, and the stacks on either side.

    The stacks are lists and no trees, since a parser of JSON need not take any depth.
    """
    return {
        "function": found.function,
        "value": kind.name,
        "unit": kind.unit,
        "all": found.whole,
        "total": found.value,
        "own": found.own,
        "callers": _near(found.callers, limit),
        "callees": _near(found.callees, limit),
        "caller_stacks": _stacks(found.callers, limit),
        "callee_stacks": _stacks(found.callees, limit),
    }


def _near(stacks: Mapping[Stack, int], limit: int | None) -> list[dict[str, object]]:
    ranked = [(frame, value) for frame, value in neighbours(stacks) if frame is not None]
    return [{**frame_document(frame), "total": value} for frame, value in ranked[:limit]]


def _stacks(stacks: Mapping[Stack, int], limit: int | None) -> list[dict[str, object]]:
    """The stacks from the function outwards, without it."""
    ranked = sorted(stacks.items(), key=lambda it: -it[1])
    return [
        {"count": value, "frames": [frame_document(frame) for frame in stack[1:]]}
        for stack, value in ranked[:limit]
    ]
