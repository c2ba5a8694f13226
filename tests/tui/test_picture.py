"""A screenshot that is passed on fetches nothing."""

import re
from pathlib import Path

import pytest

from otx.tui.picture import self_contained

ROOT = Path(__file__).parents[2]
PICTURES = [
    *sorted((ROOT / "docs" / "pictures").glob("*.svg")),
    *sorted((ROOT / "tests" / "tui" / "__snapshots__").rglob("*.svg")),
]


def test_fonts_that_would_be_fetched_are_left_out() -> None:
    font = '@font-face {\n  font-family: "F";\n  src: url("https://fonts.example/f.woff2");\n    }'
    head, rule = "<svg>\n<!-- Generated with X https://x.example -->\n<style>", ".r1 { fill: #fff }"
    shown = self_contained(f"{head}\n{font}\n{rule}</style></svg>")
    assert shown == f"<svg>\n<style>\n{rule}</style></svg>"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_kept_pictures_load_nothing(picture: Path) -> None:
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", picture.read_text())
