"""What a run did, as text: differences a record, and the steps of a trace."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from otx.ottl.changes import Change, ItemState, changes
from otx.ottl.errors import ExecutionError
from otx.ottl.tracing import Part, Step, Verdict
from otx.ottl.values import Value, is_map, json_text, kind_of, to_plain
from otx.output import Painter as Painter
from otx.output import printable as printable

_MARKS: Mapping[Verdict, tuple[str, str]] = {
    "ran": ("✓", "+"),
    "not matched": ("·", ""),
    "failed": ("✗", "-"),
}
"""What stands before a step, and the sign whose colour it has."""
_VALUE_WIDTH = 100


def diff_lines(
    before: Sequence[ItemState],
    after: Sequence[ItemState],
    origins: Sequence[int],
    painter: Painter,
) -> Iterator[str]:
    """The lines of `diff_blocks`."""
    return chain.from_iterable(diff_blocks(before, after, origins, painter))


def diff_blocks(
    before: Sequence[ItemState],
    after: Sequence[ItemState],
    origins: Sequence[int],
    painter: Painter,
    first: int = 1,
) -> Iterator[Sequence[str]]:
    """The items of a request that changed: for each its title and a line a change.

    Args:
        before: The items as they came.
        after: The items as they are now.
        origins: For each of `after` the index in `before`, or -1 for a new one.
        painter: Gives the colours.
        first: The number of the first item.
    """
    kept = dict(zip(origins, after, strict=True))
    for at, old in enumerate(before):
        title = painter.strong(f"{first + at}  {printable(old.title)}")
        new = kept.get(at)
        if new is None:
            yield [title, painter.paint("  - dropped", "-")]
        elif found := item_changes(old, new):
            yield [title, *(painter.paint(f"  {change_text(one)}", one.sign) for one in found)]
    for origin, new in zip(origins, after, strict=True):
        if origin < 0:
            yield [
                painter.strong(f"+  {printable(new.title)}"),
                painter.paint("  + added", "+"),
            ]


def item_changes(old: ItemState, new: ItemState) -> list[Change]:
    """What changed in an item, and in its resource and scope."""
    return [
        *changes(old.item, new.item),
        *_above("resource", changes(old.resource, new.resource)),
        *_above("scope", changes(old.scope, new.scope)),
    ]


def _above(prefix: str, found: Sequence[Change]) -> Iterator[Change]:
    for change in found:
        yield Change(change.sign, f"{prefix}.{change.path}", change.before, change.after)


def change_text(change: Change) -> str:
    """A change on one line: `~ name  "a" → "b"`."""
    path = printable(change.path)
    if change.sign == "~":
        return f"~ {path}  {value_text(change.before)} → {value_text(change.after)}"
    value = change.after if change.sign == "+" else change.before
    return f"{change.sign} {path}  {value_text(value)}"


def step_lines(
    title: str, step: Step, painter: Painter, *, is_dropped: bool = False
) -> Iterator[str]:
    """One statement on one record: a line, and why where it did nothing.

    Args:
        title: The record.
        step: What the statement made of it.
        painter: Gives the colours.
        is_dropped: Whether it was a rule that dropped the record.
    """
    mark, sign = ("✂", "-") if is_dropped else _MARKS[step.verdict]
    head = printable(f"{mark} {title}  {' '.join(step.statement.split())}")
    yield painter.paint(head, sign) + painter.faint(f"  {step.ns / 1000:.1f} µs")
    if step.verdict == "failed":
        yield painter.paint(f"    failed: {printable(step.reason)}", "-")
    if is_dropped:
        yield painter.paint("    dropped", "-")
        return
    for part in step.parts:
        yield f"    {part_text(part)}"
    if step.verdict == "ran" and not step.changed:
        yield painter.faint("    changed nothing")
    for path, before, after in step.changed:
        yield painter.paint(
            f"    {printable(path)}: {value_text(before)} → {value_text(after)}", "~"
        )


def part_text(part: Part) -> str:
    """A part of a condition with its value."""
    return f"{'  ' * part.depth}{printable(part.text)} → {value_text(part.value)}"


def value_text(value: Value) -> str:
    """A value on one line, cut to what a line holds."""
    if isinstance(value, ExecutionError):
        return printable(f"fails: {value}")
    if value is None:
        return "nil"
    if isinstance(value, (str, bool, int, float, list)) or is_map(value):
        text = _json(value)
    elif isinstance(value, bytes):
        text = f"0x{value.hex()}"
    elif hasattr(value, "raw"):
        text = value.raw.hex()
    else:
        text = f"({kind_of(value)})"
    text = printable(text)
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…"


def _json(value: Any) -> str:
    import json

    try:
        return json.dumps(to_plain(value), ensure_ascii=False)
    except (ExecutionError, TypeError):
        return json_text(value)
