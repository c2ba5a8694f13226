"""Which functions there are, and what each of them takes.

A function is declared once, by a decorator on ordinary Python, and its parameters are read from
its signature (`otx.ottl.parameters`). There are two ways to write one:

- a *plain* function takes values and returns one; it is called with the arguments of a record,
- a *builder* takes closures (`Get[T]`), paths and lambdas, is called once when a statement is
  compiled, and returns what runs on a record.

The names of parameters in named arguments are those of the reference's Go structs in either
spelling: `resolve_conflicts` and `resolveConflicts`.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from otx.model.frozen import Frozen
from otx.ottl.functions.library import load, load_all
from otx.ottl.parameters import ANY, Coerced, Fixed, Pattern, Special
from otx.ottl.static_kinds import Kinds, kinds_of_annotation, words_of
from otx.ottl.values import Value

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Run: TypeAlias = Callable[[Any], Value]
"""What an editor's builder returns: called with a record, it changes it."""
Gives: TypeAlias = Callable[[Any], T]
"""What a converter's builder returns: called with a record, it gives a value of this type."""

REQUIRED: Any = inspect.Parameter.empty
_EDITORS_OF_ROUTING = ("delete_key", "delete_matching_keys")
OWN = "otx's own, refused by --strict: no Collector has it"
"""What is said of extensions."""
LAMBDA_GATE = "ottl.functions.enableLambda"


class Choice(Frozen):
    """A text literal that has to be one of a few."""

    name: str
    choices: tuple[str, ...]


class Example(Frozen):
    """A use of a function and what comes of it.

    Attributes:
        text: A value expression for a converter, a statement for an editor.
        result: JSON: a converter's value, or what an editor leaves of `given`.
        given: JSON of what it runs on: the attributes of a record; in the contexts `metric` and
            `datapoint` a list of OTLP metrics.
    """

    text: str
    result: str
    given: str = "{}"


ParameterKind: TypeAlias = Coerced | Fixed | Pattern | Special | Choice


class Parameter(Frozen):
    """One parameter.

    Attributes:
        name: In snake case; named arguments may also spell it in camel case.
        is_list: Whether it takes a list literal of such arguments.
        is_closure: Whether a builder gets it as a closure.
        default: What it is when it is left out; `REQUIRED` where it may not be.
    """

    name: str
    kind: ParameterKind
    is_list: bool = False
    is_closure: bool = False
    default: Any = REQUIRED

    @property
    def is_optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not REQUIRED


class Function(Frozen):
    """An editor or converter.

    Attributes:
        implementation: The plain function or the builder.
        is_builder: Which of the two it is.
        contexts: Contexts that have it; empty for all.
        component: The processor that brings it; "" for the common library.
        gate: The feature gate that it needs; "" for none.
        since: The first version of the Collector that has it; "" for long-standing.
        is_extension: Whether it is otx's own and no Collector has it.
        is_pure: Whether equal arguments give an equal value, so that literals can be folded.
        example: How it is used, for the documentation; a test runs it.
        kinds: What a converter can give, read from the annotation of its implementation (of a
            builder: of what it returns).
        target: The kind that an editor's target has to hold; "" for any.
        fails: When it fails on a record whose arguments are of the right kinds, in words; "" for
            never.
    """

    name: str
    implementation: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    is_builder: bool
    contexts: frozenset[str] = frozenset()
    component: str = ""
    gate: str = ""
    since: str = ""
    is_extension: bool = False
    is_pure: bool = True
    example: "Example | None" = None
    kinds: Kinds = frozenset()
    target: str = ""
    fails: str = ""

    @property
    def result(self) -> str:
        """What it gives, in words: `int or nil`; `nothing` for an editor."""
        return words_of(self.kinds)

    @property
    def is_editor(self) -> bool:
        """Whether it is an editor."""
        return self.name[:1].islower()

    @property
    def summary(self) -> str:
        """Its documentation's first line."""
        return (inspect.getdoc(self.implementation) or "").partition("\n")[0]


FUNCTIONS: dict[str, Function] = {}
"""Every function whose family was imported, by name."""


def converter(name: str, **facts: Any) -> Callable[[F], F]:
    """Declare a converter as a plain function; `facts` are attributes of `Function`."""
    return _declare(name, is_builder=False, **facts)


