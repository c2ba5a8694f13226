"""The files that hold OTTL: lists of statements, and YAML of all shapes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.collector import find_components
from otx.ottl.kubernetes import load_embedded, may_embed
from otx.ottl.yaml_places import FilePlace, YamlDocument, YamlInvalid, YamlPath
from otx.ottl.yaml_reading import load_yaml

_KEY = re.compile(r"""\s*["']?[^\s"'()]+["']?\s*:(\s|$)""")


class SourceText(Frozen):
    """A statement of a plain file, and where it begins."""

    text: str
    line: int


class StatementFile(Frozen):
    """A file of statements, one below the other.

    Attributes:
        document: Where it is a list in YAML.
    """

    name: str
    statements: Sequence[SourceText]
    source: str
    document: YamlDocument | None = None

    def place(self, number: int, offset: int = 0) -> FilePlace:
        """Where a character of a statement stands."""
        if self.document is not None:
            return self.document.place((number,), offset)
        statement = self.statements[number]
        before = statement.text[:offset]
        line = statement.line + before.count("\n")
        column = offset - (before.rfind("\n") + 1) + 1
        lines = lines_of(self.source)
        return FilePlace(line, column, lines[line - 1] if line <= len(lines) else "")


class ConfigFile(Frozen):
    """A YAML or JSON file in which components are configured.

    Attributes:
        title: Which of several configurations in the file this is.
    """

    name: str
    document: YamlDocument
    title: str = ""

    @property
    def data(self) -> Any:
        """What it says."""
        return self.document.data

    def place(self, path: YamlPath, offset: int = 0) -> FilePlace:
        """Where something stands in it."""
        return self.document.place(path, offset)


def lines_of(source: str) -> list[str]:
    """The lines of a text; a text literal may hold what else Python takes for a line's end."""
    return [line.removesuffix("\r") for line in source.split("\n")]


def source_of_statements(texts: Sequence[str], name: str) -> StatementFile:
    """Statements of a command line as a file, so that errors have a place in them."""
    statements = []
    line = 1
    for text in texts:
        statements.append(SourceText(text, line))
        line += text.count("\n") + 1
    return StatementFile(name, statements, "\n".join(texts))


def read_source(source: str, name: str, variables: Mapping[str, str]) -> StatementFile | ConfigFile:
    """A file that holds OTTL; its form is found from its content.

    In a plain file a statement begins at the beginning of a line and goes on in lines that are
    indented; `#` begins a comment where a statement could begin.

    Args:
        source: The text.
        name: What errors call it.
        variables: For `${env:NAME}` in configurations.

    Raises:
        UsageError: It is neither, or holds several configurations.
    """
    first, *others = read_sources(source, name, variables)
    if others:
        titles = ", ".join(one.title for one in (first, *others) if isinstance(one, ConfigFile))
        raise UsageError(
            f"{name} holds {len(others) + 1} Collector configurations: {titles}",
            hint="keep one of them in a file of its own; otx ottl check reads all of them",
        )
    return first


def read_sources(
    source: str, name: str, variables: Mapping[str, str]
) -> list[StatementFile | ConfigFile]:
    """The same for files of Kubernetes too, which may hold several configurations; at least one.

    Raises:
        UsageError: It holds no OTTL.
    """
    if not is_yaml(source, name):
        return [StatementFile(name, split_statements(source), source)]
    embedded = load_embedded(source, name, variables) if may_embed(source) else None
    found = [ConfigFile(name, one.document, one.name) for one in embedded or ()]
    if embedded is None:
        document = load_yaml(source, name, variables)
        if isinstance(document.data, list):
            return [_of_list(document, source, name)]
        found = [ConfigFile(name, document)]
    with_ottl = [one for one in found if find_components(one.data)]
    if not with_ottl:
        raise UsageError(
            f"{name} holds no OTTL",
            hint="a list of statements, or the configuration of a transform, filter or "
            "tail_sampling processor, a routing connector, a whole Collector, or its resource, "
            "ConfigMap or Helm values in Kubernetes",
        )
    return list(with_ottl)


def is_yaml(source: str, name: str) -> bool:
    """Whether a file is YAML or JSON, by its name or else by its first line."""
    if name.endswith(".ottl"):
        return False
    if name.endswith((".yaml", ".yml", ".json")):
        return True
    first = next(
        (line for line in lines_of(source) if line.strip() and not line.startswith("#")), ""
    )
    # A statement's first word is followed by a bracket, a key's by a colon.
    return first.lstrip().startswith(("{", "- ", "---")) or _KEY.match(first) is not None


def split_statements(source: str) -> list[SourceText]:
    """The statements of a plain file."""
    found: list[SourceText] = []
    for number, line in enumerate(lines_of(source), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t" and found:
            last = found[-1]
            gap = number - last.line - last.text.count("\n")
            found[-1] = SourceText(last.text + "\n" * gap + line, last.line)
        else:
            found.append(SourceText(line, number))
    return found


def _of_list(document: YamlDocument, source: str, name: str) -> StatementFile | ConfigFile:
    if not all(isinstance(one, str) for one in document.data):
        from otx.ottl.yaml_slips import slip_at

        if slip := slip_at(document, ()):
            place = document.place(slip[0])
            where = (place.line, place.column)
            raise YamlInvalid(name, *where, slip[1].reason, slip[1].hint, place.text)
        raise UsageError(f"{name} is a list of something other than statements")
    statements = [
        SourceText(text, document.place((at,)).line) for at, text in enumerate(document.data)
    ]
    return StatementFile(name, statements, source, document)
