"""A function between who calls it and what it calls, all its places together.

A stack on which it recurs counts once: its callers are those of the outermost call, and what it
calls hangs below that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from otx.errors import NotThere
from otx.model.frame_names import frame_label
from otx.model.stack import Frame, Stack


@dataclass(frozen=True, slots=True)
class Sandwich:
    """A function, its callers and its callees.

    Attributes:
        function: Its name as it is shown.
        value: Value of the stacks it is on, each counted once.
        own: Value of the stacks that end in it.
        whole: Value of all stacks.
        callers: Values by stack, the function first, then its caller, and so on to the root.
        callees: Values by stack, the function first, then what it called, and so on to the leaf.
    """

    function: str
    value: int
    own: int
    whole: int
    callers: Mapping[Stack, int]
    callees: Mapping[Stack, int]


def sandwich(counts: Mapping[Stack, int], name: str) -> Sandwich:
    """The sandwich of the functions with a name, as it is shown or without its file.

    Raises:
        NotThere: No function is called so; those that are nearly so are named.
    """
    frames = {frame for stack in counts for frame in stack}
    chosen = {it for it in frames if frame_label(it) == name} or {
        it for it in frames if it.name == name
    }
    if not chosen:
        raise NotThere(f"no function {name!r} in the profile", hint=_like(name, frames))
    function = min(chosen, key=frame_label)
    callers: dict[Stack, int] = {}
    callees: dict[Stack, int] = {}
    value = own = 0
    for stack, count in counts.items():
        at = next((place for place, it in enumerate(stack) if it in chosen), None)
        if at is None:
            continue
        value += count
        own += count if stack[-1] in chosen else 0
        above = (function, *reversed(stack[:at]))
        below = (function, *stack[at + 1 :])
        callers[above] = callers.get(above, 0) + count
        callees[below] = callees.get(below, 0) + count
    return Sandwich(frame_label(function), value, own, sum(counts.values()), callers, callees)


def neighbours(stacks: Mapping[Stack, int]) -> list[tuple[Frame | None, int]]:
    """The frames next to the function, and None for none, the largest value first."""
    values: dict[Frame | None, int] = {}
    for stack, count in stacks.items():
        frame = stack[1] if len(stack) > 1 else None
        values[frame] = values.get(frame, 0) + count
    return sorted(values.items(), key=lambda it: (-it[1], frame_label(it[0]) if it[0] else ""))


def side_by_side(found: Sandwich) -> dict[Stack, int]:
    """Both sides as stacks of one tree, under a frame that says which side it is."""
    sides = ("callers", found.callers), ("callees", found.callees)
    return {
        (Frame(name, "process"), *stack): value
        for name, stacks in sides
        for stack, value in stacks.items()
    }


def _like(name: str, frames: set[Frame]) -> str:
    labels = {frame_label(frame) for frame in frames}
    near = sorted(label for label in labels if name.lower() in label.lower())[:3]
    return f"did you mean {', '.join(near)}?" if near else "--format folded shows all names"
