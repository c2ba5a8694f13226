"""Where in a file a cursor stands: in which statement, and where in that.

A file that is being written is seldom YAML. A mark is put where the cursor is, and of the texts
that may be meant the first one that can be read tells where the mark has come to stand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from otx.errors import UsageError
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.path_names import PathNames
from otx.ottl.slots import Slot, choices_at, slot_at
from otx.ottl.source import is_yaml, split_statements
from otx.ottl.tokens import tokens
from otx.ottl.yaml_places import YamlDocument, YamlPath
from otx.ottl.yaml_reading import load_yaml

MARK = "\ue000"
"""A character for private use, which no configuration has."""


@dataclass(frozen=True, slots=True)
class Located:
    """A cursor in a text.

    Attributes:
        text: A statement, a condition, or the value of a setting.
        offset: Where in it.
        indexes: Where in the file its characters before the cursor stand.
        style: How YAML quotes it: "", `'`, `"`, `|` or `>`.
        slot: What stands there; None for a setting.
        choices: The words that a setting chooses from.
    """

    text: str
    offset: int
    indexes: Sequence[int]
    style: str = ""
    slot: Slot | None = None
    choices: Sequence[str] = field(default=())

    def index(self, offset: int, cursor: int) -> int:
        """Where in the file an offset of the text stands; behind the cursor by the distance."""
        if offset < self.offset:
            return self.indexes[offset]
        return cursor + offset - self.offset

    def written(self, text: str) -> str:
        """A piece of the text as the file writes it."""
        if self.style == '"':
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        elif self.style == "'":
            text = text.replace("'", "''")
        return text


def locate(source: str, name: str, index: int) -> Located | None:
    """Where a cursor stands; None where nothing is known of the place.

    Args:
        source: The file.
        name: Its name, whose ending tells the form.
        index: The cursor: a character of the file.
    """
    if MARK in source:
        return None
    if not is_yaml(source, name):
        return _in_statements(source, index)
    for text in _variants(source, index):
        try:
            document = load_yaml(text, name)
        except UsageError:
            continue
        if found := _in_document(document):
            return found
    return None


def _variants(source: str, index: int) -> Iterator[str]:
    """What may be meant: the file as it is, its line cut at the cursor, the file cut there."""
    before, after = source[:index], source[index:]
    below = after[after.find("\n") :] if "\n" in after else ""
    yield f"{before}{MARK}{after}"
    for rest in (below, ""):
        for quote in ("", "'", '"', "']", '"]'):
            yield f"{before}{MARK}{quote}{rest}"


def _in_document(document: YamlDocument) -> Located | None:
    for path, scalar in document.scalars.items():
        if MARK not in scalar.text:
            continue
        offset = scalar.text.index(MARK)
        text = scalar.text.replace(MARK, "")
        indexes = document.offsets.get(path, [])[:offset]
        return _located(document, path, Located(text, offset, indexes, scalar.style))
    return None


def _located(document: YamlDocument, path: YamlPath, found: Located) -> Located | None:
    slot = slot_at(document.data, path)
    if slot is not None:
        return Located(found.text, found.offset, found.indexes, found.style, slot)
    choices = choices_at(document.data, path)
    if not choices:
        return None
    return Located(found.text, found.offset, found.indexes, found.style, None, choices)


def _in_statements(source: str, index: int) -> Located | None:
    """In a plain file, whose statements share one context."""
    marked = f"{source[:index]}{MARK}{source[index:]}"
    words = [one.text for one in tokens(source) if one.kind == "word"]
    running = PathNames(list(CONTEXTS.values()), None, words).running
    for statement in split_statements(marked):
        if MARK in statement.text:
            offset = statement.text.index(MARK)
            text = statement.text.replace(MARK, "")
            begin = index - offset
            return Located(text, offset, range(begin, index), "", Slot("statement", running))
    return None
