"""What a statement changed: its one path where it writes to one, else the whole record.

Most editors write to the path that they are given, which is quick to read before and after. The
others (`convert_sum_to_gauge()`) may change anything of their record and add further ones.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from otx.ottl.changes import Change, Flat, changes, flat, keyed
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.lift import Evaluate
from otx.ottl.parameters import TARGET
from otx.ottl.record_state import RecordState, item_of, state_of
from otx.ottl.records import ItemRecord
from otx.ottl.syntax import Call, Path
from otx.ottl.values import deep_copy, is_map


class Seen(NamedTuple):
    """What is another, and what is there that was not."""

    changed: Sequence[Change] = ()
    added: Sequence[RecordState] = ()


class Watch(Protocol):
    """Looks at a record before and after a statement."""

    def before(self, record: Any) -> Any:
        """What `since` is to know."""

    def since(self, record: Any, before: Any) -> Seen:
        """What changed since `before`."""


def watch_of(
    call: Call, compiler: ExpressionCompiler, functions: FunctionSet, context: Context
) -> Watch:
    """What watches over the call of an editor; its text was compiled before."""
    target = _target(call, functions, context)
    return _RecordWatch() if target is None else _PathWatch(target, compiler)


def _target(call: Call, functions: FunctionSet, context: Context) -> Path | None:
    """The path that an editor writes to; None where it is given none to write to."""
    function = functions.find(call.name, context.name)
    assert function is not None  # noqa: S101 - the call was compiled
    places = {one.name: at for at, one in enumerate(function.parameters) if one.kind is TARGET}
    for at, argument in enumerate(call.arguments):
        is_target = argument.name in places if argument.name else at in places.values()
        if is_target and isinstance(argument.value, Path):
            return argument.value
    return None


class _PathWatch:
    """Watches what stands at one path; of a map each entry."""

    def __init__(self, path: Path, compiler: ExpressionCompiler) -> None:
        resolved = compiler.target(path)
        self._text = resolved.text
        self._get = resolved.get
        self._is_there = _presence(path, compiler)

    def before(self, record: Any) -> Flat:
        """What stands there, by path."""
        try:
            value = self._get(record)
            if value is None and not self._is_there(record):
                return {}
        except ExecutionError:
            return {}
        if is_map(value):
            return {keyed(self._text, key): deep_copy(one) for key, one in value.items()}
        return {self._text: deep_copy(value)}

    def since(self, record: Any, before: Flat) -> Seen:
        """What stands there now and did not, or did and does not."""
        return Seen(changes(before, self.before(record)))


def _presence(path: Path, compiler: ExpressionCompiler) -> Callable[[Any], bool]:
    """Whether something stands at a path whose value is nil: a key may have an Empty value."""
    last = path.fields[-1]
    if not last.keys:
        return lambda _: True
    above = path.changed(fields=(*path.fields[:-1], last.changed(keys=last.keys[:-1])))
    holder: Evaluate = compiler.target(above).get
    key: Evaluate = compiler.value(last.keys[-1]).closure()

    def is_there(record: Any) -> bool:
        held, index = holder(record), key(record)
        if is_map(held):
            return index in held
        return isinstance(held, list) and type(index) is int and 0 <= index < len(held)

    return is_there


class _Before(NamedTuple):
    flat: Flat
    others: int


class _RecordWatch:
    """Watches a whole item, and those beside it."""

    def before(self, record: Any) -> _Before:
        """The item that a record is or belongs to, by path; nothing for a resource or scope."""
        item = item_of(record)
        if item is None:
            return _Before({}, 0)
        return _Before(_flat(item), len(item.scope.items))

    def since(self, record: Any, before: _Before) -> Seen:
        """What of the item is another, and the items that were added behind all others."""
        item = item_of(record)
        if item is None:
            return Seen()
        added = [state_of(one) for one in item.scope.items[before.others :]]
        return Seen(changes(before.flat, _flat(item)), added)


def _flat(record: ItemRecord) -> Flat:
    try:
        return flat(state_of(record).short)
    except ExecutionError:
        return {}  # it is nested too deep to be written, which is told when it is
