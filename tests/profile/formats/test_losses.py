"""What a form has no place for."""

from dataclasses import replace

import pytest

from otx.model.profile import Profile, StackSample
from otx.profile.formats.losses import losses
from tests.profile.formats.profiles import EXAMPLE, SHOP

TIMED = replace(EXAMPLE, samples=[StackSample((SHOP,), (1, 2), (), 5)])


@pytest.mark.parametrize(
    ("profile", "form", "lost"),
    [
        (EXAMPLE, "folded", "folded has no place for cpu/nanoseconds; labels (thread.id)"),
        (EXAMPLE, "speedscope", "speedscope has no place for labels (thread.id)"),
        (TIMED, "pprof", "pprof has no place for times of samples"),
        (TIMED, "otlp", ""),
        (
            replace(TIMED, time_unix_nano=0),
            "otlp-json",
            "otlp-json has no place for times of samples, which are times of the day there",
        ),
        (EXAMPLE, "html", ""),
        (EXAMPLE, "json", ""),
    ],
)
def test_it_is_told_in_a_line(profile: Profile, form: str, lost: str) -> None:
    assert losses(profile, form) == lost
