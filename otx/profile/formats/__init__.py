"""The forms a profile is written in: each a function from a `Profile` to text."""

from collections.abc import Callable, Mapping

from otx.errors import UsageError
from otx.output import format_by_ending
from otx.profile.formats.folded import write_folded
from otx.profile.formats.json import write_json
from otx.profile.formats.profile import Profile
from otx.profile.formats.text import write_text

__all__ = ["WRITERS", "Profile", "choose_format"]

WRITERS: Mapping[str, Callable[[Profile], str]] = {
    "text": write_text,
    "folded": write_folded,
    "json": write_json,
}
"""Writers by the name that `--format` takes."""


def choose_format(asked: str | None, out: str) -> str:
    """The form to write: what was asked for, else what the output's ending says, else text.

    Raises:
        UsageError: There is no such form.
    """
    if asked is None:
        return format_by_ending(out, WRITERS, "text")
    if asked not in WRITERS:
        raise UsageError(f"no format {asked!r}", hint=f"--format takes {', '.join(WRITERS)}")
    return asked
