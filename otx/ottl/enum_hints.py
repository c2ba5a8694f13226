"""What is meant by a name in capital letters that no enum has."""

import difflib
from collections.abc import Collection

KEYWORDS = {"NULL": "nil", "NONE": "nil", "NIL": "nil", "TRUE": "true", "FALSE": "false"}
"""What other languages write -> the word of this one."""


def enum_hint(name: str, symbols: Collection[str]) -> str:
    """The symbols that may be meant: those that end in the name, else the nearest; "" for none.

    Args:
        name: As it was written.
        symbols: Those that could stand there.
    """
    if keyword := KEYWORDS.get(name.upper()):
        return f"write {keyword}"
    found = sorted(one for one in symbols if one.endswith(f"_{name.upper()}"))
    found = found or difflib.get_close_matches(name, sorted(symbols), n=1)
    return f"did you mean {' or '.join(found)}?" if found else ""
