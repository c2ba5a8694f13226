"""A flame graph as one HTML page that needs nothing beside it: no network, no server, no build.

The page lays out what is to be seen when it is to be seen, so that trees of any size stay quick.
Names are other people's text: they are data in the page and never markup or code.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from otx.flame.picture_data import picture_data, tree_document
from otx.flame.picture_tree import PictureTree

_SCRIPTS = ("tree.js", "look.js", "panel.js", "page.js")


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a page.

    Attributes:
        tree: What it shows.
        title: What stands above it; "" where it is the only one.
        is_flipped: Whether the root is at the bottom.
    """

    tree: PictureTree
    title: str = ""
    is_flipped: bool = False


def html_page(
    panels: Sequence[Panel],
    title: str,
    about: str,
    unit: str,
    head: Mapping[str, object] | None = None,
) -> str:
    """The page.

    Args:
        panels: Its pictures, from top to bottom.
        title: Its heading.
        about: What stands below the heading, in a line.
        unit: What values are in: `nanoseconds`, `bytes`, `count`, or any other word.
        head: What else is known of the profile, for who opens the page as one.
    """
    parts = {
        "TITLE": html.escape(title),
        "ABOUT": html.escape(about),
        "CSS": page_file("page.css"),
        "DATA": json.dumps(picture_data(unit, list(map(_document, panels)), head or {})),
        "JS": "\n".join(page_file(name).replace('"use strict";\n', "", 1) for name in _SCRIPTS),
    }
    first, *rest = page_file("page.html").split("@")
    # Odd parts are names between two signs; nothing that is put in is looked at again.
    return first + "".join(part if at % 2 else parts[part] for at, part in enumerate(rest))


def page_file(name: str) -> str:
    """A file of the page, as it is shipped."""
    return (files("otx.flame") / "page" / name).read_text(encoding="utf-8")


def _document(panel: Panel) -> dict[str, object]:
    return {"title": panel.title, "flipped": panel.is_flipped, **tree_document(panel.tree)}
