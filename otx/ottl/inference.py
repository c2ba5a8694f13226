"""Which context a group of statements runs in, and why: the Collector's rule, with its reasons.

A group's paths name contexts. The most specific of them is the first candidate; it has to know
every function and enum symbol that the group uses, else the contexts below it are tried. A group
without a path that names a context gives no candidate.
"""

from collections.abc import Collection, Iterable, Sequence

from otx.model.frozen import Frozen
from otx.ottl.call_hints import hint_for_call
from otx.ottl.context_hints import unnamed_context
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.enum_hints import enum_hint
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.syntax import Call, EnumSymbol, FunctionName, Lambda, Node, Path, walk


class Candidate(Frozen):
    """A context that was considered.

    Attributes:
        name: Its name.
        refusal: Why it cannot be; "" for the one that was chosen.
    """

    name: str
    refusal: str = ""


class Inference(Frozen):
    """What was inferred.

    Attributes:
        context: The context; None where none fits.
        candidates: All that were considered, in order; the chosen one is the last.
        reason: What forced the result, or why there is none, in one sentence.
    """

    context: Context | None
    candidates: Sequence[Candidate]
    reason: str


class _Needs(Frozen):
    """What a group uses."""

    contexts: Sequence[str]
    functions: Collection[str]
    enums: Collection[str]


def infer(
    trees: Iterable[Node], functions: FunctionSet, allowed: Collection[str] = tuple(CONTEXTS)
) -> Inference:
    """The context of a group.

    Args:
        trees: Its statements and conditions.
        functions: What they may call.
        allowed: The contexts that the configuration's signal has.
    """
    needs = _needs(trees)
    named = [name for name in _order() if name in needs.contexts]
    if not named:
        return Inference(
            None, (), "no path names its context, so there is nothing to infer it from"
        )
    first = named[0]
    if first not in CONTEXTS:
        context = next(one.name for one in CONTEXTS.values() if first in one.aliases)
        return Inference(
            None, (), f"{first} can be named beside another context only: write {context}"
        )
    refused: list[Candidate] = []
    for name in [first, *_below(first)]:
        refusal = _refusal(CONTEXTS[name], needs, functions, allowed)
        if not refusal:
            chosen = [*refused, Candidate(name)]
            return Inference(CONTEXTS[name], chosen, _reason(first, name, named))
        refused.append(Candidate(name, refusal))
    return Inference(None, refused, f"{first} cannot be: {refused[0].refusal}")


def undefined(
    text: str,
    tree: Node,
    functions: FunctionSet,
    allowed: Collection[str] = tuple(CONTEXTS),
) -> OttlError | None:
    """The first function, enum symbol or context that there is none of; None where all are known.

    Inference can only say that nothing fits; this says why, and where.

    Args:
        text: A statement or condition.
        tree: Its tree.
        functions: What it may call.
        allowed: The contexts that it may run in, which hints are about.
    """
    names = {name for one in CONTEXTS for name in functions.names(one)}
    formals: set[str] = set()
    for node in walk(tree):
        if isinstance(node, Lambda):
            formals.update(node.formals)
        elif isinstance(node, (Call, FunctionName)) and node.name not in names:
            place = node.name_place if isinstance(node, Call) else node.place
            hint = hint_for_call(node, text, names)
            return OttlError(functions.absence(node.name), text, place, hint)
        # What looks like an enum may also be a converter's name, handed to a function.
        elif isinstance(node, EnumSymbol) and node.name not in names:
            if node.name not in {name for one in CONTEXTS.values() for name in one.enums}:
                hint = enum_hint(node.name, _fitting_enums(tree, allowed))
                return OttlError(f"undefined enum symbol {node.name}", text, node.place, hint)
        elif isinstance(node, Path) and _names_no_context(node, formals):
            return unnamed_context(text, node, allowed=allowed)
    return None


def _fitting_enums(tree: Node, allowed: Collection[str]) -> Collection[str]:
    """The symbols of the contexts that a text can run in, by what its paths name."""
    named = {name for name in _order() if name in _needs([tree]).contexts}
    offered = [one for one in CONTEXTS.values() if one.name in allowed]
    fitting = [one for one in offered if named <= set(one.names())] or offered
    return {name for one in fitting for name in one.enums}


def _names_no_context(path: Path, formals: Collection[str]) -> bool:
    first = path.fields[0].name
    return first not in formals and first not in (*_order(), "otelcol")


def _reason(first: str, chosen: str, named: Sequence[str]) -> str:
    others = [name for name in named if name != first]
    above = f"; {', '.join(others)} can be named from there" if others else ""
    if chosen == first:
        return f"{first} is the most specific context that a path names{above}"
    return f"{first} is named, but only {chosen} below it has every function and enum"


def _needs(trees: Iterable[Node]) -> _Needs:
    contexts: dict[str, None] = {}
    functions: dict[str, None] = {}
    enums: dict[str, None] = {}
    for tree in trees:
        formals: set[str] = set()
        for node in walk(tree):
            if isinstance(node, Lambda):
                formals.update(node.formals)
            elif isinstance(node, Path):
                name = node.fields[0].name
                if len(node.fields) > 1 and name not in formals:
                    contexts[name] = None
            elif isinstance(node, (Call, FunctionName)):
                functions[node.name] = None
            elif isinstance(node, EnumSymbol):
                enums[node.name] = None
    return _Needs(list(contexts), list(functions), list(enums))


def _order() -> Iterable[str]:
    """Every name that a path may begin with, the most specific first."""
    return (name for context in CONTEXTS.values() for name in (context.name, *context.aliases))


def _below(name: str) -> list[str]:
    """The contexts that have a context above them, the most specific first."""
    return [
        one.name
        for one in CONTEXTS.values()
        if any(parent.name == name for parent, _ in one.parents.values())
    ]


def _refusal(
    context: Context, needs: _Needs, functions: FunctionSet, allowed: Collection[str]
) -> str:
    """Why a context cannot be; "" where it can."""
    if context.name not in allowed:
        return f"it is none of {', '.join(allowed)}"
    for name in needs.functions:
        if functions.find(name, context.name) is None:
            owners = functions.contexts_of(name)
            which = f", which {' and '.join(owners)} has" if len(owners) == 1 else ""
            return f"it has no function {name}{which}"
    for symbol in needs.enums:
        # What looks like an enum may also be a converter's name, handed to a function.
        if symbol not in context.enums and functions.find(symbol, context.name) is None:
            return f"it has no enum symbol {symbol}"
    return ""
