"""What is said of a profile once it is whole: why names are missing, and what gives them."""

from collections.abc import Callable, Iterator

from otx.model.profile import Profile
from otx.model.stack import Frame, ProfileStats

_WORTH_SAYING = 0.1
"""The share of a profile that lacks something from which that is said."""
_TOO_FEW = 10
"""Stacks by which nothing is known of a share: the first ones of a program may lack a table."""
_MOST_NAMED = 3


def remarks_on_unnamed(profile: Profile) -> Iterator[tuple[str, str]]:
    """What to say of code that has no names, each with what to do about it.

    Nothing is said of what is less than a tenth of the profile.
    """
    if share := _share(profile, _is_made_at_run_time):
        yield (
            f"{share:.0%} of this is in code made at run time that has no names: [anon]",
            "node --perf-basic-prof writes them; Java: -XX:+PreserveFramePointer and"
            " jcmd PID Compiler.perfmap",
        )
    if share := _share(profile, _is_hidden_kernel):
        yield (
            f"{share:.0%} of this is in the kernel, which hides its functions' names: [kernel]",
            "CAP_SYSLOG and sysctl kernel.kptr_restrict=1 show them; --no-kernel leaves them out",
        )


def _share(profile: Profile, is_unnamed: Callable[[Frame], bool]) -> float:
    """The share of a profile with such a frame; 0 where that is too little to be told."""
    total = unnamed = 0
    for sample in profile.samples:
        value = sample.values[profile.shown]
        total += value
        unnamed += value * any(map(is_unnamed, sample.stack))
    return unnamed / total if unnamed and unnamed >= _WORTH_SAYING * total else 0


def remark_on_broken(stats: ProfileStats) -> tuple[str, str] | None:
    """What to say of stacks whose callers are missing: where walks ended, and why that is.

    None where that is less than a tenth of them.
    """
    broken = stats.samples - stats.unwound_fully - stats.truncated
    if not stats.broken_in or broken < max(_TOO_FEW, _WORTH_SAYING * stats.samples):
        return None
    where = ", ".join(stats.broken_in[:_MOST_NAMED])
    text = f"{broken / stats.samples:.0%} of the stacks lack callers: walks ended in {where}"
    if 2 * stats.before_tables >= broken:
        return (
            f"{text}, {stats.before_tables} of them before its unwind table was built",
            "tables are kept on disk: the next profile of this has them from its start",
        )
    return (
        text,
        "code without unwind entries and without frame pointers hides who called it",
    )


def _is_made_at_run_time(frame: Frame) -> bool:
    return frame.kind == "jit" and frame.name == "[anon]"


def _is_hidden_kernel(frame: Frame) -> bool:
    return frame.kind == "kernel" and frame.name == "[kernel]"
