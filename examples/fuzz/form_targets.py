"""Forms of profiles whose bytes a fuzzer would not get behind: data in pictures, and summaries."""

import base64
import zlib
from collections.abc import Callable

from otx.model.profile import Profile
from otx.profile.formats import write_profile
from otx.profile.formats.picture_read import read_picture
from otx.profile.formats.text_read import read_text, summary_in


def picture_data(data: bytes) -> None:
    """The data of a picture without its compression; what is read is read again the same."""
    packed = base64.b64encode(zlib.compress(data, 1))
    profile = read_picture(b'<svg><metadata id="data">' + packed + b"</metadata></svg>", "svg", "x")
    again = read_picture(write_profile(profile, "html"), "html", "x")
    if again.shown_type != profile.shown_type or _is_changed(profile, again):
        raise AssertionError("what was written again is another profile")


def summary(data: bytes) -> None:
    """A summary and the words round it; what is written of it is one, with as much in all."""
    profile = read_text(data, "x", lambda text: None)
    text = write_profile(profile, "text")
    if summary_in(text) != "profile":
        raise AssertionError("what was written again is no summary")
    read_text(text, "x", lambda text: None)


def _is_changed(profile: Profile, again: Profile) -> bool:
    """Whether values differ that a number of a script can say."""
    return abs(again.total - profile.total) * 1_000_000 > sum(
        abs(sample.values[profile.shown]) for sample in profile.samples
    )


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture-data": picture_data,
    "summary": summary,
}
