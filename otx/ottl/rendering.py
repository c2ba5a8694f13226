"""What a run did, as text: differences a record, and the steps of a trace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from otx.model.cells import printable, width_of
from otx.ottl.changes import Change, flat, state_changes
from otx.ottl.enum_symbols import enum_symbol
from otx.ottl.record_state import RecordState
from otx.ottl.tracing import Part, Step, Verdict
from otx.ottl.value_text import WIDE, pair_texts, value_text
from otx.output import Painter

_MARKS: Mapping[Verdict, tuple[str, str]] = {
    "ran": ("✓", "+"),
    "not matched": ("·", ""),
    "failed": ("✗", "-"),
}
"""What stands before a step, and the sign whose colour it has."""
_MOST_CHANGES = 20
"""Changes that are told of one step."""
_LEAST = 40
"""Cells that the values of a change have, however long its path is."""


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
                *_change_lines(content(new), "  ", painter),
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
        yield from _change_lines(found, "  ", painter)


def content(added: RecordState) -> list[Change]:
    """What an item that was added says of itself; it shares resource and scope with others."""
    own = {added.word: added.short[added.word]}
    return [Change("+", path, after=value) for path, value in flat(own).items()]


def change_text(change: Change, width: int | None = None) -> str:
    """A change on one line: `~ name  "a" → "b"`; of long values what lies round the difference.

    Args:
        change: What changed.
        width: Cells that there are for it; None where nobody counts them.
    """
    head = f"{change.sign} {printable(change.path)}  "
    room = 2 * WIDE if width is None else max(_LEAST, width - width_of(head))
    if change.sign == "~":
        before, after = _both(change, room - len(_ARROW))
        return f"{head}{before}{_ARROW}{after}"
    value = change.after if change.sign == "+" else change.before
    return head + (enum_symbol(change.path, value) or value_text(value, min(room, WIDE)))


_ARROW = " → "


def _both(change: Change, room: int) -> tuple[str, str]:
    """Both values of a change: the numbers of enums are shown as their symbols."""
    before = enum_symbol(change.path, change.before)
    after = enum_symbol(change.path, change.after)
    if before or after:
        return before or value_text(change.before), after or value_text(change.after)
    return pair_texts(change.before, change.after, room)


def _change_lines(found: Iterable[Change], indent: str, painter: Painter) -> Iterator[str]:
    width = None if painter.width is None else painter.width - len(indent)
    for change in found:
        yield painter.paint(indent + change_text(change, width), change.sign)


def where_text(component: str, pipeline: str) -> str:
    """Where the steps that follow stand: `transform/x in traces/a`; "" for a list of statements."""
    return printable(f"{component} in {pipeline}" if component and pipeline else component)


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
    yield from _change_lines(found[:_MOST_CHANGES], indent, painter)
    if len(found) > _MOST_CHANGES:
        yield painter.faint(f"{indent}and {len(found) - _MOST_CHANGES} more")


def part_text(part: Part) -> str:
    """A part with its value; the number of an enum stands behind its symbol."""
    value = value_text(part.value, WIDE) if part.is_reached else "not reached"
    if part.symbol:
        value = f"{part.symbol} ({value})"
    return f"{'  ' * part.depth}{printable(part.text)} → {value}"
