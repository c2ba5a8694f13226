"""A flame graph as one HTML page that needs nothing beside it: no network, no server, no build.

The page lays out what is to be seen when it is to be seen, so that trees of any size stay quick.
Names are other people's text: they are data in the page and never markup or code.
"""

import base64
import html
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

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


def html_page(panels: Sequence[Panel], title: str, about: str, unit: str) -> str:
    """The page.

    Args:
        panels: Its pictures, from top to bottom.
        title: Its heading.
        about: What stands below the heading, in a line.
        unit: What values are in: `nanoseconds`, `bytes`, `count`, or any other word.
    """
    data = {"unit": unit, "trees": list(map(_document, panels))}
    packed = zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 6)
    parts = {
        "TITLE": html.escape(title),
        "ABOUT": html.escape(about),
        "CSS": page_file("page.css"),
        "DATA": json.dumps(base64.b64encode(packed).decode()),
        "JS": "\n".join(page_file(name).replace('"use strict";\n', "", 1) for name in _SCRIPTS),
    }
    head, *rest = page_file("page.html").split("@")
    # Odd parts are names between two signs; nothing that is put in is looked at again.
    return head + "".join(part if at % 2 else parts[part] for at, part in enumerate(rest))


def page_file(name: str) -> str:
    """A file of the page, as it is shipped."""
    return (files("otx.flame") / "page" / name).read_text(encoding="utf-8")


def _document(panel: Panel) -> dict[str, object]:
    tree = panel.tree
    return {
        "title": panel.title,
        "flipped": panel.is_flipped,
        "names": [[name.label, name.kind, name.where] for name in tree.names],
        "depths": tree.depths,
        "at": tree.at,
        "values": tree.values,
        "before": tree.before,
    }
