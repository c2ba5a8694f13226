"""The recipes: their own tests pass and reach every side, and nothing in them is questionable."""

from importlib import resources
from pathlib import Path

import pytest

from otx.errors import NotThere
from otx.ottl.checking import check_source
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.recipes import recipe, recipe_names
from otx.ottl.source import read_source
from otx.ottl.unit_tests.coverage import coverage
from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import read_test_file
from otx.ottl.unit_tests.results import run_tests
from otx.ottl.unit_tests.wording import summary

WANTED = {
    "mask-card-numbers",
    "mask-mails",
    "mask-tokens",
    "strip-query-strings",
    "mask-ips",
    "drop-health-checks",
    "normalise-http-names",
}


def test_the_recipes_are_there() -> None:
    assert set(recipe_names()) >= WANTED


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_passes_its_tests_and_they_reach_all_of_it(name: str) -> None:
    one = recipe(name)

    def opened(file: str) -> OpenedFile:
        assert file == f"{name}.yaml"
        return OpenedFile(file, one.text.encode())

    # As a Collector has it: without otx's own functions, and with no gate that is off by default.
    file = read_test_file(one.tests, f"{name}.test.yaml", opened, {}, allows_extensions=False)
    results = run_tests(file, clock=lambda: 0)
    assert [summary(problem) for result in results for problem in result.problems] == []
    assert [(place.line, place.missing) for place in coverage([file]) if place.missing] == []


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_a_part_of_a_configuration_without_findings(name: str) -> None:
    one = recipe(name)
    source = read_source(one.text, f"{name}.yaml", {})
    assert check_source(source, FunctionSet("", switched(""), allows_extensions=False)) == []
    assert one.text.splitlines()[0] == f"# {one.summary}."
    assert "\nprocessors:\n" in one.text
    assert f"/{name}:\n" in one.text


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_says_how_it_is_used(name: str) -> None:
    text = recipe(name).text
    assert f"{name}.yaml" in text
    assert f"/{name}, batch]" in text


def test_a_name_that_is_nearly_one_is_helped() -> None:
    with pytest.raises(NotThere) as refused:
        recipe("mask-mail")
    assert refused.value.hint == "did you mean mask-mails?"


def test_the_files_travel_with_the_package() -> None:
    folder = Path(str(resources.files("otx.ottl.recipes")))
    names = {path.name for path in folder.glob("*.yaml")}
    assert names == {f"{name}{end}" for name in recipe_names() for end in (".yaml", ".test.yaml")}
