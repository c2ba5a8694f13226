"""A profile for people: hottest functions, heaviest stacks, stats."""

from collections.abc import Iterator
from itertools import groupby

from otx.flame.tree import hottest
from otx.model.stack import Stack
from otx.model.units import NS_PER_S, format_count, format_duration
from otx.profile.formats.folded import frame_label
from otx.profile.formats.profile import Profile
from otx.profile.formats.stats import stats_lines

_FUNCTIONS, _STACKS = 20, 5


def write_text(profile: Profile) -> str:
    """The summary; shares are of all samples."""
    return "\n".join([*_head(profile), *_functions(profile), *_stacks(profile), *_stats(profile)])


def _head(profile: Profile) -> Iterator[str]:
    yield (
        f"{format_count(profile.total)} samples in {format_duration(profile.duration_ns)}"
        f" at {profile.frequency_hz} Hz"
    )
    yield ""


def _functions(profile: Profile) -> Iterator[str]:
    if not profile.total:
        yield _why_nothing(profile)
        yield ""
        return
    yield "hottest functions"
    yield "     own   total  function"
    # The process's own frame is no function: it has an own share where a stack is only that.
    for share in hottest(profile.counts, _FUNCTIONS):
        own, total = share.own / profile.total, share.total / profile.total
        yield f"  {own:6.1%}  {total:6.1%}  {_printable(frame_label(share.frame))}"
    yield ""


def _why_nothing(profile: Profile) -> str:
    if profile.duration_ns * profile.frequency_hz < NS_PER_S:
        return "this was shorter than the time between two samples; -F raises their rate"
    return "the target was not on a processor: it slept or waited"


def _stacks(profile: Profile) -> Iterator[str]:
    if not profile.total:
        return
    yield "heaviest stacks"
    ranked = sorted(profile.counts.items(), key=lambda item: (-item[1], _line(item[0])))
    for stack, count in ranked[:_STACKS]:
        yield f"  {count / profile.total:6.1%}  {_line(stack)}"
    yield ""


def _stats(profile: Profile) -> Iterator[str]:
    yield from stats_lines(profile.stats)
    yield ""


def _line(stack: Stack) -> str:
    """A stack in a line, root first; a function that calls itself stands once, with how often."""
    parts = []
    for label, same in groupby(map(frame_label, stack)):
        count = sum(1 for _ in same)
        parts.append(f"{label} ×{count}" if count > 1 else label)
    return _printable(" > ".join(parts))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
