"""Values out of YAML's nodes, and where in the source each character of a text stood.

Only what reads YAML comes here: the parser takes 10 ms to import.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from otx.errors import UsageError
from otx.ottl.expansion import CannotExpand, Located, Value, Variables, unescaped
from otx.ottl.yaml_places import (
    ExpandedList,
    ExpandedMap,
    ExpandedText,
    ScalarSpan,
    YamlDocument,
    YamlInvalid,
    YamlPath,
    YamlWarning,
)

MAX_NODES = 200_000
"""Aliases make small files large; beyond this a file is refused."""
MAX_DEPTH = 100
MAX_INDENT = 10_000

_PROPERTIES = re.compile(r"(?:[&!][^\s\[\]{},]*\s+)*")
"""An anchor and a tag before a value; no text begins with their characters."""
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


class Constructor:
    """Makes values of nodes and remembers where they stood."""

    def __init__(
        self,
        source: str,
        name: str,
        document: YamlDocument,
        variables: Mapping[str, str] | None,
        expands: Callable[[YamlPath], bool],
    ) -> None:
        self._source = source
        self._name = name
        self._document = document
        self._variables = (
            None if variables is None else Variables(variables, _read_value, self._warn)
        )
        self._expands = expands
        self._reference_at: tuple[YamlPath, int] = ((), 0)
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
        end = node.end_mark.index
        properties = _PROPERTIES.match(self._source, node.start_mark.index, end)
        start = properties.end() if properties else node.start_mark.index
        offsets = _align(self._source, start, end, node.value)
        text = node.value
        self._document.scalars[path] = ScalarSpan(start, end, text, node.style or "")
        if self._variables is not None and "$" in text and self._expands(path):
            self._reference_at = (path, offsets[max(text.find("${"), 0)])
            return self._settled(self._expanded(Located(text, offsets)), path)
        self._document.offsets[path] = offsets
        return text

    def _expanded(self, located: Located) -> Located | Value:
        """A text with the Collector's variables in it, or what one of them stands for."""
        assert self._variables is not None  # noqa: S101 - nothing is expanded without
        try:
            return self._variables.expand(located)
        except CannotExpand as error:
            place = self._document.place_of(self._reference_at[1])
            raise YamlInvalid(self._name, place.line, place.column, str(error)) from None

    def _settled(self, found: Located | Value, path: YamlPath) -> Any:
        """What stands at a path after expansion."""
        if isinstance(found, Located):
            located = unescaped(found)
            self._document.offsets[path] = located.places
            return located.text
        data = self._inside(found.data, path)
        text = self._expanded(self._from_variable(found.text))
        written = unescaped(text) if isinstance(text, Located) else text
        if isinstance(data, list):
            return ExpandedList(data, written.text)
        if isinstance(data, dict):
            return ExpandedMap(data, written.text)
        self._document.offsets[path] = [self._reference_at[1]] * len(written.text)
        return ExpandedText(written.text, data)

    def _inside(self, data: Any, path: YamlPath) -> Any:
        """The data of a variable, what refers to others in it expanded too."""
        if len(path) > MAX_DEPTH:
            place = self._document.place_of(self._reference_at[1])
            raise YamlInvalid(self._name, place.line, place.column, "variables within variables")
        self._document.places[path] = self._reference_at[1]
        if isinstance(data, list):
            return [self._inside(one, (*path, at)) for at, one in enumerate(data)]
        if isinstance(data, dict):
            return {key: self._inside(one, (*path, key)) for key, one in data.items()}
        if isinstance(data, str):
            return self._settled(self._expanded(self._from_variable(data)), path)
        return data

    def _from_variable(self, text: str) -> Located:
        """A text that stands in no file: all of it is where the reference is."""
        return Located(text, [self._reference_at[1]] * len(text))

    def _warn(self, text: str, index: int, width: int) -> None:
        """Take down what is odd about a variable, where it is first met."""
        if all(one.text != text for one in self._document.warnings):
            self._document.warnings.append(YamlWarning(index, width, text))

    def _refused(self, node: Any, what: str) -> YamlInvalid:
        mark = node.start_mark
        return YamlInvalid(self._name, mark.line + 1, mark.column + 1, what)


def _read_value(text: str) -> Any:
    """What YAML reads in the value of a variable.

    Raises:
        ValueError: It is no YAML.
    """
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if root is None:
            return None
        document = YamlDocument(source=text, line_starts=[0])
        return Constructor(text, "", document, None, lambda _: False).make(root, ())
    except (yaml.YAMLError, UsageError, RecursionError) as error:
        raise ValueError(str(error)) from None


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
