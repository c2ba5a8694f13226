"""Which names stand before secrets: of keys in configurations, attributes and headers.

One definition for all that is shown, reported or recorded. Too much is hidden rather than too
little.
"""

import re

_SECRET = re.compile(
    r"passw|pass(wd|phrase)?$|secret|token|credential|cookie|bearer|signature"
    r"|auth$|authori[sz]ation|licen[cs]e([-_.]?key)?$"
    r"|(api|access|private|client|encryption|ingest|account)[-_.]?key"
    r"|connection[-_.]?string|key[-_.]?pem|dsn$|^pwd$|sas$|(^|[-_.])(pw|pat)$",
    re.IGNORECASE,
)
_PLACE = re.compile(r"_(file|path|url|ttl|type|name|mode|length|header)$", re.IGNORECASE)
"""Ends a name of a place or a property of a secret, not of the secret."""


def is_secret_name(name: str) -> bool:
    """Whether what stands behind a name is better not shown."""
    return _SECRET.search(name) is not None and _PLACE.search(name) is None
