"""What is said of a profile once it is whole: why names are missing, and what gives them."""

from otx.model.profile import Profile
from otx.model.stack import Frame

_WORTH_SAYING = 0.1
"""The share of a profile in code without names from which that is said."""


def remark_on_unnamed(profile: Profile) -> tuple[str, str] | None:
    """What to say of code made at run time that its maker gave no names, and what to do about it.

    None where that is less than a tenth of the profile.
    """
    total = unnamed = 0
    for sample in profile.samples:
        value = sample.values[profile.shown]
        total += value
        unnamed += value * any(map(_is_unnamed, sample.stack))
    if not unnamed or unnamed < _WORTH_SAYING * total:
        return None
    return (
        f"{unnamed / total:.0%} of this is in code made at run time that has no names: [anon]",
        "node --perf-basic-prof writes them; Java: -XX:+PreserveFramePointer and"
        " jcmd PID Compiler.perfmap",
    )


def _is_unnamed(frame: Frame) -> bool:
    return frame.kind == "jit" and frame.name == "[anon]"
