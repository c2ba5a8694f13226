"""What happened, as lines of text: the change first, then how it came about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from otx.errors import OtxError
from otx.model.cells import printable
from otx.model.units import format_count
from otx.ottl.changes import flat
from otx.ottl.enum_symbols import enum_symbol
from otx.ottl.errors import ExecutionError
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.rendering import diff_lines, effect_lines, part_text
from otx.ottl.repl.loading import LoadedRecord
from otx.ottl.repl.running import StatementResult, Sweep
from otx.ottl.repl.session import ConditionResult, Session, Undone, ValueResult
from otx.ottl.times import rfc3339
from otx.ottl.tracing import Part, Step
from otx.ottl.traps import Trap
from otx.ottl.value_text import WIDE, value_text
from otx.ottl.values import Time, kind_of
from otx.output import Painter

_MAX_PATH_WIDTH = 52
_MAX_STEPS = 10
_NANO_LIMIT = 1 << 63
"""Beyond it a moment has no date: the field is unsigned, and moments are not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an entry brought.

    Attributes:
        lines: What to print.
        is_failure: Whether it could not be done.
        is_end: Whether the prompt is left.
    """

    lines: Sequence[str] = ()
    is_failure: bool = False
    is_end: bool = False


class Replies:
    """Words and colours of a prompt's answers."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    def of_error(self, error: OtxError) -> Reply:
        """An error with its hint."""
        lines = [self.painter.paint(line, "-") for line in f"error: {error.message}".splitlines()]
        if error.hint:
            lines.append(f"hint: {error.hint}")
        return Reply(lines, is_failure=True)

    def of_statement(self, result: StatementResult) -> Reply:
        """What a statement changed, or why it did not."""
        if not result.steps:
            none = f"nothing to run on: this record has no {result.prepared.context.name}"
            return Reply([self.painter.faint(none)])
        difference = self.difference(result.before, result.after, result.origins)
        lines = [*difference]
        shown = [one for one in result.steps if one[1].verdict == "failed"] or result.steps
        for title, step in shown[:_MAX_STEPS]:
            lines += self._step(title, step, is_changed=bool(difference), many=result.steps)
        if len(shown) > _MAX_STEPS:
            lines.append(self.painter.faint(f"and {len(shown) - _MAX_STEPS} more"))
        if result.has_failed:
            lines.append(self.painter.faint("the record is left as it was"))
        return Reply(lines, is_failure=result.has_failed)

    def of_condition(self, result: ConditionResult) -> Reply:
        """True or false, with the value of each part."""
        lines: list[str] = []
        for title, parts in result.answers:
            if len(result.answers) > 1:
                lines.append(self.painter.faint(printable(title)))
            lines += self._parts(parts)
        failed = any(isinstance(parts[0].value, ExecutionError) for _, parts in result.answers)
        return Reply(lines or self._none(result.prepared.context.name), is_failure=failed)

    def of_value(self, result: ValueResult) -> Reply:
        """A value and what it is."""
        lines = []
        for title, value in result.values:
            if isinstance(value, ExecutionError):
                text = self.painter.paint(f"fails: {value}", "-")
            else:
                text = f"{value_text(value, WIDE)}{self.painter.faint('  ' + kind_of(value))}"
            shown = f"{self.painter.faint(printable(title))}  " if len(result.values) > 1 else ""
            lines.append(shown + text)
        failed = any(isinstance(value, ExecutionError) for _, value in result.values)
        return Reply(lines or self._none(result.prepared.context.name), is_failure=failed)

    def with_traps(self, reply: Reply, traps: Sequence[Trap]) -> Reply:
        """A reply that also warns of what is hardly meant."""
        lines = [*reply.lines]
        for trap in traps:
            lines.append(self.painter.paint(f"warning: {trap.message}", "~"))
            lines += [f"hint: {trap.hint}"] if trap.hint else []
        return replace(reply, lines=lines)

    def of_sweeps(self, sweeps: Sequence[Sweep]) -> Reply:
        """What statements did to all records."""
        lines: list[str] = []
        for done in sweeps:
            if len(sweeps) > 1:
                lines.append(printable(" ".join(done.text.split())))
            lines += self._sweep(done)
        return Reply(lines, is_failure=any(done.failed for done in sweeps))

    def of_undo(self, undone: Undone) -> Reply:
        """What is as it was."""
        count = len(states_of(undone.after.signal, undone.after.body))
        difference = self.difference(undone.before, undone.after, range(count))
        others = f" and {counted(undone.others, 'other')}" if undone.others else ""
        text = printable(" ".join(undone.text.split()))
        place = f"on record {undone.index + 1}{others}"
        return Reply([*difference, self.painter.faint(f"took back {text}, {place}")])

    def of_record(self, session: Session) -> Reply:
        """The whole record, by path."""
        place = f"record {session.index + 1} of {format_count(len(session.records))}"
        lines: list[str] = []
        for state in session.states():
            lines.append(self.painter.strong(f"{place}: {printable(state.full_title)}"))
            lines += self._state(state)
        return Reply(lines)

    def difference(
        self, before: LoadedRecord, after: LoadedRecord, origins: Sequence[int]
    ) -> list[str]:
        """Where two states of a record differ, without a line that names the record."""
        if before.body == after.body:
            return []
        old = states_of(before.signal, before.body, "stored")
        new = states_of(after.signal, after.body, "stored")
        lines = list(diff_lines(old, new, origins, self.painter))
        return lines[1:] if len(old) == len(new) == 1 else lines

    def _step(
        self, title: str, step: Step, *, is_changed: bool, many: Sequence[Any]
    ) -> Iterator[str]:
        name = f"{printable(title)}: " if len(many) > 1 else ""
        took = self.painter.faint(f"  {step.ns / 1000:.1f} µs")
        if step.verdict == "failed":
            yield self.painter.paint(f"✗ {name}failed: {step.reason}", "-")
        elif step.verdict == "not matched":
            yield f"· {name}did not run: its condition is false{took}"
        elif is_changed or step.changed:
            yield self.painter.paint(f"✓ {name}ran", "+") + took
            if not is_changed:  # the cache, which is no part of the record
                yield from effect_lines(step, self.painter, "    ")
        else:
            yield f"✓ {name}ran and changed nothing{took}"
        yield from self._parts(step.parts, indent="    ")

    def _parts(self, parts: Sequence[Part], indent: str = "") -> Iterator[str]:
        for part in parts:
            text = indent + part_text(part)
            sign = "+" if part.value is True else "-" if part.value is False else ""
            yield self.painter.paint(text, sign)

    def _sweep(self, done: Sweep) -> Iterator[str]:
        for title, reason in done.reasons:
            yield self.painter.paint(f"✗ {printable(title)}: {reason}", "-")
        if done.failed > len(done.reasons):
            yield self.painter.faint(f"  and {done.failed - len(done.reasons)} more failures")
        yield (
            f"{format_count(done.matched)} of {counted(done.records, done.context)} matched, "
            f"{format_count(done.changed)} changed, {format_count(done.failed)} failed"
            + self.painter.faint(f"  {done.elapsed_ns / 1000 / max(1, done.records):.1f} µs each")
        )

    def _state(self, state: RecordState) -> Iterator[str]:
        paths = flat(state.short)
        width = min(_MAX_PATH_WIDTH, max(map(len, paths), default=0))
        for path, value in paths.items():
            note = self.painter.faint(_note(path, value))
            yield f"  {printable(path).ljust(width)}  {value_text(value)}{note}"

    def _none(self, context: str) -> list[str]:
        return [self.painter.faint(f"nothing to ask: this record has no {context}")]


def _note(path: str, value: Any) -> str:
    """What a number stands for; "" where it is just a number."""
    name = path.rpartition(".")[2]
    if type(value) is not int:
        return ""
    if name.endswith("time_unix_nano") and value < _NANO_LIMIT:
        return f"  {rfc3339(Time(value))}"
    symbol = enum_symbol(path, value)
    return f"  {symbol}" if symbol else ""


def counted(number: int, noun: str) -> str:
    """A number of things: `1 span`, `12 000 spans`."""
    return f"{format_count(number)} {noun}{'' if number == 1 else 's'}"
