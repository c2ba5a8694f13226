"""Folded stacks: one line each, root first, `frame;frame;frame COUNT`.

The form of Brendan Gregg's stackcollapse tools, read by flamegraph.pl, inferno, speedscope and
most others (docs/cli.md, otx profile, for what a frame looks like). A line with two counts is one
of a comparison, before and after, as difffolded.pl writes them.
"""

import re
from collections.abc import Iterator

from otx.model.cells import without_controls
from otx.model.frame_names import frame_label, frame_of_label
from otx.model.profile import SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import Frame
from otx.profile.formats.reading import Frames, Warn, bad_profile, whole_value

_UNPRINTABLE_IN_A_LINE = str.maketrans({";": ":", "\n": " ", "\r": " "})
_COUNT = re.compile(r"-?\d{1,40}(\.\d{1,40})?([eE][-+]?\d{1,3})?", re.ASCII)
_SHOWN = 60
"""Characters of a line that errors show."""
BEFORE, AFTER = ValueType("before", "count"), ValueType("after", "count")


def write_folded(profile: Profile) -> str:
    """All stacks, in the order of their text."""
    merged: dict[str, int] = {}
    known: dict[Frame, str] = {}
    for sample in profile.samples:
        names = []
        for frame in sample.stack:
            name = known.get(frame)
            if name is None:
                name = known[frame] = folded_name(frame)
            names.append(name)
        line = ";".join(names)
        merged[line] = merged.get(line, 0) + sample.values[profile.shown]
    return "".join(f"{line} {count}\n" for line, count in sorted(merged.items()))


def folded_name(frame: Frame) -> str:
    """A frame's name as it stands in a line: what would end it or the frame is replaced.

    So are control characters: a program chooses its own names, and folded text is looked at in
    terminals.
    """
    return without_controls(frame_label(frame).translate(_UNPRINTABLE_IN_A_LINE))


def read_folded(data: bytes, place: str, warn: Warn) -> Profile:
    """The stacks of a text; counts with a fraction are rounded.

    Raises:
        UsageError: A line has no count; it is named.
    """
    lines = list(_lines(data, place))
    is_comparison = bool(lines) and all(_COUNT.fullmatch(_ending(text)) for text, _, _ in lines)
    frames = Frames(place)
    known: dict[str, Frame] = {}
    samples = []
    for text, count, number in lines:
        counts = [count]
        if is_comparison:
            counts.insert(0, _ending(text))
            text = text.rpartition(" ")[0]
        names = text.split(";")
        frames.spend(len(names))
        stack = tuple(
            known.get(name) or known.setdefault(name, frame_of_label(name)) for name in names
        )
        samples.append(StackSample(stack, tuple(_value(it, place, number) for it in counts)))
    rounded = sum("." in count or "e" in count.lower() for _, count, _ in lines)
    if rounded:
        warn(f"{place}: {rounded} counts have a fraction and are rounded")
    types = (BEFORE, AFTER) if is_comparison else (SAMPLES,)
    return Profile(types, samples, shown=len(types) - 1)


def _lines(data: bytes, place: str) -> Iterator[tuple[str, str, int]]:
    """Frames, count and number of each line that is not empty."""
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        text = line.rstrip("\r ")
        stack, _, count = text.rpartition(" ")
        if not text:
            continue
        if not stack or not _COUNT.fullmatch(count):
            raise bad_profile(
                f"{place}:{number}",
                f"no count at the end of {text[-_SHOWN:]!r}",
                "a line of folded stacks is root;caller;leaf COUNT",
            )
        yield stack, count, number


def _ending(text: str) -> str:
    """What stands behind the last space of a text that has something before it."""
    before, _, ending = text.rpartition(" ")
    return ending if before else ""


def _value(count: str, place: str, number: int) -> int:
    value = whole_value(int(count) if count.isdigit() else float(count))
    if value is None:
        raise bad_profile(f"{place}:{number}", f"the count {count[:_SHOWN]} is too large")
    return value
