"""Everything that is wrong in a file, each with its place in that file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from otx.ottl.collector import READERS, find_components
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import plan_of_statements
from otx.ottl.processors.config import ConfigInvalid, Problem, path_text
from otx.ottl.source import ConfigFile, StatementFile
from otx.ottl.traps import Trap, traps_in
from otx.ottl.yaml_places import FilePlace


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in a file."""

    file: str
    place: FilePlace
    width: int
    severity: Literal["error", "warning"]
    message: str
    hint: str = ""

    def text(self) -> str:
        """The finding as compilers print it, with the line and a caret."""
        head = f"{self.file}:{self.place.line}:{self.place.column}: {self.severity}: {self.message}"
        shown = "".join(c if c.isprintable() else " " for c in self.place.text)
        begin = self.place.column - 1
        width = max(1, min(self.width, len(shown) - begin))
        lines = [head, f"  {shown}", f"  {' ' * begin}{'^' * width}"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "file": self.file,
            "line": self.place.line,
            "column": self.place.column,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
        }


def check_source(source: StatementFile | ConfigFile, functions: FunctionSet) -> list[Finding]:
    """All findings in a file, in the order of their places."""
    found = (
        _check_statements(source, functions)
        if isinstance(source, StatementFile)
        else _check_config(source, functions)
    )
    return sorted(found, key=lambda one: (one.place.line, one.place.column))


def _check_statements(source: StatementFile, functions: FunctionSet) -> Iterator[Finding]:
    texts = [one.text for one in source.statements]
    for number, text in enumerate(texts):
        for trap in traps_in(text):
            yield _trap(source.name, source.place(number, trap.place.start), trap)
    try:
        plan_of_statements(texts, functions)
    except ConfigInvalid as invalid:
        for problem in invalid.problems:
            number = problem.path[0] if problem.path and isinstance(problem.path[0], int) else 0
            offset = problem.ottl.place.start if problem.ottl else 0
            yield _finding(source.name, source.place(number, offset), problem)


def _check_config(source: ConfigFile, functions: FunctionSet) -> Iterator[Finding]:
    for path, text in source.document.warnings:
        yield Finding(source.name, source.place(path), 1, "warning", text)
    for component in find_components(source.data):
        read = READERS[component.kind]
        try:
            read(
                component.config,
                functions.gates,
                allows_extensions=functions.allows_extensions,
            )
        except ConfigInvalid as invalid:
            for problem in invalid.problems:
                placed = problem.within(component.path)
                offset = problem.ottl.place.start if problem.ottl else 0
                place = source.place(placed.path, offset)
                yield _finding(source.name, place, placed)
        for path, text in _texts(component.config, component.path):
            for trap in traps_in(text):
                yield _trap(source.name, source.place(path, trap.place.start), trap)


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a component that may be OTTL."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in ("error_mode", "context", "pipelines", "default_pipelines", "name"):
                yield from _texts(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _texts(one, (*path, at))
    elif isinstance(value, str):
        yield path, value


def _finding(file: str, place: FilePlace, problem: Problem) -> Finding:
    if problem.ottl is None:
        where = path_text(problem.path)
        return Finding(file, place, 1, "error", f"{where}: {problem.message}", problem.hint)
    width = problem.ottl.place.end - problem.ottl.place.start
    return Finding(file, place, width, "error", problem.ottl.reason, problem.ottl.hint)


def _trap(file: str, place: FilePlace, trap: Trap) -> Finding:
    width = trap.place.end - trap.place.start
    return Finding(file, place, width, "warning", trap.message, trap.hint)
