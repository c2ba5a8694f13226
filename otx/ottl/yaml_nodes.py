"""Values out of YAML's nodes, and where in the source each character of a text stood.

Only what reads YAML comes here: the parser takes 10 ms to import.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from otx.ottl.yaml_places import ScalarSpan, YamlDocument, YamlInvalid, YamlPath

MAX_NODES = 200_000
"""Aliases make small files large; beyond this a file is refused."""
MAX_DEPTH = 100
MAX_INDENT = 10_000

_ENV = re.compile(r"\$\$|\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{([^}]*)\}")
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


class Constructor:
    """Makes values of nodes and remembers where they stood."""

    def __init__(
        self,
        source: str,
        name: str,
        document: YamlDocument,
        variables: Mapping[str, str] | None,
    ) -> None:
        self._source = source
        self._name = name
        self._document = document
        self._variables = variables
        self._made = 0
        self._above: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def make(self, node: Any, path: YamlPath) -> Any:
        """The value of a node."""
        self._made += 1
        if self._made > MAX_NODES:
            raise self._refused(node, f"more than {MAX_NODES} values, aliases included")
        if id(node) in self._above:
            raise self._refused(node, "an anchor that contains itself")
        if len(path) > MAX_DEPTH:
            raise self._refused(node, f"nested deeper than {MAX_DEPTH} levels")
        self._document.places[path] = node.start_mark.index
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.make(one, (*path, at)) for at, one in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._above.discard(id(node))

    def _mapping(self, node: Any, path: YamlPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refused(key_node, "a key that is no text")
            key = str(key_node.value)
            if key == "<<" and not key_node.style:
                found = self.make(value_node, (*path, key))
                for one in found if isinstance(found, list) else [found]:
                    merged = {**one, **merged} if isinstance(one, dict) else merged
                continue
            if key in made:
                raise self._refused(key_node, f"the key {key!r} twice")
            self._document.keys[(*path, key)] = key_node.start_mark.index
            made[key] = self.make(value_node, (*path, key))
        return {**merged, **made}

    def _scalar(self, node: Any, path: YamlPath) -> Any:
        if node.tag != "tag:yaml.org,2002:str":
            try:
                return self._scalars.construct_object(node, deep=True)
            except (yaml.YAMLError, ValueError):
                return node.value
        offsets = _align(self._source, node.start_mark.index, node.end_mark.index, node.value)
        text = node.value
        self._document.scalars[path] = ScalarSpan(
            node.start_mark.index, node.end_mark.index, text, node.style or ""
        )
        if self._variables is not None and "$" in text:
            text, offsets = self._expanded(text, offsets, path)
        self._document.offsets[path] = offsets
        return text

    def _expanded(self, text: str, offsets: list[int], path: YamlPath) -> tuple[str, list[int]]:
        """A text with the Collector's variables in it, and where its characters stood."""
        out: list[str] = []
        places: list[int] = []
        at = 0
        for found in _ENV.finditer(text):
            out.append(text[at : found.start()])
            places += offsets[at : found.start()]
            new = self._variable(found, path)
            out.append(new)
            places += [offsets[found.start()]] * len(new)
            at = found.end()
        out.append(text[at:])
        places += offsets[at:]
        return "".join(out), places

    def _variable(self, found: "re.Match[str]", path: YamlPath) -> str:
        if found[0] == "$$":
            return "$"
        if found[3] is not None:
            self._document.warnings.append((path, f"{found[0]} is not read here: only ${{env:…}}"))
            return found[0]
        assert self._variables is not None  # noqa: S101 - nothing is expanded without
        value = self._variables.get(found[1])
        if value is None and found[2] is None:
            self._document.warnings.append((path, f"{found[1]} is not set: it becomes empty text"))
        return value if value is not None else found[2] or ""

    def _refused(self, node: Any, what: str) -> YamlInvalid:
        mark = node.start_mark
        return YamlInvalid(self._name, mark.line + 1, mark.column + 1, what)


def _align(source: str, start: int, end: int, value: str) -> list[int]:
    """Where each character of a scalar's value stands in the source.

    The source is walked along with the value: what the value lacks is quoting, folding or
    indentation and is passed over.
    """
    at = start
    indent = MAX_INDENT
    quote = source[start : start + 1]
    if quote in ("'", '"'):
        at += 1
    elif quote in ("|", ">"):
        at = source.find("\n", start) + 1
        while source[at : at + 1] == "\n":
            at += 1
        indent = _spaces(source, at, MAX_INDENT)
        at += indent
    places = []
    for c in value:
        at = _next(source, at, end, c, quote)
        places.append(min(at, max(end - 1, start)))
        at += _width(source, at, quote, indent)
    return places


def _spaces(source: str, at: int, most: int) -> int:
    count = 0
    while count < most and source[at + count : at + count + 1] in (" ", "\t"):
        count += 1
    return count


def _next(source: str, at: int, end: int, c: str, quote: str) -> int:
    """The place of the next character of the value, from `at` on."""
    if c in " \n":
        return at  # folded or not: here it stands
    while at < end and source[at] in " \n\r\t" and c not in "\r\t":
        at += 1  # blanks at a line's end, which folding drops
    if quote == '"':
        while source.startswith("\\\n", at):  # an escaped line break
            at += 2
            while at < end and source[at] in " \t":
                at += 1
    return at


def _width(source: str, at: int, quote: str, indent: int) -> int:
    """How many characters of the source make one character of the value.

    A line break takes the following line's indentation with it: all of it, or in a block scalar
    the block's.
    """
    if quote == "'" and source.startswith("''", at):
        return 2
    if quote == '"' and source.startswith("\\", at):
        return _ESCAPE_LENGTHS.get(source[at + 1 : at + 2], 2)
    if source[at : at + 1] == "\n":
        return 1 + _spaces(source, at + 1, indent)
    return 1
