"""Folded stacks: one line each, root first, `frame;frame;frame COUNT`.

The form of Brendan Gregg's stackcollapse tools, read by flamegraph.pl, inferno, speedscope and
most others (docs/cli.md, otx profile, for what a frame looks like).
"""

from otx.model.stack import Frame
from otx.profile.formats.profile import Profile

_UNPRINTABLE_IN_A_LINE = str.maketrans({";": ":", "\n": " ", "\r": " "})


def write_folded(profile: Profile) -> str:
    """All stacks, in the order of their text."""
    merged: dict[str, int] = {}
    for stack, count in profile.counts.items():
        line = ";".join(map(folded_name, stack))
        merged[line] = merged.get(line, 0) + count
    return "".join(f"{line} {count}\n" for line, count in sorted(merged.items()))


def folded_name(frame: Frame) -> str:
    """A frame's name as it stands in a line: what would end it or the frame is replaced."""
    return frame_label(frame).translate(_UNPRINTABLE_IN_A_LINE)


def frame_label(frame: Frame) -> str:
    """`name`, `name (file.py)`, `name (file.py:12)`, or `name_[k]` for the kernel."""
    if frame.kind == "kernel":
        return f"{frame.name}_[k]"
    if not frame.file:
        return frame.name
    file = frame.file.rpartition("/")[2]
    return f"{frame.name} ({file}:{frame.line})" if frame.line else f"{frame.name} ({file})"
