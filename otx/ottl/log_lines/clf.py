r"""The Common Log Format of web servers, and the combined one with referer and user agent.

Quoted fields may have escapes: `\"`, `\\`, those of C for control characters, and `\xHH`.
"""

import re

from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import parse_int
from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.values import Value

_WORD = r"([^\t\n\f\r ]+)"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_COMMON_TEXT = rf"{_WORD} {_WORD} {_WORD} \[([^\]]+)\] {_QUOTED} {_WORD} {_WORD}"
_COMMON = re.compile(_COMMON_TEXT)
_COMBINED = re.compile(f"{_COMMON_TEXT} {_QUOTED} {_QUOTED}")
_ESCAPE = re.compile(r'\\(?:x([0-9a-fA-F]{2})|([\\"ntrbfv]))')
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def parse(text: str, *, is_combined: bool) -> dict[str, Value]:
    """A line as a map.

    Raises:
        ExecutionError: It is none.
    """
    shape = _COMBINED if is_combined else _COMMON
    line = shape.fullmatch(text.strip(WHITE_SPACE))
    if line is None:
        raise ExecutionError(f"this is no line of the {'combined' if is_combined else 'CLF'} form")
    host, identity, user, timestamp, request, status, size, *more = line.groups()
    request = _unescape(request)
    parsed: dict[str, Value] = {
        "clf.remote_host": host,
        "clf.rfc931": identity,
        "clf.auth_user": user,
        "clf.timestamp": timestamp,
        "clf.request": request,
    }
    words = request.split(" ", 2)
    if len(words) == 3:
        names = ("clf.method", "clf.request_uri", "clf.protocol")
        parsed.update(zip(names, words, strict=True))
    parsed["clf.status"] = parse_int(status, 10)
    if size != "-":
        parsed["clf.bytes"] = parse_int(size, 10)
    if more:
        parsed["clf.referer"], parsed["clf.user_agent"] = map(_unescape, more)
    return parsed


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    # Bytes given as \xHH may make up characters together.
    octets = _ESCAPE.sub(_character, text).encode("utf-8", "surrogateescape")
    return octets.decode("utf-8", "surrogateescape")


def _character(found: "re.Match[str]") -> str:
    if found[1]:
        return bytes.fromhex(found[1]).decode("utf-8", "surrogateescape")
    return _CONTROLS.get(found[2], found[2])
