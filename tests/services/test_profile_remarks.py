"""What is said of a profile once it is whole."""

import pytest

from otx.model.profile import SAMPLES, Profile, StackSample
from otx.model.stack import Frame, Stack
from otx.services.profile_remarks import remark_on_unnamed

MAIN = Frame("main", "native", module="node")
UNNAMED = Frame("[anon]", "jit", module="[anon]")
NAMED = Frame("total", "jit", "/srv/cart.js", 3, "cart.js")


def profile_of(*stacks: tuple[Stack, int]) -> Profile:
    return Profile((SAMPLES,), [StackSample(stack, (count,)) for stack, count in stacks])


@pytest.mark.parametrize(
    ("stacks", "share"),
    [
        ([((MAIN, UNNAMED, UNNAMED), 30), ((MAIN,), 70)], "30%"),
        ([((MAIN, UNNAMED, NAMED), 1)], "100%"),
    ],
)
def test_code_without_names_is_told_with_what_gives_them(
    stacks: list[tuple[Stack, int]], share: str
) -> None:
    said = remark_on_unnamed(profile_of(*stacks))
    assert said is not None and said[0].startswith(f"{share} of this")
    assert "--perf-basic-prof" in said[1]


@pytest.mark.parametrize(
    "stacks",
    [[], [((MAIN, UNNAMED), 0)], [((MAIN, UNNAMED), 5), ((MAIN,), 95)], [((MAIN, NAMED), 9)]],
)
def test_nothing_is_said_where_little_or_nothing_lacks_them(
    stacks: list[tuple[Stack, int]],
) -> None:
    assert remark_on_unnamed(profile_of(*stacks)) is None
