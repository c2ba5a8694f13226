"""Paths into a record's state, written as in a statement: `span.attributes["http.method"]`.

`datapoint[0].value_int` and `metric.data_points[0].value` lead to the same place: the first is how
OTTL calls it, the second how the record is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from otx.ottl.changes import CONTEXTS_OF_PARTS, MAPS, Steps, is_same, path_text
from otx.ottl.errors import OttlError
from otx.ottl.otlp_fields import ATTRIBUTES
from otx.ottl.parser import parse_value_expression
from otx.ottl.shortened import Short
from otx.ottl.syntax import Constant, Path

Changes: TypeAlias = dict[Steps, Any]
"""The new value of each path; None for one that is removed."""

_MISSING: Any = object()
_OWNERS = {name: steps for steps, name in CONTEXTS_OF_PARTS.items()}
_NUMBERS = ("value_int", "value_double", "int_value", "double_value")


class InvalidPath(ValueError):
    """A text that is no path into a record, or a path that leads nowhere in it.

    Attributes:
        hint: What is one.
        steps: The path; () where the text is none.
    """

    def __init__(self, message: str, hint: str = "", steps: Steps = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.steps = steps


def parse_path(text: str, parts: Sequence[str]) -> Steps:
    """The steps of a path.

    Args:
        text: The path.
        parts: What it may begin with.

    Raises:
        InvalidPath: It is none.
    """
    try:
        tree = parse_value_expression(text)
    except OttlError as error:
        raise InvalidPath(f"{text!r} is no path: {error.reason}", error.hint) from None
    if not isinstance(tree, Path):
        raise InvalidPath(f"{text!r} is no path")
    first = tree.fields[0].name
    steps = _as_written(_steps(text, tree))
    if steps[0] not in parts or len(steps) == 1:
        options = ", ".join(f"{part}.{first}" for part in parts)
        if first in _OWNERS:
            options = f"which one it is, counted from 0: {first}[0]"
        raise InvalidPath(f"{text!r} does not say whose field it is", f"write {options}")
    return steps


def _steps(text: str, tree: Path) -> Steps:
    """The names and keys of a path."""
    steps: list[str | int] = []
    for field in tree.fields:
        steps.append(field.name)
        for key in field.keys:
            if not isinstance(key, Constant) or not isinstance(key.value, (str, int)):
                raise InvalidPath(f"{text!r} is no path: a key is a text or a number")
            steps.append(key.value)
    return tuple(steps)


def _as_written(steps: Steps) -> Steps:
    """Where OTTL's own names of parts lead in the record as it is written."""
    first, rest = str(steps[0]), steps[1:]
    if first == "instrumentation_scope":
        return ("scope", *rest)
    if first not in _OWNERS or not rest or not isinstance(rest[0], int):
        return steps
    if first == "datapoint" and rest[1:2] == ("exemplar",):
        rest = (rest[0], "exemplars", *rest[2:])
    is_value = len(rest) == 2 or (len(rest) == 4 and rest[1] == "exemplars")
    if first == "datapoint" and is_value and rest[-1] in _NUMBERS:
        rest = (*rest[:-1], "value")
    return (*_OWNERS[first], *rest)


def applied(short: Short, changes: Mapping[Steps, Any]) -> Short:
    """A state with changes made; positions in lists are those of the state.

    Raises:
        InvalidPath: A path leads through something that holds no such thing.
    """
    made: Short = _copied(short)
    removals = [steps for steps, value in changes.items() if value is None]
    settings = [steps for steps, value in changes.items() if value is not None]
    # What is behind goes first, so that no position is moved before its turn.
    for steps in (*settings, *sorted(removals, key=_order, reverse=True)):
        try:
            _change(_parent(made, steps), steps, changes[steps])
        except InvalidPath as error:
            raise InvalidPath(str(error), error.hint, steps) from None
    return made


def difference(before: Short, after: Short) -> Changes:
    """The changes that make one state of another."""
    return dict(_difference((), before, after, is_keyed=False))


