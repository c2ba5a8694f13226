"""Recipes: configurations of processors to copy into a Collector, each with its tests.

A recipe is two files in this folder, `NAME.yaml` and `NAME.test.yaml`. The first line of the
former is its summary.
"""

import difflib
from dataclasses import dataclass
from importlib import resources

from otx.errors import NotThere

_ENDING = ".yaml"
_TEST_ENDING = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe.

    Attributes:
        summary: What it does, in a sentence.
        text: The configuration.
        tests: Its tests, which read the configuration as `NAME.yaml` beside them.
    """

    name: str
    summary: str
    text: str
    tests: str


def recipe_names() -> list[str]:
    """The names of all recipes."""
    files = [one.name for one in resources.files(__name__).iterdir()]
    return sorted(
        name.removesuffix(_ENDING)
        for name in files
        if name.endswith(_ENDING) and not name.endswith(_TEST_ENDING)
    )


def recipe(name: str) -> Recipe:
    """A recipe.

    Raises:
        NotThere: There is none of that name.
    """
    known = recipe_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise NotThere(f"there is no recipe {name!r}", hint=hint)
    folder = resources.files(__name__)
    text = folder.joinpath(name + _ENDING).read_text(encoding="utf-8")
    tests = folder.joinpath(name + _TEST_ENDING).read_text(encoding="utf-8")
    return Recipe(name, text.partition("\n")[0].removeprefix("# ").rstrip("."), text, tests)
