"""What can be typed at a place of a statement: the answer of the prompt and of editors alike."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.ottl.arguments import camel, signature, spelling
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.cursor import Cursor, Opened, PathBefore, cursor_at
from otx.ottl.functions.registry import (
    LAMBDA_GATE,
    Choice,
    Function,
    FunctionSet,
    Parameter,
    all_functions,
)
from otx.ottl.literals import quote
from otx.ottl.path_names import PathNames
from otx.ottl.tokens import tokens

CandidateKind: TypeAlias = Literal[
    "editor",
    "converter",
    "context",
    "path",
    "key",
    "enum",
    "keyword",
    "argument",
    "choice",
    "command",
]
Start: TypeAlias = Literal["statement", "condition", "any"]
KeysOf: TypeAlias = Callable[[str, PathBefore], Mapping[str, int]]
"""The keys that data has in a map: of a context, at a path within it; with how often."""

ENUM_PREFIXES = {
    "kind": "SPAN_KIND_",
    "code": "STATUS_CODE_",
    "severity_number": "SEVERITY_NUMBER_",
    "aggregation_temporality": "AGGREGATION_TEMPORALITY_",
    "type": "METRIC_DATA_TYPE_",
}
"""Sections of paths that hold the number of an enum -> how its symbols begin."""

_FORMALS = {0: "() => ", 1: "(v) => ", 2: "(k, v) => ", 3: "(result, k, v) => "}


def no_keys(_: str, __: PathBefore) -> Mapping[str, int]:
    """The keys of no data."""
    return {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a text may name.

    Attributes:
        start: What the text is.
        contexts: The contexts that it may run in.
        own: The one whose paths need no prefix; None where all do.
        functions: What it may call.
        keys: What is known of the data.
    """

    start: Start
    contexts: Sequence[Context]
    own: Context | None
    functions: FunctionSet
    keys: KeysOf = no_keys


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that can be typed.

    Attributes:
        text: Stands in for what is typed from `start` on.
        start: An offset of the text.
        label: How it is listed.
        detail: Its signature, type or value, in a few words.
        about: What it does, in a sentence.
    """

    text: str
    start: int
    label: str
    kind: CandidateKind
    detail: str = ""
    about: str = ""


def complete(text: str, offset: int, surroundings: Surroundings) -> list[Candidate]:
    """What can be typed at an offset: what begins as it does, else what contains what is typed."""
    cursor = cursor_at(text, offset)
    offered = list(_Completer(text, cursor, surroundings).candidates())
    typed = cursor.typed.lower()
    beginning = [one for one in offered if one.label.lower().startswith(typed)]
    found = beginning or [one for one in offered if typed in one.label.lower()]
    return list({(one.label, one.kind): one for one in found}.values())


class _Completer:
    def __init__(self, text: str, cursor: Cursor, surroundings: Surroundings) -> None:
        self._cursor = cursor
        self._given = surroundings
        words = [one.text for one in tokens(text) if one.kind == "word"]
        self._names = PathNames(surroundings.contexts, surroundings.own, words)

    def candidates(self) -> Iterator[Candidate]:
        """Everything that fits, whatever was typed of it."""
        cursor = self._cursor
        if cursor.what == "key":
            yield from self._keys(cursor.path, is_quoted=True)
        elif cursor.what == "text":
            yield from self._choices()
        elif cursor.what == "section":
            yield from self._sections(self._names.below(cursor.path.names))
        elif cursor.what == "word" and cursor.follows_value:
            yield from self._continuations()
        elif cursor.what == "word":
            yield from self._operands()

    def _operands(self) -> Iterator[Candidate]:
        """What a value can begin with, and at the very start a statement."""
        inner = self._cursor.innermost
        if not self._cursor.before and self._given.start != "condition":
            yield from self._functions(is_editor=True)
            if self._given.start == "statement":
                return
        if inner is not None and inner.path.names and self._cursor.before[-1].text == "[":
            yield from self._keys(inner.path, is_quoted=False)
        if inner is not None and inner.call:
            yield from self._argument(inner)
        else:
            yield from self._values(self._cursor.compared)

    def _argument(self, inner: Opened) -> Iterator[Candidate]:
        function = self._function(inner.call)
        parameter = _parameter(function, inner) if function else None
        yield from self._values(inner.target) if parameter is None else self._for(parameter, inner)
        if function is not None and not inner.argument:
            yield from self._argument_names(function, inner)

    def _for(self, parameter: Parameter, inner: Opened) -> Iterator[Candidate]:
        """What a parameter takes."""
        kind = parameter.kind
        if isinstance(kind, Choice):
            for choice in kind.choices:
                yield self._made(quote(choice), "choice", parameter.name)
        elif kind.name == "path":
            yield from self._paths()
        elif kind.name == "enum":
            yield from self._enums(PathBefore())
        elif kind.name == "function":
            yield from self._functions(is_editor=False, is_bare=True)
        elif kind.name.startswith("lambda"):
            formals = _FORMALS.get(int(kind.name.rpartition(" ")[2]), "")
            yield self._made(formals, "keyword", "a lambda")
        elif kind.name == "bool literal":
            yield from self._words("true", "false")
        else:
            yield from self._values(inner.target)

    def _argument_names(self, function: Function, inner: Opened) -> Iterator[Candidate]:
        given = {camel(name) for name in inner.named}
        for parameter in function.parameters[inner.position - len(inner.named) :]:
            name = spelling(parameter.name)
            if name and camel(name) not in given:
                yield self._made(f"{name}=", "argument", parameter.kind.name)

    def _values(self, related: PathBefore) -> Iterator[Candidate]:
        """Paths, converters, enums and words; enums first where the other side has them."""
        enums = list(self._enums(related))
        if related.names and related.names[-1] in ENUM_PREFIXES:
            yield from enums
        yield from self._paths()
        yield from self._functions(is_editor=False)
        yield from enums
        yield from self._words("not", "true", "false", "nil")

    def _continuations(self) -> Iterator[Candidate]:
        """What follows a value: the condition of a statement, or more of a condition."""
        before = self._cursor.before
        is_statement = bool(before) and before[0].kind == "word" and before[0].text[0].islower()
        is_editor = is_statement and len(before) > 1 and before[1].text == "("
        if is_editor and not self._cursor.opened and not self._cursor.has_where:
            yield from self._words("where")
        elif not self._cursor.opened or not self._cursor.opened[-1].call:
            yield from self._words("and", "or")

    def _paths(self) -> Iterator[Candidate]:
        for context in self._names.contexts():
            yield self._made(f"{context.name}.", "context", f"of the {context.name}")
        yield from self._sections(self._names.own())

    def _sections(self, sections: Mapping[str, Accessor]) -> Iterator[Candidate]:
        for name, accessor in sections.items():
            read_only = " (read-only)" if accessor.set is None and not accessor.is_group else ""
            yield self._made(name, "path", accessor.type + read_only)

    def _functions(self, *, is_editor: bool, is_bare: bool = False) -> Iterator[Candidate]:
        for name, function in sorted(all_functions().items()):
            if function.is_editor is not is_editor or not self._offers(function):
                continue
            text = name if is_bare else f"{name}("
            kind: CandidateKind = "editor" if is_editor else "converter"
            detail = signature(function)
            yield Candidate(text, self._cursor.start, name, kind, detail, function.summary)

    def _offers(self, function: Function) -> bool:
        functions = self._given.functions
        if function.gate == LAMBDA_GATE and function.gate not in functions.gates:
            return False
        return any(functions.offers(function, one.name) for one in self._names.running)

    def _function(self, name: str) -> Function | None:
        function = all_functions().get(name)
        return function if function and self._offers(function) else None

    def _enums(self, related: PathBefore) -> Iterator[Candidate]:
        """Enum symbols; those of the path beside it first."""
        prefix = ENUM_PREFIXES.get(related.names[-1], "") if related.names else ""
        symbols = {name: n for one in self._names.running for name, n in one.enums.items()}
        for name in sorted(symbols, key=lambda one: not (prefix and one.startswith(prefix))):
            yield self._made(name, "enum", f"= {symbols[name]}")

    def _keys(self, path: PathBefore, *, is_quoted: bool) -> Iterator[Candidate]:
        context, names = self._names.split(path.names)
        seen = self._given.keys(context, PathBefore(names, path.keys)) if names else {}
        for key in sorted(seen, key=lambda one: (-seen[one], one)):
            text = f"{quote(key)}]"
            count = f"in {seen[key]} record{'' if seen[key] == 1 else 's'}"
            shown = text[1:] if is_quoted else text
            yield Candidate(shown, self._cursor.start, key, "key", count)

    def _choices(self) -> Iterator[Candidate]:
        """The words that an argument in quotes chooses from."""
        inner = self._cursor.innermost
        function = self._function(inner.call) if inner and inner.call else None
        parameter = _parameter(function, inner) if function and inner else None
        if parameter is not None and isinstance(parameter.kind, Choice):
            for choice in parameter.kind.choices:
                text = f'{choice}"'
                yield Candidate(text, self._cursor.start, choice, "choice", parameter.name)

    def _words(self, *words: str) -> Iterator[Candidate]:
        for word in words:
            yield self._made(word, "keyword")

    def _made(self, text: str, kind: CandidateKind, detail: str = "") -> Candidate:
        return Candidate(text, self._cursor.start, text, kind, detail)


def _parameter(function: Function, opened: Opened) -> Parameter | None:
    """The parameter that an argument of a call is for; None where there is none."""
    if opened.argument:
        wanted = camel(opened.argument)
        return next((one for one in function.parameters if camel(one.name) == wanted), None)
    parameters: Iterable[Parameter] = function.parameters[opened.position :]
    return next(iter(parameters), None)
