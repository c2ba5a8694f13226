"""The documentation says what the commands take, and its links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from otx.command_table import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def script(name: str) -> ModuleType:
    """A program of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == script("generate").command_page(), (
        "`make docs`"
    )


def test_the_page_of_functions_is_up_to_date() -> None:
    kept = (ROOT / "docs" / "functions.md").read_text()
    assert kept == script("generate").function_page(), "`make docs`"


@pytest.mark.parametrize("name", script("examples").PAGES)
def test_the_examples_of_a_page_print_what_it_says(name: str) -> None:
    examples = script("examples")
    page = (ROOT / "docs" / name).read_text()
    assert examples.comparable(examples.renewed(page)) == examples.comparable(page), "`make docs`"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_mentioned_in_a_page_of_its_own_or_another(name: str) -> None:
    pages = [page for page in PAGES if page.name != "cli.md"]
    assert any(f"otx {name}" in page.read_text() for page in pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
