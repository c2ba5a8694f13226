"""Which stacks of a profile are looked at: those that patterns keep, or the heaviest."""

import re
from collections.abc import Sequence
from dataclasses import replace
from heapq import nlargest

from otx.model.frame_names import frame_label
from otx.model.profile import Profile, StackSample
from otx.model.stack import Frame, Stack


def focused(
    profile: Profile,
    focus: Sequence[re.Pattern[str]] = (),
    ignore: Sequence[re.Pattern[str]] = (),
) -> Profile:
    """The samples with a frame that each of `focus` matches and none that any of `ignore` does.

    A pattern is looked for in a frame's name as it is shown, its file or its object.
    """
    wanted = [_Finder(pattern) for pattern in focus]
    unwanted = [_Finder(pattern) for pattern in ignore]
    if not wanted and not unwanted:
        return profile
    kept = [
        sample
        for sample in profile.samples
        if all(finder.is_on(sample.stack) for finder in wanted)
        and not any(finder.is_on(sample.stack) for finder in unwanted)
    ]
    return replace(profile, samples=kept)


def heaviest(profile: Profile, limit: int) -> Profile:
    """The samples of the stacks with the largest shown values, at most so many stacks."""
    counts = profile.counts()
    if len(counts) <= limit:
        return profile
    stacks: set[Stack] = set(nlargest(limit, counts, key=counts.__getitem__))
    kept: list[StackSample] = [it for it in profile.samples if it.stack in stacks]
    return replace(profile, samples=kept)


class _Finder:
    """A pattern, and what is known of the frames it was tried on."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._known: dict[Frame, bool] = {}

    def is_on(self, stack: Stack) -> bool:
        return any(map(self._matches, stack))

    def _matches(self, frame: Frame) -> bool:
        hit = self._known.get(frame)
        if hit is None:
            text = f"{frame_label(frame)}  {frame.file or frame.module}"
            hit = self._known[frame] = self._pattern.search(text) is not None
        return hit
