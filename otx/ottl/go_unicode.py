"""Letters as Go's `unicode` and `strings` treat them: one code point at a time.

Python maps whole texts and may lengthen them (`ß` to `SS`, a final `Σ` to `ς`); Go never does. A
byte that is no UTF-8 becomes U+FFFD where Go decodes and encodes again.
"""

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
"""What strings.TrimSpace removes; str.strip() takes the separators U+001C to U+001F too."""

REPLACEMENT = "\ufffd"


def upper(text: str) -> str:
    """A text as strings.ToUpper gives it."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def lower(text: str) -> str:
    """A text as strings.ToLower gives it."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def is_stray_byte(character: str) -> bool:
    """Whether a character stands for a byte that is no UTF-8."""
    return "\udc80" <= character <= "\udcff"


def valid(text: str) -> str:
    """A text with U+FFFD for each byte that is no UTF-8."""
    if text.isascii():
        return text
    return "".join(REPLACEMENT if is_stray_byte(c) else c for c in text)


def _upper(character: str) -> str:
    if is_stray_byte(character):
        return REPLACEMENT
    mapped = character.upper()
    if len(mapped) == 1:
        return mapped
    # Where the full mapping is longer, the title case is the simple upper case, if there is one.
    title = character.title()
    return title if len(title) == 1 else character


def _lower(character: str) -> str:
    if is_stray_byte(character):
        return REPLACEMENT
    return character.lower()[:1]
