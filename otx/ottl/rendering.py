"""What a run did, as text: differences a record, and the steps of a trace."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from otx.model.cells import printable
from otx.ottl.changes import Change, flat, state_changes
from otx.ottl.enum_symbols import enum_symbol
from otx.ottl.record_state import RecordState
from otx.ottl.tracing import Part, Step, Verdict
from otx.ottl.value_text import value_text
from otx.ottl.values import Value
from otx.output import Painter

_MARKS: Mapping[Verdict, tuple[str, str]] = {
    "ran": ("✓", "+"),
    "not matched": ("·", ""),
    "failed": ("✗", "-"),
}
"""What stands before a step, and the sign whose colour it has."""
_MOST_CHANGES = 20
"""Changes that are told of one step."""


def diff_lines(
    before: Sequence[RecordState],
    after: Sequence[RecordState],
    origins: Sequence[int],
    painter: Painter,
) -> Iterator[str]:
    """The lines of `diff_blocks`."""
    return chain.from_iterable(diff_blocks(before, after, origins, painter))


def diff_blocks(
    before: Sequence[RecordState],
    after: Sequence[RecordState],
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
    kept = copies_of(after, origins)
    for at, old in enumerate(before):
        lines = list(_fate(old, kept.get(at, ()), painter))
        if lines:
            yield [painter.strong(f"{first + at}  {printable(old.full_title)}"), *lines]
    for origin, new in zip(origins, after, strict=True):
        if origin < 0:
            yield [
                painter.strong(f"+  {printable(new.full_title)}"),
                *(painter.paint(f"  {change_text(one)}", "+") for one in content(new)),
            ]


def copies_of(
    after: Sequence[RecordState], origins: Sequence[int]
) -> Mapping[int, Sequence[RecordState]]:
    """For the index of each item that is left what became of it: pipelines may copy it."""
    found: dict[int, list[RecordState]] = {}
    for origin, state in zip(origins, after, strict=True):
        if origin >= 0:
            found.setdefault(origin, []).append(state)
    return found


def _fate(old: RecordState, copies: Sequence[RecordState], painter: Painter) -> Iterator[str]:
    """What became of an item; no line where it is as it was."""
    if not copies:
        yield painter.paint("  - dropped", "-")
    for number, new in enumerate(copies, 1):
        found = state_changes(old, new)
        if found and len(copies) > 1:
            yield f"  copy {number} of {len(copies)}"
        for change in found:
            yield painter.paint(f"  {change_text(change)}", change.sign)


def content(added: RecordState) -> list[Change]:
    """What an item that was added says of itself; it shares resource and scope with others."""
    own = {added.word: added.short[added.word]}
    return [Change("+", path, after=value) for path, value in flat(own).items()]


def change_text(change: Change) -> str:
    """A change on one line: `~ name  "a" → "b"`."""
    path = printable(change.path)
    before, after = _shown(change.path, change.before), _shown(change.path, change.after)
    if change.sign == "~":
        return f"~ {path}  {before} → {after}"
    return f"{change.sign} {path}  {after if change.sign == '+' else before}"


def _shown(path: str, value: Value) -> str:
    """A value that stands at a path: the number of an enum is shown as its symbol."""
    return enum_symbol(path, value) or value_text(value)


def step_lines(title: str, step: Step, painter: Painter, effect: str = "") -> Iterator[str]:
    """One statement on one record: a line, and why where it did nothing.

    Args:
        title: The record.
        step: What the statement made of it.
        painter: Gives the colours.
        effect: What a condition that is true does to the record: `dropped`.
    """
    mark, sign = ("✂", "-") if effect.startswith("dropped") else _MARKS[step.verdict]
    head = printable(f"{mark} {title}  {' '.join(step.statement.split())}")
    yield painter.paint(head, sign) + painter.faint(f"  {step.ns / 1000:.1f} µs")
    if step.verdict == "failed":
        yield painter.paint(f"    failed: {printable(step.reason)}", "-")
    if effect:
        yield painter.paint(f"    {printable(effect)}", sign)
        return
    for part in step.parts:
        yield f"    {part_text(part)}"
    if step.verdict == "ran" and not step.changed and not step.added:
        yield painter.faint("    changed nothing")
    yield from effect_lines(step, painter, "    ")


def effect_lines(step: Step, painter: Painter, indent: str) -> Iterator[str]:
    """What a statement changed, and the records that it added."""
    yield from _few(step.changed, indent, painter)
    for added in step.added:
        yield painter.paint(f"{indent}+ {printable(added.full_title)}", "+")
        yield from _few(content(added), f"{indent}  ", painter)


def _few(found: Sequence[Change], indent: str, painter: Painter) -> Iterator[str]:
    """The first changes: a metric may have thousands of data points, and each record is told."""
    for change in found[:_MOST_CHANGES]:
        yield painter.paint(f"{indent}{change_text(change)}", change.sign)
    if len(found) > _MOST_CHANGES:
        yield painter.faint(f"{indent}and {len(found) - _MOST_CHANGES} more")


def part_text(part: Part) -> str:
    """A part of a condition with its value."""
    return f"{'  ' * part.depth}{printable(part.text)} → {value_text(part.value)}"
