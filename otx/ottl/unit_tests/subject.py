"""What is tested: the statements or the configuration of a test file, ready to run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.errors import UsageError
from otx.ottl.checking import Finding
from otx.ottl.collector import find_components
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, plan_of_statements
from otx.ottl.plan_config import check_pipelines, plan_of_config
from otx.ottl.processors.config import ERROR_MODES, ConfigInvalid, Problem, path_text
from otx.ottl.program import ErrorMode
from otx.ottl.source import ConfigFile, StatementFile, read_source
from otx.ottl.unit_tests.counting import CountingPlan, counting
from otx.ottl.unit_tests.findings import FileUnusable, OpenFile, opened
from otx.ottl.unit_tests.yaml_values import Unreadable, listing, text_of
from otx.ottl.watched import Site
from otx.ottl.yaml_places import FilePlace, YamlDocument, YamlPath

COMPONENT_KINDS = ("transform", "filter", "routing", "tail_sampling")
OPTIONS = ("context", "error_mode", "component", "pipeline")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the text of a subject stands.

    Attributes:
        file: The file's name.
        source: A file of statements, or YAML.
        base: In YAML, where the subject's own map or list stands.
    """

    file: str
    source: StatementFile | YamlDocument
    base: YamlPath = ()

    def place(self, path: YamlPath, offset: int = 0) -> FilePlace:
        """Where something of the subject stands."""
        if isinstance(self.source, StatementFile):
            number = path[0] if path and isinstance(path[0], int) else 0
            return self.source.place(number, offset)
        return self.source.place((*self.base, *path), offset)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested.

    Attributes:
        plan: It, as it is.
        counting: It, counting.
        functions: The functions it was compiled with.
        origin: Where its text stands.
        places: For each component and place in it where that is in the subject.
    """

    plan: Plan
    counting: CountingPlan
    functions: FunctionSet
    origin: Origin
    places: Mapping[tuple[str, str], YamlPath]

    def place(self, site: Site) -> FilePlace:
        """Where a statement or condition stands."""
        return self.origin.place(self.places.get((site.component, site.where), ()))


@dataclass(frozen=True, slots=True)
class TestDocument:
    """A test file's YAML.

    Attributes:
        name: The file's name.
        plain: As it is written.
        expanded: With `$$` and variables as the Collector reads them.
        variables: Those variables.
    """

    __test__ = False  # for pytest, which looks at every class of this name

    name: str
    plain: YamlDocument
    expanded: YamlDocument
    variables: Mapping[str, str]


def read_subject(document: TestDocument, functions: FunctionSet, open_file: OpenFile) -> Subject:
    """The subject of a test file.

    Raises:
        FileUnusable: It does not parse or check; all that is wrong is named.
        Unreadable: The test file does not say it as it has to.
    """
    data: Mapping[str, Any] = document.expanded.data or {}
    components = {key: data[key] for key in data if _kind(key) in COMPONENT_KINDS}
    given = [key for key in ("statements", "config") if key in data]
    if len(given) + bool(components) != 1:
        wanted = ", ".join(("statements", "config", *COMPONENT_KINDS))
        raise Unreadable((), f"a test file has one of {wanted}")
    if components:
        return _of_config(components, Origin(document.name, document.expanded), data, functions)
    key = given[0]
    if isinstance(data[key], str):
        return _of_file(document, key, functions, open_file)
    origin = Origin(document.name, document.expanded, (key,))
    if key == "config":
        return _of_config(data[key], origin, data, functions)
    texts = [text_of(one, (key, at)) for at, one in enumerate(listing(data[key], (key,)))]
    return _of_statements(texts, origin, data, functions)


def _kind(key: str) -> str:
    return key.partition("/")[0]


def _of_file(
    document: TestDocument, key: str, functions: FunctionSet, open_file: OpenFile
) -> Subject:
    data = document.expanded.data
    file = opened(open_file, data[key], (key,))
    try:
        source = read_source(file.content.decode(), file.name, document.variables)
    except UnicodeDecodeError as error:
        raise Unreadable((key,), f"{file.name} is no UTF-8: byte {error.start}") from None
    except UsageError as error:
        raise Unreadable((key,), error.message, error.hint) from None
    if isinstance(source, ConfigFile):
        return _of_config(source.data, Origin(file.name, source.document), data, functions)
    texts = [one.text for one in source.statements]
    return _of_statements(texts, Origin(file.name, source), data, functions)


def _of_statements(
    texts: Sequence[str], origin: Origin, options: Mapping[str, Any], functions: FunctionSet
) -> Subject:
    for key in ("component", "pipeline"):
        if key in options:
            raise Unreadable((key,), f"statements belong to no {key}")
    context = options.get("context") or ""
    if context and context not in CONTEXTS:
        hint = f"those are {', '.join(CONTEXTS)}"
        raise Unreadable(("context",), f"{context!r} is no context", hint)
    if not texts:
        raise Unreadable(origin.base, "there is no statement")
    mode = _error_mode(options) or "propagate"
    try:
        plan = plan_of_statements(texts, functions, mode, context)
    except ConfigInvalid as invalid:
        raise FileUnusable([_finding(one, origin) for one in invalid.problems]) from None
    places: dict[tuple[str, str], YamlPath] = {
        ("", path_text((at,))): (at,) for at in range(len(texts))
    }
    return Subject(plan, counting(plan), functions, origin, places)


def _of_config(
    data: Any, origin: Origin, options: Mapping[str, Any], functions: FunctionSet
) -> Subject:
    if "context" in options:
        raise Unreadable(("context",), "a configuration names its contexts itself")
    if not find_components(data):
        raise Unreadable(origin.base or ("config",), "the configuration holds no OTTL")
    if "component" in options:
        data, origin = _only(options["component"], data, origin)
    try:
        plan = plan_of_config(
            data,
            functions.gates,
            allows_extensions=functions.allows_extensions,
            error_mode=_error_mode(options),
            entered=_pipelines(options, data),
        )
    except ConfigInvalid as invalid:
        raise FileUnusable([_finding(one, origin) for one in invalid.problems]) from None
    places = {
        (one.name, path_text(path)): (*one.path, *path)
        for one in find_components(data)
        for path in _paths(one.config, ())
    }
    return Subject(plan, counting(plan), functions, origin, places)


def _pipelines(options: Mapping[str, Any], data: Any) -> list[str]:
    """The pipelines that the records of tests enter; at most one a signal."""
    given = options.get("pipeline") or []
    path: YamlPath = ("pipeline",)
    names = [text_of(one, path) for one in (given if isinstance(given, list) else [given])]
    try:
        check_pipelines(data, names)
    except UsageError as error:
        raise Unreadable(path, error.message, error.hint) from None
    return names


def _only(wanted: object, data: Any, origin: Origin) -> tuple[Any, Origin]:
    """One component of a configuration, and where it stands."""
    known = {one.name: one for one in find_components(data)}
    if not isinstance(wanted, str) or wanted not in known:
        hint = f"there are {', '.join(known)}"
        raise Unreadable(("component",), f"there is no component {wanted!r}", hint)
    component = known[wanted]
    if not component.path:
        return data, origin
    base = (*origin.base, *component.path[:-1])
    return {wanted: component.config}, Origin(origin.file, origin.source, base)


def _error_mode(options: Mapping[str, Any]) -> ErrorMode | None:
    given = options.get("error_mode")
    for mode in ERROR_MODES:
        if given == mode:
            return mode
    if given is not None:
        raise Unreadable(("error_mode",), f"{given!r} is none of {', '.join(ERROR_MODES)}")
    return None


def _finding(problem: Problem, origin: Origin) -> Finding:
    if problem.ottl is None:
        where = path_text(problem.path)
        place = origin.place(problem.path)
        return Finding(origin.file, place, 1, "error", f"{where}: {problem.message}", problem.hint)
    at = problem.ottl.place
    place = origin.place(problem.path, at.start)
    width = at.end - at.start
    return Finding(origin.file, place, width, "error", problem.ottl.reason, problem.ottl.hint)


def _paths(value: Any, path: YamlPath) -> Iterator[YamlPath]:
    """The places of all that stands in a configuration."""
    yield path
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _paths(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _paths(one, (*path, at))
