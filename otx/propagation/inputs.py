"""What people have at hand: header lines, `curl -v`, `env`, HAR, JSON objects, bare values."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from otx.errors import UsageError
from otx.propagation.bare import likely_header, sure_header
from otx.propagation.carrier import canonical
from otx.propagation.registry import is_known

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_START = re.compile(r"[A-Z]{3,10} (\S+) HTTP/[0-9.]+$")
_SHELL = re.compile(r"(?:export|declare -x|set -gx?) ")
_CURL_MARKS = ("> ", "< ")
_HEADER_OPTIONS = ("-H", "--header")
_BYTE_ORDER_MARK = "\ufeff"
"""What editors of Windows put before a text."""


@dataclass(frozen=True, slots=True)
class HeaderSet:
    """The headers of one request, its response's among them.

    Attributes:
        pairs: Names and values in the order in which they came.
        request: What it is, where an input has several: `GET /cart`.
        is_environment: Whether a name came as an environment variable.
        judged_as: The header that a value without a name is taken for; "" where all have one.
    """

    pairs: tuple[tuple[str, str], ...]
    request: str = ""
    is_environment: bool = False
    judged_as: str = ""


def read_words(words: Iterable[str]) -> HeaderSet:
    """Arguments: `name: value`, `name=value`, or a value alone."""
    pairs: list[tuple[str, str]] = []
    judged_as = ""
    is_environment = False
    for word in words:
        pair, is_variable = _named(word)
        if pair is None:
            judged_as = likely_header(word.strip())
            pair = (judged_as, word)
        pairs.append(pair)
        is_environment |= is_variable
    return HeaderSet(tuple(pairs), is_environment=is_environment, judged_as=judged_as)


def read_text(text: str) -> list[HeaderSet]:
    """A block of headers, what curl or env print, a curl command, HAR, or a JSON object of headers.

    Raises:
        UsageError: It begins as JSON and is none, or is JSON of another kind.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if text.lstrip()[:1] == "{":
        return read_json(text)
    if text.lstrip().startswith("curl "):
        return [_of_command(text)]
    lines = text.split("\n")
    sets = list(_blocks(lines))
    if len(sets) > 1:
        return sets
    filled = [line for line in lines if line.strip()]
    if len(filled) == 1:
        return [read_line(filled[0])]
    return sets or [HeaderSet(())]


def read_line(line: str) -> HeaderSet:
    """One line that is a set of its own."""
    if line.lstrip()[:1] == "{":
        return read_json(line)[0]
    line = _unmarked(line)
    pair, is_environment = _named(line)
    if pair is not None:
        return HeaderSet((pair,), is_environment=is_environment)
    value = line.strip()
    if not value or (" " in value and sure_header(value) is None):
        return HeaderSet(())
    header = likely_header(value)
    return HeaderSet(((header, value),), judged_as=header)


def known_name(line: str) -> str | None:
    """The canonical name of the header of tracing that a line is; None where it is none."""
    pair, _ = _named(_unmarked(line))
    name = canonical(pair[0]) if pair is not None else ""
    return name if is_known(name) else None


def read_block(lines: Iterable[str]) -> HeaderSet:
    """Lines that are one set; what is no header is passed over."""
    pairs: list[tuple[str, str]] = []
    is_environment = False
    judged_as = ""
    for line in lines:
        pair, is_variable = _named(_unmarked(line))
        if pair is None:
            value = line.strip()
            header = sure_header(value) if value else None
            if header is None:
                continue
            judged_as, pair = header, (header, value)
        pairs.append(pair)
        is_environment |= is_variable
    return HeaderSet(tuple(pairs), is_environment=is_environment, judged_as=judged_as)


def read_json(text: str) -> list[HeaderSet]:
    """A HAR file, of which the requests that carry trace context; or an object of headers.

    Raises:
        UsageError: It is no JSON, or of neither kind.
    """
    try:
        document = json.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this begins as JSON, and is none: {error}") from None
    if isinstance(document, Mapping) and "log" in document and "traceparent" not in document:
        return _of_har(document)
    if not isinstance(document, Mapping):
        raise UsageError("JSON is a HAR file or an object of header names and values")
    return [HeaderSet(tuple(_of_object(document)))]


def _blocks(lines: Iterable[str]) -> Iterator[HeaderSet]:
    """One set, or one a request where several request lines stand there, as in `curl -v -L`."""
    block: list[str] = []
    request = ""
    for line in lines:
        started = _START.match(_unmarked(line).rstrip())
        if started is None:
            block.append(line)
            continue
        if request:
            yield _titled(block, request)
        request = f"{_unmarked(line).split(' ', 1)[0]} {started[1]}"
        block = []
    if block or request:
        yield _titled(block, request)


def _of_command(text: str) -> HeaderSet:
    """The headers that a curl command sends, as browsers copy one."""
    import shlex  # 4 ms

    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is not closed
        words = text.split()
    return read_block(word for option, word in pairwise(words) if option in _HEADER_OPTIONS)


def _titled(lines: Iterable[str], request: str) -> HeaderSet:
    found = read_block(lines)
    return HeaderSet(found.pairs, request, found.is_environment, found.judged_as)


def _named(text: str) -> tuple[tuple[str, str] | None, bool]:
    """The header of a line that names one, and whether it is an environment variable."""
    name, colon, value = text.partition(":")
    if colon and is_known(canonical(name.strip())):
        return (name.strip(), value), False
    variable, equals, content = text.partition("=")
    if equals and is_known(canonical(variable.strip())):
        variable = variable.strip()
        return (variable, _unquoted(content)), variable == variable.upper()
    if colon and value[:1] in (" ", "") and _NAME.fullmatch(name):
        return (name, value), False
    return None, False


def _unmarked(line: str) -> str:
    """A line without what curl and shells put before a header or a variable."""
    line = line.rstrip("\r")
    if line.startswith(_CURL_MARKS):
        return line[2:]
    shell = _SHELL.match(line)
    return line[shell.end() :] if shell else line


def _unquoted(text: str) -> str:
    inner = text.strip()
    if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "\"'":
        return inner[1:-1]
    return text


def _of_object(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, str):
                raise UsageError(f"header {name!r} has a value that is no text")
            yield name, one


def _of_har(document: Mapping[str, Any]) -> list[HeaderSet]:
    log = document["log"]
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise UsageError("this is no HAR file: log.entries is no list")
    sets = []
    for place, entry in enumerate(entries):
        try:
            sets.append(_of_entry(entry))
        except (KeyError, TypeError, AttributeError):
            where = f"log.entries[{place}]"
            raise UsageError(f"this is no HAR file: {where} has no request with headers") from None
    traced = [one for one in sets if any(is_known(canonical(name)) for name, _ in one.pairs)]
    return traced or [HeaderSet(())]


def _of_entry(entry: Mapping[str, Any]) -> HeaderSet:
    request, response = entry["request"], entry.get("response") or {}
    headers = [*request["headers"], *(response.get("headers") or ())]
    pairs = tuple((str(one["name"]), str(one["value"])) for one in headers)
    return HeaderSet(pairs, f"{request.get('method', '?')} {request.get('url', '?')}")