def _difference(
    steps: Steps, before: Any, after: Any, *, is_keyed: bool
) -> Iterator[tuple[Steps, Any]]:
    if is_same(before, after):
        return
    are_maps = isinstance(before, Mapping) and isinstance(after, Mapping)
    if are_maps and not (is_keyed and _has_new_empty(before, after)):
        for key in {**before, **after}:
            here = (*steps, key)
            # No attributes are an empty map of them.
            none = {} if key in ATTRIBUTES and not is_keyed else _MISSING
            old, new = before.get(key, none), after.get(key, none)
            if old is _MISSING or new is _MISSING:
                yield here, None if new is _MISSING else new
            else:
                yield from _difference(here, old, new, is_keyed=is_keyed or key in MAPS)
    elif isinstance(before, list) and isinstance(after, list) and not is_keyed:
        yield from _of_lists(steps, before, after)
    else:
        yield steps, after


def _has_new_empty(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a value became Empty, which only the whole map can say: None is for what is gone."""
    return any(value is None and before.get(key, 0) is not None for key, value in after.items())


def _of_lists(steps: Steps, before: list[Any], after: list[Any]) -> Iterator[tuple[Steps, Any]]:
    removed = _removed(before, after)
    if removed:
        yield from (((*steps, at), None) for at in removed)
        return
    if len(after) < len(before) or not all(isinstance(one, Mapping) for one in after):
        yield steps, after
        return
    for at, one in enumerate(after):
        if at < len(before):
            yield from _difference((*steps, at), before[at], one, is_keyed=False)
        else:
            yield (*steps, at), one


def _removed(before: list[Any], after: list[Any]) -> list[int]:
    """The positions whose removal makes one list of the other; none where that is not all."""
    removed = []
    following = 0
    for at, one in enumerate(before):
        if following < len(after) and is_same(one, after[following]):
            following += 1
        else:
            removed.append(at)
    return removed if following == len(after) and len(removed) < len(before) else []


def _order(steps: Steps) -> tuple[tuple[int, str], ...]:
    return tuple((step, "") if isinstance(step, int) else (0, step) for step in steps)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _parent(short: Short, steps: Steps) -> Any:
    """What holds the last step's value; maps that are missing on the way are made."""
    here: Any = short
    for at, step in enumerate(steps[:-1]):
        if isinstance(here, list):
            inner = here[_index(here, step, steps[: at + 1], grows=False)]
        elif isinstance(here, dict) and isinstance(step, str):
            following: Any = [] if isinstance(steps[at + 1], int) else {}
            if here.get(step) is None:
                here[step] = following
            inner = here[step]
        else:
            raise _no_holder(steps[: at + 1])
        here = inner
    return here


def _change(parent: Any, steps: Steps, value: Any) -> None:
    step = steps[-1]
    if isinstance(parent, list):
        at = _index(parent, step, steps, grows=value is not None)
        parent[at : at + 1] = [] if value is None else [_copied(value)]
    elif not isinstance(parent, dict) or not isinstance(step, str):
        raise _no_holder(steps)
    elif value is not None:
        parent[step] = _copied(value)
    elif step in parent:
        del parent[step]
    else:
        raise InvalidPath(
            f"{path_text(steps)} is not in the input, so nothing can remove it", _as_empty(steps)
        )


def _as_empty(steps: Steps) -> str:
    """How an Empty value in a map is expected; "" where none can be."""
    is_keyed = any(step in MAPS for step in steps[:-1])
    whole = f"{path_text(steps[:-1])}: {{{steps[-1]}: null}}"
    return f"an Empty value is written with the whole map that has it: {whole}" if is_keyed else ""


def _index(here: list[Any], step: str | int, steps: Steps, *, grows: bool) -> int:
    if not isinstance(step, int):
        raise _no_holder(steps)
    if not 0 <= step < len(here) + grows:
        raise InvalidPath(f"there is no {path_text(steps)}: the list has {len(here)}")
    return step


def _no_holder(steps: Steps) -> InvalidPath:
    return InvalidPath(f"{path_text(steps[:-1])} cannot hold {path_text(steps)}")
