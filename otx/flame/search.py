"""Which frames of a tree a pattern matches, and what share of the whole they cover.

The share counts every path once, at its outermost hit: a match called from a match adds nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter

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
        callers: Value and caller at each place, in no order; only `index_functions` tells them.
    """

    frames: frozenset[Frame]
    value: int
    places: int
    callers: Sequence[tuple[int, Frame]] = ()

    def largest_places(self, limit: int) -> list[tuple[int, Frame]]:
        """Value and caller at the places with the largest values."""
        return nlargest(limit, self.callers, key=itemgetter(0))


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
    places: dict[Frame, list[tuple[int, Frame]]] = {}
    above: dict[Frame, int] = {}
    # A node is met twice: with its caller when it is entered, without when it is left.
    waiting: list[tuple[FlameNode, Frame | None]] = [
        (child, tree.frame) for child in tree.children.values()
    ]
    while waiting:
        node, caller = waiting.pop()
        frame = node.frame
        if caller is None:
            above[frame] -= 1
            continue
        if not above.get(frame):
            value[frame] = value.get(frame, 0) + node.total
        places.setdefault(frame, []).append((node.total, caller))
        above[frame] = above.get(frame, 0) + 1
        waiting.append((node, None))
        waiting += [(child, frame) for child in node.children.values()]
    return {
        frame: Matches(frozenset({frame}), value[frame], len(found), found)
        for frame, found in places.items()
    }


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
