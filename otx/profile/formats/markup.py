"""Whether a file is an HTML page or an SVG picture: what its first tag says."""

import re

_PROLOG = re.compile(
    rb"\s*(?:<\?[^>]*>|<!--.*?-->|<!doctype\s+svg[^>]*>)", re.DOTALL | re.IGNORECASE
)
_FIRST_TAG = re.compile(rb"\s*<(?:!doctype\s+)?(html|svg)[\s>]", re.IGNORECASE)


def markup_of(head: bytes) -> str:
    """`html` or `svg` for a file that begins so, behind a declaration and comments; else ""."""
    at = 0
    while prolog := _PROLOG.match(head, at):
        at = prolog.end()
    tag = _FIRST_TAG.match(head, at)
    return tag[1].decode().lower() if tag else ""
