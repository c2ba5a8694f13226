r"""The Common Event Format of ArcSight: `CEF:0|vendor|product|…|severity|key=value key=value`.

Seven fields are parted by `|`, which `\|` protects; the rest is keys and values, and a value goes
on until a blank and the next key.
"""

import re

from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value

_FIELDS = (
    "version",
    "device_vendor",
    "device_product",
    "device_version",
    "device_event_class_id",
    "name",
    "severity",
)
_FIELD = re.compile(r"(?:\\[|\\]|[^|])*")
_KEY = re.compile(r"(?:^|(?<= ))([A-Za-z0-9_]+)=")
_ESCAPED_IN_HEADER = re.compile(r"\\([|\\])")
_ESCAPED_IN_VALUE = re.compile(r"\\([\\=nr])")
_CONTROLS = {"n": "\n", "r": "\r"}


def parse(text: str) -> dict[str, Value]:
    """A line as a map; what stands before `CEF:` is a syslog header.

    Raises:
        ExecutionError: It is none.
    """
    start = text.find("CEF:")
    if start < 0:
        raise ExecutionError("this is no CEF: it has no CEF:")
    header, extension = _split(text[start:])
    version = header[0].removeprefix("CEF:")
    if not version:
        raise ExecutionError("this is no CEF: the version is missing")
    fields = [version, *(_ESCAPED_IN_HEADER.sub(r"\1", field) for field in header[1:])]
    parsed: dict[str, Value] = {
        f"cef.{name}": field for name, field in zip(_FIELDS, fields, strict=True)
    }
    parsed["cef.extensions"] = _extensions(extension)
    return parsed


def _split(text: str) -> tuple[list[str], str]:
    """The fields of the header as they are written, and what follows them."""
    fields: list[str] = []
    at = 0
    while len(fields) < len(_FIELDS):
        field = _FIELD.match(text, at)
        assert field is not None  # noqa: S101 - it matches nothing, too
        fields.append(field.group())
        at = field.end() + 1
        if field.end() == len(text):
            break
    if len(fields) < len(_FIELDS):
        raise ExecutionError(
            f"this is no CEF: the header has {len(fields)} of {len(_FIELDS)} fields"
        )
    return fields, text[at:]


def _extensions(text: str) -> dict[str, Value]:
    keys = list(_KEY.finditer(text))
    ends = [*(following.start() for following in keys[1:]), len(text)]
    return {
        key[1]: _ESCAPED_IN_VALUE.sub(_unescape, text[key.end() : end].rstrip(" "))
        for key, end in zip(keys, ends, strict=False)
    }


def _unescape(found: "re.Match[str]") -> str:
    return _CONTROLS.get(found[1], found[1])
