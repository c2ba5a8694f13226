"""Percent-encoding (RFC 3986, 2.1) as baggage and Jaeger use it."""

import re

_ENCODED = re.compile(b"%([0-9A-Fa-f]{2})")


def decode(text: str) -> str:
    """The text with `%xx` decoded as UTF-8; octets that are no UTF-8 become U+FFFD."""
    if "%" not in text:
        return text
    octets = _ENCODED.sub(lambda one: bytes((int(one[1], 16),)), text.encode("utf-8", "replace"))
    return octets.decode("utf-8", "replace")


def encode(text: str, kept: str) -> str:
    """The text with every character but those `kept` as `%XX`; `%` always."""
    safe = frozenset(kept) - {"%"}
    return "".join(
        character
        if character in safe
        else "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "replace"))
        for character in text
    )
