"""What a configuration says, and where in the file each character of it stands.

A text in YAML may be quoted, folded or escaped, and the Collector then expands `${env:NAME}` and
`$$` in it. An error in the text is of use only where it points at the file, so the way back is kept
for every text. `otx.ottl.yaml_reading` makes these of a text.
"""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.errors import caret
from otx.ottl.syntax import Place

YamlPath: TypeAlias = tuple[str | int, ...]


class YamlInvalid(UsageError):
    """A text that is no YAML, or YAML that is refused.

    Attributes:
        line: Where, from 1.
        column: Where in the line, from 1.
        reason: What is wrong there.
    """

    def __init__(
        self, name: str, line: int, column: int, reason: str, hint: str = "", text: str = ""
    ) -> None:
        """Name a place.

        Args:
            name: What errors call the file.
            line: The line, from 1.
            column: The column, from 1.
            reason: What is wrong.
            hint: What to do about it.
            text: The line's text, where it is to be shown.
        """
        shown = f"\n{caret(text, Place(column - 1, column))}" if text else ""
        super().__init__(f"{name}:{line}:{column}: {reason}{shown}", hint)
        self.line = line
        self.column = column
        self.reason = reason


class FilePlace(Frozen):
    """A place in a file: line and column, both from 1, and the line's text."""

    line: int
    column: int
    text: str


class YamlWarning(Frozen):
    """Something odd in a document.

    Attributes:
        index: Where in the source it begins.
        width: How many characters it has.
    """

    index: int
    width: int
    text: str


class ScalarSpan(Frozen):
    """A text of a document as it is written: `[start, end)` of the source.

    Attributes:
        text: What it says before variables are expanded.
        style: Its quote: "", `'`, `"`, `|` or `>`.
    """

    start: int
    end: int
    text: str
    style: str

    def written(self, text: str) -> str:
        """Another text in the same place, in the same style where that can hold it."""
        if self.style == "'":
            return "'" + text.replace("'", "''") + "'"
        if self.style == '"':
            escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        # A map's `: ` or a ` #` in a plain scalar would end it.
        if not self.style and (": " in text or " #" in text):
            return "'" + text.replace("'", "''") + "'"
        return text


class ExpandedText(str):
    """The text of a variable that YAML reads as something else.

    Attributes:
        data: As what: a number, a truth value, None for nothing.
    """

    data: Any

    def __new__(cls, text: str, data: Any) -> "ExpandedText":
        """Make one."""
        made = super().__new__(cls, text)
        made.data = data
        return made


class ExpandedList(list[Any]):
    """The list that a variable holds.

    Attributes:
        text: The variable's own text, for where one is wanted.
    """

    def __init__(self, content: Iterable[Any], text: str) -> None:
        """Make one."""
        super().__init__(content)
        self.text = text


class ExpandedMap(dict[str, Any]):
    """The map that a variable holds.

    Attributes:
        text: The variable's own text, for where one is wanted.
    """

    def __init__(self, content: Mapping[str, Any], text: str) -> None:
        """Make one."""
        super().__init__(content)
        self.text = text


def as_text(value: Any) -> Any:
    """A value where a text is wanted: of a variable its own text."""
    return value.text if isinstance(value, (ExpandedList, ExpandedMap)) else value


def as_data(value: Any) -> Any:
    """A value where no text is wanted: of a variable what YAML reads in it."""
    return value.data if isinstance(value, ExpandedText) else value


@dataclass(slots=True)
class YamlDocument:
    """One YAML document.

    Attributes:
        data: What it says: maps, lists, texts, numbers, booleans, None.
        warnings: Variables that are not set or not read, each once.
        source: The text that was read.
        line_starts: Where in it each line begins.
        places: Where in it each value begins.
        keys: Where the key of an entry begins.
        offsets: Of a text, where each of its characters stands.
        scalars: The texts as they are written.
        number: Which of the source's documents it is, or stands in.
        base: Where in that one's root this document is; () where it is all of it.
    """

    data: Any = None
    warnings: list[YamlWarning] = field(default_factory=list)
    source: str = ""
    line_starts: list[int] = field(default_factory=list)
    places: dict[YamlPath, int] = field(default_factory=dict)
    keys: dict[YamlPath, int] = field(default_factory=dict)
    offsets: dict[YamlPath, list[int]] = field(default_factory=dict)
    scalars: dict[YamlPath, ScalarSpan] = field(default_factory=dict)
    base: YamlPath = ()
    number: int = 0

    def scalar(self, path: YamlPath) -> ScalarSpan | None:
        """The text at a path as it is written; None where there is none."""
        return self.scalars.get(path)

    def place(self, path: YamlPath, offset: int = 0) -> FilePlace:
        """Where something stands in the file.

        Args:
            path: Keys and indexes from the document's root; the nearest that is known is taken.
            offset: A character of the text that stands there.
        """
        while path and path not in self.places:
            path = path[:-1]
        offsets = self.offsets.get(path, [])
        index = self.places.get(path, 0)
        if offsets:
            index = offsets[offset] if offset < len(offsets) else offsets[-1] + 1
        return self.place_of(index)

    def key_place(self, path: YamlPath) -> FilePlace:
        """Where the key of an entry stands; of what is no entry, where it stands itself."""
        while path and path not in self.places:
            path = path[:-1]
        return self.place_of(self.keys.get(path, self.places.get(path, 0)))

    def place_of(self, index: int) -> FilePlace:
        """Where a character of the source stands."""
        line = bisect.bisect_right(self.line_starts, index) - 1
        begin = self.line_starts[line]
        end = self.source.find("\n", begin)
        text = self.source[begin : end if end >= 0 else len(self.source)].rstrip("\r")
        return FilePlace(line + 1, index - begin + 1, text)
