"""JSON as the Collector reads it: every number a double, and laxer than the standard.

Its reader takes control characters within strings, `01`, `1.` and `-.5`, bytes that are no UTF-8,
and whatever follows a NUL. orjson reads what is standard; the rest is brought to the standard and
read again.
"""

import json
import math
import re
from typing import Any

import orjson

from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-0-9][-+.0-9eE]*', re.DOTALL)
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SURROGATES = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_TAIL = re.compile("\0[^\"']*\\Z", re.DOTALL)

_COMPLAINTS = {
    "Expecting value": "a value is wanted, {found},",
    "Expecting property name": "a key in double quotes is wanted, {found},",
    "Expecting ':'": "a colon is wanted, {found},",
    "Expecting ','": "a comma or the closing bracket is wanted, {found},",
    "Illegal trailing comma": "a comma stands before a closing bracket",
    "Unterminated string": "a text is not closed that begins",
    "Invalid": "an escape that JSON does not have",
    "Extra data": "something follows the end of the JSON",
}
"""How the reader's complaints begin -> what is wrong, in the words of this tool."""


def parse_json(text: str) -> Value:
    """The map or list that a text holds.

    Raises:
        ExecutionError: It is no JSON, or neither a map nor a list.
    """
    try:
        if "-0" in text:
            raise ValueError("orjson reads -0 as an int, which has no sign")
        value = orjson.loads(text)
    except ValueError:
        value = _read_laxly(text)
    else:
        _make_doubles(value)
    if type(value) is dict or type(value) is list:
        return value
    raise ExecutionError("the JSON is neither a map nor a list")


def _make_doubles(value: Value) -> None:
    """Turn the ints of a map or list into doubles."""
    if type(value) is dict:
        entries: Any = value.items()
    elif type(value) is list:
        entries = enumerate(value)
    else:
        return
    for key, inner in entries:
        kind = type(inner)
        if kind is int:
            value[key] = float(inner)
        elif kind is dict or kind is list:
            _make_doubles(inner)


def _read_laxly(text: str) -> Value:
    try:
        return _DECODER.decode(_standard(text))
    except RecursionError:
        raise ExecutionError("the JSON is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ExecutionError(f"this is no JSON: {_complaint(error, text)}") from None
    except ValueError as error:
        raise ExecutionError(f"this is no JSON: {error}") from None


def _complaint(error: json.JSONDecodeError, text: str) -> str:
    """What is wrong in a text, and at which of its characters, from 1."""
    at = _place_before(error.pos, text)
    found = f"not {text[at : at + 1]!r}" if at < len(text) else "and it ends"
    for begin, words in _COMPLAINTS.items():
        if error.msg.startswith(begin):
            return f"{words.format(found=found)} at character {at + 1}"
    return f"something is wrong at character {at + 1}"


def _place_before(place: int, text: str) -> int:
    """Where in a text stands what is at a place of it as `_standard` writes it."""
    grown = 0
    for token in _TOKEN.finditer(text):
        written = _standard_token(token)
        if place < token.start() + grown + len(written):
            break
        grown += len(written) - len(token.group())
    return max(0, min(place - grown, len(text)))


def _standard(text: str) -> str:
    """A text with what only the Collector's reader takes brought to the standard."""
    if "\0" in text:
        text = _TAIL.sub("", text)
    return _TOKEN.sub(_standard_token, text)


def _standard_token(found: "re.Match[str]") -> str:
    token = found.group()
    if token[0] == '"':
        # Half a surrogate pair is no character.
        return _SURROGATES.sub(lambda half: half.group(1) or "\ufffd", token)
    if not _NUMBER.fullmatch(token):
        raise ValueError(f"{token} is no number, at character {found.start() + 1}")
    return repr(_double(token))


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is out of a double's range")
    return value


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(
    parse_int=_double, parse_float=_double, parse_constant=_refuse, strict=False
)
