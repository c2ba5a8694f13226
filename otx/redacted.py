"""What may be shown of a setting's value: all of it but the secrets that stand in it.

A page that is shown may end in an issue or a chat, so who reads it learns that there is a header or
a user, and not more.
"""

import re

REDACTED = "[redacted]"
_USER = re.compile(r"(?:(?<=://)|(?<![^\s,])(?=[^/?#\s=:@]*:))[^/?#\s]*@")
"""Behind a scheme; before a bare host with its password, as `git@host` tells no secret."""
_HEADER = re.compile(r"(?<![^\s,])(header=[^=\s,]*=)[^\s,]+")


def without_users(text: str) -> str:
    """A text whose URLs name neither user nor password (RFC 3986, 3.2.1)."""
    return _USER.sub(f"{REDACTED}@", text)


def without_header_values(text: str) -> str:
    """Destinations of `otx receive --forward` whose headers have names alone."""
    return without_users(_HEADER.sub(rf"\g<1>{REDACTED}", text))


def names_alone(text: str) -> str:
    """`K=V` with commas between without any V; what has no name is a value's rest, and goes too."""
    if not text:
        return ""
    named = [pair.partition("=") for pair in text.split(",")]
    return ",".join(f"{name}={REDACTED}" if equals else REDACTED for name, equals, _ in named)
