"""A screen as an SVG that loads nothing from elsewhere."""

import re

_WEB_FONT = re.compile(r"\s*@font-face \{.*?\n\s*\}", re.DOTALL)
_ORIGIN = re.compile(r"<!-- Generated with .*?-->\s*", re.DOTALL)


def self_contained(svg: str) -> str:
    """A screenshot without the fonts that it would fetch; the viewer's monospace stands in."""
    return _ORIGIN.sub("", _WEB_FONT.sub("", svg))
