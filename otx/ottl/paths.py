"""Paths of a statement, resolved: from names in the text to what reads and writes a record."""

import difflib
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl import keys as indexing
from otx.ottl.contexts import trace_state
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.lift import named_in_errors
from otx.ottl.syntax import Constant, Expression, Field, Path, Place
from otx.ottl.values import Value, storable

Evaluate: TypeAlias = Callable[[Any], Value]
CompileKey: TypeAlias = Callable[[Expression], Evaluate]


class ResolvedPath(Frozen):
    """A path that can be read, and written where it is not read-only.

    Attributes:
        text: As it stands in the statement.
        type: Its type, for people.
        context: The context it belongs to.
        section: The first section behind the context.
    """

    text: str
    type: str
    context: str
    section: str
    get: Evaluate
    set: Callable[[Any, Value], None]
    edit: Evaluate


class PathResolver:
    """Resolves the paths of one text in one context."""

    def __init__(self, context: Context, text: str, *, needs_prefix: bool) -> None:
        """Prepare to resolve.

        Args:
            context: Where the text runs.
            text: The whole text, for messages.
            needs_prefix: Whether a path has to name its context.
        """
        self._context = context
        self._text = text
        self._needs_prefix = needs_prefix

    def resolve(self, path: Path, compile_key: CompileKey) -> ResolvedPath:
        """What a path means.

        Raises:
            OttlError: It is no path of the context.
        """
        context_name, fields = self._split(path)
        accessor = self._accessor(context_name, fields)
        last = fields[-1]
        for field in fields[:-1]:
            if field.keys:
                raise self._unused_keys(field)
        if last.keys and accessor.keys == "none":
            raise self._unused_keys(last)
        shown = self._text[path.place.start : path.place.end]
        whole = shown if len(fields) < len(path.fields) else f"{context_name}.{shown}"
        get, set_, edit = _accesses(accessor, last, compile_key, self, whole)
        return ResolvedPath(shown, accessor.type, context_name, fields[0].name, get, set_, edit)

    def error(self, reason: str, place: Place, hint: str = "") -> OttlError:
        """An error at a place of the text."""
        return OttlError(reason, self._text, place, hint)

    def _split(self, path: Path) -> tuple[str, Sequence[Field]]:
        first = path.fields[0]
        names = self._context.names()
        is_named = len(path.fields) > 1 and first.name in names and not first.keys
        if is_named and (self._needs_prefix or not self._is_own(path)):
            return first.name, path.fields[1:]
        if self._needs_prefix:
            if len(path.fields) > 1 and first.name in _SIGNALS:
                seen = ", ".join(names)
                raise self.error(
                    f"a statement on {self._context.name} cannot see {first.name}",
                    first.place,
                    f"it can see {seen}",
                )
            from otx.ottl.context_hints import unnamed_context  # for the error alone

            raise unnamed_context(self._text, path, self._context)
        return self._context.name, path.fields

    def _is_own(self, path: Path) -> bool:
        """Whether a first section that is also a context's name is meant as a path."""
        own = self._context.paths.get(path.fields[0].name)
        return own is not None and path.fields[1].name in own.sections

    def _accessor(self, context_name: str, fields: Sequence[Field]) -> Accessor:
        first = fields[0]
        accessor = self._context.find(context_name, first.name)
        if accessor is None:
            raise self._unknown(context_name, first)
        for field in fields[1:]:
            inner = accessor.sections.get(field.name)
            if inner is None:
                hint = (
                    f'a key stands in brackets: ["{field.name}"]'
                    if accessor.keys
                    in (
                        "map",
                        "value",
                    )
                    else _near(field.name, accessor.sections)
                )
                raise self.error(
                    f"section {field.name!r} is not part of {first.name!r}", field.place, hint
                )
            accessor = inner
        if accessor.is_group:
            options = ", ".join(f"{fields[-1].name}.{name}" for name in accessor.sections)
            raise self.error(
                f"{fields[-1].name!r} is no value by itself", fields[-1].place, f"write {options}"
            )
        return accessor

    def _unknown(self, context_name: str, field: Field) -> OttlError:
        from otx.ottl.context_hints import NIL_ELSEWHERE  # for the error alone

        is_own = context_name == self._context.name
        if field.name == "cache" and not is_own:
            return self.error(
                f"only the cache of {self._context.name} can be used here", field.place
            )
        known = {
            self._context.name: self._context.paths,
            **{parent.name: parent.paths for parent, _ in self._context.parents.values()},
        }.get(context_name, self._context.paths)
        if field.name == self._context.name:
            hint = f"{field.name} is the context itself: name a path in it"
        elif field.name in _SIGNALS:
            hint = f"{field.name} is another context than {self._context.name}"
        elif field.name in NIL_ELSEWHERE:
            hint = "write nil"
        else:
            hint = _near(field.name, known)
        return self.error(
            f"{field.name!r} is no path of the context {context_name}", field.place, hint
        )

    def _unused_keys(self, field: Field) -> OttlError:
        return self.error(f"{field.name!r} takes no keys", field.keys[0].place)


