"""What kinds of value an expression can have, as far as that is known before any record comes.

Kinds are the words of `values.kind_of`: `string`, `int`, `nil`, `list of events` …. `any` among
them means that nothing is known: what a record holds decides.
"""

from collections.abc import Collection
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

from otx.ottl.values import Duration, ProfileId, SpanId, Time, TraceId

Kinds: TypeAlias = frozenset[str]

ANY: Kinds = frozenset(("any",))
NIL: Kinds = frozenset(("nil",))
NUMBERS: Kinds = frozenset(("int", "double"))
SCALARS: Kinds = frozenset(("string", "int", "double", "bool", "bytes"))
STORABLE: Kinds = SCALARS | {"nil", "map", "list"}
"""What an attribute can hold."""
PLAIN: Kinds = STORABLE | {"time", "duration", "TraceID", "SpanID", "ProfileID"}
"""The kinds with a name of their own; the others are parts of OTLP, which can only be copied."""

_ORDER = ("bool", "int", "double", "string", "bytes", "map", "list", "time", "duration")
_BY_TYPE: dict[Any, str] = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    bytes: "bytes",
    dict: "map",
    list: "list",
    Time: "time",
    Duration: "duration",
    TraceId: "TraceID",
    SpanId: "SpanID",
    ProfileId: "ProfileID",
    type(None): "nil",
}


def kinds_of_annotation(hint: Any) -> Kinds:
    """The kinds of a Python annotation; of a closure those that it gives."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return kinds_of_annotation(arguments[0])
    if origin in (Union, UnionType):
        return frozenset().union(*map(kinds_of_annotation, arguments))
    if origin is Literal:
        return frozenset(_BY_TYPE[type(one)] for one in arguments)
    if "Callable" in str(origin):
        return kinds_of_annotation(arguments[1])
    if origin is not None and "Mapping" in str(origin):
        return frozenset(("map",))
    if hint is Any or isinstance(hint, TypeVar):
        return ANY
    return frozenset((_BY_TYPE[origin or hint],))


def words_of(kinds: Collection[str]) -> str:
    """Kinds for people: `int or nil`, `any`; `nothing` for none."""
    if "any" in kinds:
        return "any"
    known = {kind: number for number, kind in enumerate(_ORDER)}
    listed = sorted(kinds, key=lambda one: (one == "nil", known.get(one, len(known)), one))
    return " or ".join(listed) or "nothing"


def with_article(kinds: Collection[str]) -> str:
    """The same behind an article: `an int or nil`."""
    words = words_of(kinds)
    return words if words == "nil" else f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def is_known(kinds: Kinds) -> bool:
    """Whether it is known what kinds there are."""
    return "any" not in kinds


def may_be(kinds: Kinds, wanted: Collection[str]) -> bool:
    """Whether a value can be of one of the wanted kinds."""
    return not is_known(kinds) or not kinds.isdisjoint(wanted)


def may_be_other(kinds: Kinds, wanted: Collection[str]) -> bool:
    """Whether a value can be of a kind that is not wanted."""
    return not kinds <= set(wanted)


def can_be_equal(left: Kinds, right: Kinds) -> bool:
    """Whether values of these kinds can be equal; what is not comparable never is."""
    if not is_known(left) or not is_known(right):
        return True
    return not _groups(left).isdisjoint(_groups(right))


def _groups(kinds: Kinds) -> set[str]:
    """Kinds that are compared with each other have one name: ints and doubles, nil and no bytes."""
    groups = {"number" if kind in NUMBERS else kind for kind in kinds}
    # Numbers of OTLP's own, such as bucket counts, are compared as lists are.
    if any(kind.startswith("list of") for kind in kinds):
        groups.add("list")
    return groups | ({"nil"} if "bytes" in groups else set())
