"""Which frames of a tree a pattern matches, and what share of the whole they cover.

The share counts every path once, at its outermost hit: a match called from a match adds nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from otx.errors import UsageError
from otx.flame.layout import Box, Layout
from otx.flame.tree import FlameNode
from otx.model.stack import Frame


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found in one tree.

    Attributes:
        frames: The different frames that match.
        value: Value of all paths with a match on them, each counted once.
        places: At how many places of the tree a match stands.
    """

    frames: frozenset[Frame]
    value: int
    places: int


NOTHING = Matches(frozenset(), 0, 0)


def compile_pattern(text: str) -> re.Pattern[str]:
    """A regular expression; it ignores case unless it has an upper-case letter.

    Raises:
        UsageError: The text is no regular expression.
    """
    flags = re.NOFLAG if any(map(str.isupper, text)) else re.IGNORECASE
    try:
        return re.compile(text, flags)
    except re.error as error:
        place = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise UsageError(f"{error.msg}{place}", hint="a backslash takes a sign literally") from None


def find_pattern(tree: FlameNode, pattern: re.Pattern[str]) -> Matches:
    """The frames whose name or file matches."""
    known: dict[Frame, bool] = {}

    def matches(frame: Frame) -> bool:
        hit = known.get(frame)
        if hit is None:
            text = f"{frame.name}  {frame.file or frame.module}"
            hit = known[frame] = pattern.search(text) is not None
        return hit

    return _find(tree, matches)


def index_functions(tree: FlameNode) -> dict[Frame, Matches]:
    """All places of each function, in one walk of the tree."""
    value: dict[Frame, int] = {}
    places: dict[Frame, int] = {}
    above: dict[Frame, int] = {}
    waiting: list[tuple[FlameNode, bool]] = [(child, True) for child in tree.children.values()]
    while waiting:
        node, enters = waiting.pop()
        frame = node.frame
        if not enters:
            above[frame] -= 1
            continue
        if not above.get(frame):
            value[frame] = value.get(frame, 0) + node.total
        places[frame] = places.get(frame, 0) + 1
        above[frame] = above.get(frame, 0) + 1
        waiting.append((node, False))
        waiting += [(child, True) for child in node.children.values()]
    return {frame: Matches(frozenset({frame}), value[frame], places[frame]) for frame in places}


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a function: who calls it there, and its value there."""

    caller: Frame
    total: int


def index_places(tree: FlameNode, limit: int) -> dict[Frame, list[Place]]:
    """The places of each function that has several, at most so many, the largest first."""
    found: dict[Frame, list[Place]] = {}
    for node in tree.walk():
        for child in node.children.values():
            found.setdefault(child.frame, []).append(Place(node.frame, child.total))
    for places in found.values():
        places.sort(key=lambda place: -place.total)
    return {frame: places[:limit] for frame, places in found.items() if len(places) > 1}


def _find(tree: FlameNode, matches: Callable[[Frame], bool]) -> Matches:
    frames: set[Frame] = set()
    value = places = 0
    waiting = [(child, False) for child in tree.children.values()]
    while waiting:
        node, is_covered = waiting.pop()
        if matches(node.frame):
            frames.add(node.frame)
            places += 1
            value += 0 if is_covered else node.total
            is_covered = True
        waiting += [(child, is_covered) for child in node.children.values()]
    return Matches(frozenset(frames), value, places)


def walk_hits(picture: Layout, frames: frozenset[Frame]) -> Sequence[Box]:
    """The boxes that hold a match, in the order in which one reads: left to right, then down."""
    hits = [
        (box.left, row, box)
        for row, boxes in enumerate(picture.rows)
        for box in boxes
        if any(node.frame in frames for node in box.nodes)
    ]
    return [box for _, _, box in sorted(hits, key=lambda hit: hit[:2])]


def next_hit(hits: Sequence[Box], current: Box, forward: bool = True) -> Box | None:
    """The hit after (or before) a box, going round at the end; None where there is none."""
    here = (current.left, len(current.path))
    order = hits if forward else list(reversed(hits))
    for box in order:
        there = (box.left, len(box.path))
        if there > here if forward else there < here:
            return box
    return order[0] if order else None
