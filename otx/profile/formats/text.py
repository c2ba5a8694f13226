"""A profile for people: hottest functions, heaviest stacks, stats.

It is read again by text_read. What in a name would be taken for the line's own (blanks at its ends,
an arrow or a number of times in a stack) has no-break spaces, which look the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from heapq import nlargest
from itertools import groupby

from otx.flame.tree import hottest
from otx.model.cells import printable
from otx.model.frame_names import frame_label, shows_file
from otx.model.profile import OFF_CPU, SAMPLES, Profile, value_text
from otx.model.stack import Frame, Stack
from otx.model.units import NS_PER_S, format_duration
from otx.profile.formats.stats import stats_lines

FUNCTIONS, _STACKS = 20, 5
FUNCTIONS_HEAD, STACKS_HEAD = "hottest functions", "heaviest stacks"
COLUMNS = ("own", "total", "function")
ARROW = " > "
NO_BREAK = "\N{NO-BREAK SPACE}"
_AT_ENDS = re.compile(r"\A +| +\Z")
_LIKE_A_STACK = re.compile(r"\A +| +\Z| >(?= |\Z)| ×[0-9]+\Z")
_FEW_LOOKS = 10
"""A thread that has its processor for half of the time is missed by nine only once in 500 times."""


def write_text(profile: Profile, functions: int = FUNCTIONS) -> str:
    """The summary; shares are of all samples.

    Args:
        profile: The profile.
        functions: The most functions that are told.
    """
    counts = without_hidden_lines(profile.counts())
    total = sum(counts.values())
    lines = [_head(profile, total), ""]
    if total:
        lines += _functions(counts, total, functions)
        lines += _stacks(counts, total)
    else:
        lines += [_why_nothing(profile), ""]
    if profile.stats is not None:
        lines += [*stats_lines(profile.stats), ""]
    return "\n".join(lines)


def without_hidden_lines(counts: Mapping[Stack, int]) -> dict[Stack, int]:
    """Counts in which a compiled function is one, whatever its line: its name shows none."""
    known: dict[Frame, Frame] = {}

    def shown(frame: Frame) -> Frame:
        found = known.get(frame)
        if found is None:
            hides = frame.line and not shows_file(frame)
            found = known[frame] = replace(frame, line=0) if hides else frame
        return found

    merged: dict[Stack, int] = {}
    for stack, count in counts.items():
        kept = tuple(map(shown, stack))
        merged[kept] = merged.get(kept, 0) + count
    return merged


def _head(profile: Profile, total: int) -> str:
    kind = profile.shown_type
    duration = f" in {format_duration(profile.duration_ns)}" if profile.duration_ns else ""
    what = "samples" if kind == SAMPLES else f"of {_without_breaks(kind.name)}"
    rate = f" at {profile.frequency_hz} Hz" if profile.frequency_hz else ""
    return f"{value_text(total, kind.unit)} {what}{duration}{rate}"


def _functions(counts: Mapping[Stack, int], total: int, limit: int) -> Iterator[str]:
    yield FUNCTIONS_HEAD
    yield "  {:>6}  {:>6}  {}".format(*COLUMNS)
    # The process's own frame is no function: it has an own share where a stack is only that.
    for share in hottest(counts, limit):
        own, whole = share.own / total, share.total / total
        yield f"  {own:6.1%}  {whole:6.1%}  {_cell(frame_label(share.frame))}"
    yield ""


def _why_nothing(profile: Profile) -> str:
    if profile.stats is None or profile.stats.samples:
        return "there is nothing in it"
    kind = profile.shown_type
    if kind == OFF_CPU:
        return "no thread waited, or all waits were shorter than --min-block"
    if kind != SAMPLES:
        return f"nothing of {_without_breaks(kind.name)} was seen of the target"
    looks = profile.duration_ns * profile.frequency_hz / NS_PER_S
    if looks < 1:
        return "this was shorter than the time between two samples; -F raises their rate"
    if looks < _FEW_LOOKS:
        return "these were too few looks to say that it did nothing; -F raises their rate"
    return "the target was not on a processor: it slept, waited, or was not there"


def _stacks(counts: Mapping[Stack, int], total: int) -> Iterator[str]:
    yield STACKS_HEAD
    least = min(nlargest(_STACKS, counts.values()))
    ranked = sorted((-count, _line(stack)) for stack, count in counts.items() if count >= least)
    for count, line in ranked[:_STACKS]:
        yield f"  {-count / total:6.1%}  {line}"
    yield ""


def _line(stack: Stack) -> str:
    """A stack in a line, root first; a function that calls itself stands once, with how often."""
    parts = []
    for label, same in groupby(map(frame_label, stack)):
        count = sum(1 for _ in same)
        cell = _cell(label, _LIKE_A_STACK)
        parts.append(f"{cell} ×{count}" if count > 1 else cell)
    return ARROW.join(parts)


def _cell(label: str, fixed: re.Pattern[str] = _AT_ENDS) -> str:
    """A name in a line; the blanks that a pattern finds are no-break spaces."""
    return fixed.sub(lambda it: _without_breaks(it[0]), printable(label)) or NO_BREAK


def _without_breaks(text: str) -> str:
    return printable(text).replace(" ", NO_BREAK)
