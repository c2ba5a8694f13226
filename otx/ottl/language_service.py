"""What an editor asks of a file: what is wrong, what can be typed here, what this word means.

Places are lines and columns from 0, counted in characters; the server translates them.
"""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from otx.errors import UsageError
from otx.ottl.checking import Finding, check_source
from otx.ottl.collector import find_components
from otx.ottl.completion import Candidate, Surroundings, complete
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.located import Located, locate
from otx.ottl.lookup import look_up
from otx.ottl.slots import Slot
from otx.ottl.source import is_yaml, read_sources
from otx.ottl.yaml_places import YamlInvalid
from otx.ottl.yaml_reading import load_yaml


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file, between two characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Range:
    """A piece of a file."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that is wrong, or hardly meant."""

    range: Range
    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that can be typed.

    Attributes:
        range: What the text stands in for.
        text: As the file writes it.
    """

    range: Range
    text: str
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Hover:
    """What a word means, as Markdown."""

    range: Range
    text: str


@dataclass(frozen=True, slots=True)
class LanguageService:
    """Answers about one file.

    Attributes:
        source: Its text.
        name: Its name, whose ending tells the form.
        functions: What may be called; a configuration's components narrow it.
    """

    source: str
    name: str
    functions: FunctionSet

    def diagnostics(self, variables: Mapping[str, str]) -> list[Diagnostic]:
        """Everything that is wrong, in the order of the file; nothing for a file without OTTL.

        Args:
            variables: For `${env:NAME}` in configurations.
        """
        try:
            if not self._has_ottl():
                return []
            findings = [
                finding
                for source in read_sources(self.source, self.name, variables)
                for finding in check_source(source, self.functions)
            ]
        except YamlInvalid as error:
            start = Position(error.line - 1, error.column - 1)
            return [Diagnostic(self._to_line_end(start), "error", error.reason)]
        except UsageError as error:
            return [Diagnostic(self._to_line_end(Position(0, 0)), "error", error.message)]
        return [_diagnostic(one) for one in findings]

    def completions(self, position: Position) -> list[Completion]:
        """What can be typed at a place."""
        index = self._index(position)
        found = self._locate(index)
        if found is None:
            return []
        return [self._completion(one, found, index) for one in self._candidates(found)]

    def hover(self, position: Position) -> Hover | None:
        """What the word at a place means."""
        index = self._index(position)
        found = self._locate(index)
        if found is None or found.slot is None:
            return None
        meaning = look_up(found.text, found.offset, self._surroundings(found.slot))
        if meaning is None:
            return None
        start = found.index(meaning.place.start, index)
        text = f"```ottl\n{meaning.title}\n```\n{meaning.about}".rstrip()
        return Hover(self._range(start, start + meaning.place.end - meaning.place.start), text)

    def _is_plain(self) -> bool:
        """Whether it is no YAML; of such files only `.ottl` is looked at."""
        return not is_yaml(self.source, self.name)

    def _locate(self, index: int) -> Located | None:
        if self._is_plain() and not self.name.endswith(".ottl"):
            return None
        return locate(self.source, self.name, index)

    def _has_ottl(self) -> bool:
        if self._is_plain():
            return self.name.endswith(".ottl")
        data = load_yaml(self.source, self.name).data
        is_list = isinstance(data, list) and all(isinstance(one, str) for one in data)
        return is_list or bool(find_components(data))

    def _candidates(self, found: Located) -> Sequence[Candidate]:
        if found.slot is not None:
            return complete(found.text, found.offset, self._surroundings(found.slot))
        return [Candidate(one, 0, one, "choice") for one in found.choices]

    def _surroundings(self, slot: Slot) -> Surroundings:
        functions = FunctionSet(
            slot.component, self.functions.gates, self.functions.allows_extensions
        )
        return Surroundings(slot.start, slot.contexts, slot.own, functions)

    def _completion(self, one: Candidate, found: Located, index: int) -> Completion:
        start = found.index(one.start, index)
        return Completion(self._range(start, index), found.written(one.text), one)

    def _range(self, start: int, end: int) -> Range:
        return Range(self._position(start), self._position(end))

    def _to_line_end(self, start: Position) -> Range:
        begin = self._index(Position(start.line, 0))
        end = self.source.find("\n", begin)
        width = len(self.source[begin : end if end >= 0 else None].rstrip())
        return Range(start, Position(start.line, max(width, start.column)))

    def _starts(self) -> list[int]:
        return [0, *(at + 1 for at, c in enumerate(self.source) if c == "\n")]

    def _index(self, position: Position) -> int:
        """The character at a place; the last one of a line for what is behind it."""
        starts = self._starts()
        if position.line >= len(starts):
            return len(self.source)
        begin = starts[position.line]
        end = self.source.find("\n", begin)
        return min(begin + position.column, end if end >= 0 else len(self.source))

    def _position(self, index: int) -> Position:
        starts = self._starts()
        line = bisect.bisect_right(starts, index) - 1
        return Position(line, index - starts[line])


def _diagnostic(finding: Finding) -> Diagnostic:
    place = finding.place
    start = Position(place.line - 1, place.column - 1)
    width = max(1, min(finding.width, len(place.text) - start.column))
    message = f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message
    return Diagnostic(
        Range(start, Position(start.line, start.column + width)), finding.severity, message
    )