def converter_builder(name: str, **facts: Any) -> Callable[[F], F]:
    """Declare a converter by a builder."""
    return _declare(name, is_builder=True, **facts)


def editor(name: str, **facts: Any) -> Callable[[F], F]:
    """Declare an editor as a plain function: it gets its target path and a record is not its own.

    An editor always has the record as its first parameter.
    """
    return _declare(name, is_builder=False, **{"is_pure": False, **facts})


def editor_builder(name: str, **facts: Any) -> Callable[[F], F]:
    """Declare an editor by a builder."""
    return _declare(name, is_builder=True, **{"is_pure": False, **facts})


def _declare(name: str, *, is_builder: bool, **facts: Any) -> Callable[[F], F]:
    def declare(implementation: F) -> F:
        is_editor = name[:1].islower()
        hints = get_type_hints(implementation, include_extras=True)
        parameters = _parameters(implementation, hints, skip_record=is_editor and not is_builder)
        contexts = frozenset(facts.pop("contexts", ()))
        kinds = frozenset() if is_editor else kinds_of_annotation(hints["return"])
        FUNCTIONS[name] = Function(
            name, implementation, parameters, is_builder, contexts=contexts, kinds=kinds, **facts
        )
        return implementation

    return declare


def _parameters(
    implementation: Callable[..., Any], hints: Mapping[str, Any], *, skip_record: bool
) -> tuple[Parameter, ...]:
    declared = list(inspect.signature(implementation).parameters.values())
    if skip_record:
        declared = declared[1:]
    return tuple(_parameter(one.name, hints[one.name], one.default) for one in declared)


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    hint = _without_none(hint)
    is_list = is_closure = False
    if get_origin(hint) is list:
        is_list = True
        (hint,) = get_args(hint)
    if _is_closure(hint):
        is_closure = True
        hint = get_args(hint)[1]
    return Parameter(name.rstrip("_"), _kind(hint), is_list, is_closure, default)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        inner = [one for one in get_args(hint) if one is not type(None)]
        if len(inner) == 1:
            return inner[0]
    return hint


def _is_closure(hint: Any) -> bool:
    return get_origin(hint) is not None and "Callable" in str(get_origin(hint))


def _kind(hint: Any) -> ParameterKind:
    if get_origin(hint) is Annotated:
        kind: ParameterKind = get_args(hint)[1]
        return kind
    if get_origin(hint) is Literal:
        return Choice("keyword", get_args(hint))
    if hint is Any:
        return ANY
    raise TypeError(f"{hint} is no type of a parameter")


@dataclass(frozen=True, slots=True)
class FunctionSet:
    """The functions that one component offers in one context.

    Attributes:
        component: `transform`, `filter`, `routing`, `tail_sampling`, or "" for every function.
        gates: Feature gates that are on.
        allows_extensions: Whether otx's own functions are among them.
    """

    component: str = ""
    gates: frozenset[str] = frozenset()
    allows_extensions: bool = True

    def find(self, name: str, context: str) -> Function | None:
        """The function of a name in a context; None where there is none."""
        if name not in FUNCTIONS:
            load(name)
        function = FUNCTIONS.get(name)
        return function if function and self.offers(function, context) else None

    def offers(self, function: Function, context: str) -> bool:
        """Whether a function is among them."""
        if function.contexts and context not in function.contexts:
            return False
        if function.is_extension and not self.allows_extensions:
            return False
        if self.component == "routing" and function.is_editor:
            return function.component == "routing" or function.name in _EDITORS_OF_ROUTING
        return not (self.component and function.component) or (function.component == self.component)

    def absence(self, name: str) -> str:
        """Why a name that is not found is not."""
        function = all_functions().get(name)
        if function and function.is_extension and not self.allows_extensions:
            return f"{name} is {OWN}"
        return f"undefined function {name!r}"

    def contexts_of(self, name: str) -> Sequence[str]:
        """The contexts that alone have a function; none where all have it, or there is none."""
        function = all_functions().get(name)
        return sorted(function.contexts) if function else ()

    def names(self, context: str) -> Collection[str]:
        """All names in a context."""
        return [name for name, one in all_functions().items() if self.offers(one, context)]


def all_functions() -> Mapping[str, Function]:
    """Every function there is."""
    load_all()
    return FUNCTIONS
