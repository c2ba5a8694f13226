"""The Log Event Extended Format of QRadar: `LEEF:2.0|vendor|product|version|id|^|key=value^…`.

Attributes are parted by a tab, or in 2.0 by the character that the header names.
"""

import binascii

from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value

_FIELDS = ("vendor", "product.name", "product.version", "event.id")


def parse(text: str) -> dict[str, Value]:
    """A line as a map; what stands before `LEEF:` is a syslog header.

    Raises:
        ExecutionError: It is none, or of another version than 1.0 and 2.0.
    """
    start = text.find("LEEF:")
    if start < 0:
        raise ExecutionError("this is no LEEF: it has no LEEF:")
    version, bar, rest = text[start + len("LEEF:") :].partition("|")
    if not bar:
        raise ExecutionError("this is no LEEF: it has no |")
    if version not in ("1.0", "2.0"):
        raise ExecutionError(f"{version!r} is no version of LEEF: 1.0 and 2.0 are")
    fields = rest.split("|", 4)
    if len(fields) < len(_FIELDS):
        raise ExecutionError(
            f"this is no LEEF: the header has {len(fields)} of {len(_FIELDS)} fields"
        )
    attributes = fields[4] if len(fields) > 4 else ""
    delimiter = "\t"
    if version == "2.0" and len(fields) > 4:
        named, _, behind = attributes.partition("|")
        # The delimiter may be left out: then the attributes follow at once.
        if "=" not in named:
            delimiter, attributes = _delimiter(named), behind
    return {
        "leef.version": version,
        **{f"leef.{name}": field for name, field in zip(_FIELDS, fields, strict=False)},
        "leef.attributes": _attributes(attributes, delimiter),
    }


def _delimiter(named: str) -> str:
    """A character, or `0x` and the hexadecimal digits of its byte; a tab where nothing stands."""
    if not named:
        return "\t"
    if named[:2] in ("0x", "0X"):
        try:
            octets = binascii.unhexlify(named[2:])
        except ValueError:
            octets = b""
        if len(octets) == 1:
            return octets.decode("utf-8", "surrogateescape")
    elif len(named.encode("utf-8", "surrogateescape")) == 1:
        return named
    raise ExecutionError(f"{named!r} is no delimiter: one character or 0xHH is")


def _attributes(text: str, delimiter: str) -> dict[str, Value]:
    """Keys and values; what has no key is passed over, and of two the last one counts."""
    parsed: dict[str, Value] = {}
    for part in text.split(delimiter):
        key, found, value = part.partition("=")
        if found and key:
            parsed[key] = value
    return parsed
