"""Everything that is wrong in a file, each with its place in that file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from otx.errors import UsageError
from otx.ottl.collector import READERS, Component, find_components
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import caret
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parse_hints import unclosed
from otx.ottl.plan import plan_of_statements
from otx.ottl.plan_config import Wiring
from otx.ottl.processors.config import ConfigInvalid, Problem, path_text
from otx.ottl.processors.filter import BLOCKS
from otx.ottl.slots import slot_at
from otx.ottl.source import ConfigFile, StatementFile
from otx.ottl.syntax import Place
from otx.ottl.traps import ANYWHERE, Surroundings, Trap, traps_in
from otx.ottl.yaml_places import FilePlace, YamlPath
from otx.ottl.yaml_slips import comment_hint, slip_at


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
        lines = [f"{self.where()}: {self.severity}: {self.message}", *self.caret_lines()]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def where(self) -> str:
        """Its place: `FILE:LINE:COL`."""
        return f"{self.file}:{self.place.line}:{self.place.column}"

    def caret_lines(self) -> list[str]:
        """The line that it stands in, and carets under the text; cut to what a terminal shows."""
        begin = self.place.column - 1
        return caret(self.place.text, Place(begin, begin + max(1, self.width))).split("\n")

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


def check_source(
    source: StatementFile | ConfigFile, functions: FunctionSet, context: str = ""
) -> list[Finding]:
    """All findings in a file, in the order of their places.

    Args:
        source: The file.
        functions: What may be called.
        context: Where a file's statements run; "" to infer it. Configurations say it themselves.

    Raises:
        UsageError: There is nothing to check in it, or it is a configuration where a context was
            given.
    """
    if isinstance(source, StatementFile) and not source.statements:
        raise UsageError(f"{source.name} holds no statement")
    if isinstance(source, ConfigFile) and context:
        raise UsageError(
            f"{source.name} is a configuration, which names its contexts itself",
            hint="--context is for statements",
        )
    found = (
        _check_statements(source, functions, context)
        if isinstance(source, StatementFile)
        else _check_config(source, functions)
    )
    # What YAML took for something else breaks several rules, and is one mistake.
    return sorted(dict.fromkeys(found), key=lambda one: (one.place.line, one.place.column))


def _check_statements(
    source: StatementFile, functions: FunctionSet, context: str
) -> Iterator[Finding]:
    texts = [one.text for one in source.statements]
    around = Surroundings(tuple(CONTEXTS.values()), functions)
    if context:
        around = Surroundings((CONTEXTS[context],), functions, is_given=True)
    for number, text in enumerate(texts):
        for trap in traps_in(text, around):
            yield _trap(source.name, source.place(number, trap.place.start), trap)
    try:
        plan_of_statements(texts, functions, context=context)
    except ConfigInvalid as invalid:
        for problem in invalid.problems:
            yield finding_of(source, problem)


def _check_config(source: ConfigFile, functions: FunctionSet) -> Iterator[Finding]:
    for one in source.document.warnings:
        place = source.document.place_of(one.index)
        yield Finding(source.name, place, one.width, "warning", one.text)
    for component in find_components(source.data):
        read = READERS[component.kind]
        try:
            made = read(
                component.config,
                functions.gates,
                allows_extensions=functions.allows_extensions,
            )
        except ConfigInvalid as invalid:
            for problem in invalid.problems:
                yield finding_of(source, problem.within(component.path))
        else:
            for problem in (*getattr(made, "idle", ()), *getattr(made, "deprecated", ())):
                found = finding_of(source, problem.within(component.path))
                yield replace(found, severity="warning")
        for path, text in _texts(component.config, component.path):
            if _is_matched_by(component, path):
                continue
            for trap in traps_in(text, _surroundings(source, path, functions)):
                place = source.place(path, trap.place.start)
                # To a configuration `${` begins a variable.
                hint = trap.hint.replace("${", "$${")
                yield _trap(source.name, place, trap.changed(hint=hint))
    for problem in Wiring(source.data).problems():
        yield finding_of(source, problem)


def _is_matched_by(component: Component, path: YamlPath) -> bool:
    """Whether a text is a name or a pattern of a filter, which may look like OTTL and is none."""
    within = path[len(component.path) :]
    return component.kind == "filter" and len(within) > 1 and within[1] in BLOCKS


def _surroundings(source: ConfigFile, path: YamlPath, functions: FunctionSet) -> Surroundings:
    """Where a text of a configuration runs."""
    slot = slot_at(source.data, path)
    if slot is None:
        return ANYWHERE
    offered = replace(functions, component=slot.component)
    if slot.own is not None:
        return Surroundings((slot.own,), offered, is_given=True)
    return Surroundings(tuple(slot.contexts), offered)


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


def finding_of(source: StatementFile | ConfigFile, problem: Problem) -> Finding:
    """A problem of a file as a finding in it.

    Args:
        source: The file.
        problem: Its path begins at the file's root, or with a statement's number.
    """
    document = source.document
    if document is not None and (slip := slip_at(document, problem.path)):
        at, what = slip
        return Finding(source.name, document.place(at), 1, "error", what.reason, what.hint)
    offset = problem.ottl.place.start if problem.ottl else 0
    if isinstance(source, ConfigFile) and problem.is_key:
        place = source.document.key_place(problem.path)
    elif isinstance(source, ConfigFile):
        place = source.place(problem.path, offset)
    else:
        number = problem.path[0] if problem.path and isinstance(problem.path[0], int) else 0
        place = source.place(number, offset)
    if problem.ottl is None:
        message = problem.message
        if problem.path:
            message = f"{path_text(problem.path)}: {message}"
        width = len(str(problem.path[-1])) if problem.is_key else 1
        return Finding(source.name, place, width, "error", message, problem.hint)
    width = problem.ottl.place.end - problem.ottl.place.start
    hint = problem.ottl.hint
    if problem.ottl.reason.startswith("unknown escape") and _is_doubled(place):
        hint = f"{hint}, and YAML's double quotes want each of them twice again"
    if document is not None and unclosed(problem.ottl.text):
        hint = comment_hint(document, problem.path) or hint
    return Finding(source.name, place, width, "error", problem.ottl.reason, hint)


def _is_doubled(place: FilePlace) -> bool:
    """Whether one backslash of a text is two in its file, as in YAML's double quotes."""
    return place.text[place.column - 1 :].startswith("\\\\")


def _trap(file: str, place: FilePlace, trap: Trap) -> Finding:
    width = trap.place.end - trap.place.start
    return Finding(file, place, width, "warning", trap.message, trap.hint)