_SIGNALS = {
    "span",
    "spanevent",
    "spanlink",
    "log",
    "metric",
    "datapoint",
    "exemplar",
    "profile",
    "profilesample",
    "resource",
    "scope",
}


def _near(name: str, known: "Sequence[str] | Any") -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _accesses(
    accessor: Accessor, last: Field, compile_key: CompileKey, resolver: PathResolver, text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    """How a path with its keys is read, written and edited; errors call it by `text`."""
    if accessor.set is None:
        return _read_only(accessor, last, compile_key, text)
    if not last.keys:
        return _whole(accessor, text)
    if accessor.keys == "text":
        for key in last.keys:
            compile_key(key)  # what is wrong in it is an error of the statement
        return _text_member(accessor, last, resolver, text)
    if len(last.keys) == 1 and accessor.keys == "map":
        key = last.keys[0]
        if isinstance(key, Constant) and type(key.value) is str:
            return _one_key(accessor, key.value, text)
    return _many_keys(accessor, [compile_key(key) for key in last.keys], text)


def _read_only(
    accessor: Accessor, last: Field, compile_key: CompileKey, text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    keys = [compile_key(key) for key in last.keys]

    def refuse(_: Any, __: Value = None) -> Value:
        raise ExecutionError(f"{text} is read-only")

    if not keys:
        return accessor.get, refuse, refuse
    get = named_in_errors(indexing.indexed(indexing.read, accessor.get, keys), text)
    return get, refuse, refuse


def _whole(
    accessor: Accessor, text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    inner, is_nullable = accessor.set, accessor.is_nullable
    assert inner is not None  # noqa: S101 - read-only paths do not come here

    def put(record: Any, value: Value) -> None:
        if value is None and not is_nullable:
            raise ExecutionError(f"{text} cannot be nil")
        try:
            inner(record, value)
        except ExecutionError as error:
            raise error.within(text) from None

    if accessor.keys != "value":
        return accessor.get, put, accessor.get
    touch, get = accessor.touch, accessor.get

    def edit(record: Any) -> Value:
        if touch is not None:
            touch(record, "")
        return get(record)

    return get, put, edit


def _one_key(
    accessor: Accessor, key: str, text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    """`attributes["key"]`: nearly every path of nearly every statement."""
    container = accessor.get

    def get(record: Any) -> Value:
        return container(record).get(key)

    def put(record: Any, value: Value) -> None:
        # A value without an OTLP form leaves its key behind, as the reference does.
        target = container(record)
        kind = type(value)
        if kind is str or kind is int or kind is bool or kind is float:
            target[key] = value
            return
        try:
            target[key] = storable(value)
        except ExecutionError as error:
            target.setdefault(key, None)
            raise error.within(text) from None

    touch = accessor.touch

    def edit(record: Any) -> Value:
        target = container(record)
        if touch is not None and key in target:
            touch(record, key)
        return target.get(key)

    return get, put, edit


def _many_keys(
    accessor: Accessor, keys: Sequence[Evaluate], text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    container, touch = accessor.get, accessor.touch
    first, *rest = keys
    get = named_in_errors(indexing.indexed(indexing.read, container, keys), text)

    def put(record: Any, value: Value) -> None:
        target, name = container(record), first(record)
        following = (key(record) for key in rest)
        try:
            indexing.write(target, chain((name,), following), value)
        except ExecutionError as error:
            raise error.within(text) from None
        finally:
            announce(record, target, name)

    def edit(record: Any) -> Value:
        target, name = container(record), first(record)
        found = indexing.read(target, chain((name,), (key(record) for key in rest)))
        announce(record, target, name)
        return found

    def announce(record: Any, target: Value, name: Value) -> None:
        if touch is None:
            return
        if accessor.keys == "value":
            touch(record, "")
        elif type(name) is str and name in target:
            touch(record, name)

    return get, put, edit


def _text_member(
    accessor: Accessor, last: Field, resolver: PathResolver, text: str
) -> tuple[Evaluate, Callable[[Any, Value], None], Evaluate]:
    if len(last.keys) > 1:
        raise resolver.error(f"{last.name} takes one key", last.keys[1].place)
    key = last.keys[0]
    name = key.value if isinstance(key, Constant) and type(key.value) is str else None
    assert accessor.set is not None  # noqa: S101 - trace_state can be written
    get, put_member = trace_state.member(accessor.get, accessor.set, name)

    def put(record: Any, value: Value) -> None:
        try:
            put_member(record, value)
        except ExecutionError as error:
            raise error.within(text) from None

    return get, put, get
