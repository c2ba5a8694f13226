"""A plan run over telemetry for people: what it changed, record by record."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from otx.environment import Environment
from otx.model.signal import Signal
from otx.model.units import counted, format_count
from otx.otlp.files import understand
from otx.ottl.asked_contexts import AskedContexts
from otx.ottl.batch import Batch
from otx.ottl.changes import state_changes
from otx.ottl.describe import Numbers
from otx.ottl.errors import ExecutionError
from otx.ottl.plan import Plan
from otx.ottl.program import ExecutionStopped
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.rendering import copies_of, diff_blocks
from otx.ottl.report import Report
from otx.output import Output, Painter, Remarks, Row
from otx.services.ottl_input import Pieces
from otx.services.ottl_progress import RunProgress
from otx.services.ottl_work import FailureText, Tally, failure_text, tally_of, unwritable

_TABLE = ["item", "record", "changes", "paths"]


class Comparison:
    """What a plan changed, record by record.

    Attributes:
        tally: What was counted.
        stopped: The failure under `propagate` that ended it.
        asked: Whether any record that the plan looks at came by.
    """

    def __init__(self, environment: Environment, plan: Plan, progress: RunProgress) -> None:
        self._environment = environment
        self._plan = plan
        self._progress = progress
        self.asked = AskedContexts(plan)
        self.tally = Tally()
        self.stopped: FailureText | None = None

    def diff(self, pieces: Pieces, output: Output) -> None:
        """The records that changed, with what changed in them, numbered through all requests."""
        changed, added, first = 0, 0, 1
        with output.stream() as stream:
            painter = Painter.of(self._environment, stream)
            for one in self._run(pieces):
                if one.after != one.before:
                    old = states_of(one.signal, one.before, "stored")
                    new = states_of(one.signal, one.after, "stored")
                    for lines in diff_blocks(old, new, one.origins, painter, first):
                        changed += 1
                        stream.write("\n".join((*lines, "")))
                    added += one.origins.count(-1)
                first += one.items
        self._progress.clear()
        total = format_count(self.tally.items)
        text = f"{counted(changed - added, 'record')} of {total} changed"
        Remarks(self._environment).note(text + (f", {format_count(added)} added" if added else ""))

    def table(self, pieces: Pieces, output: Output) -> None:
        """A row a record, numbered as in `diff`: how much of it changed, and which paths."""
        rows: list[Row] = []
        first = 1
        for one in self._run(pieces):
            old = states_of(one.signal, one.before, "stored")
            new = states_of(one.signal, one.after, "stored")
            rows += _rows(first, old, new, one.origins)
            first += one.items
        output.rows(_TABLE, rows, "table")

    def _run(self, pieces: Pieces) -> Iterator["_Compared"]:
        """Each request as it came and as it is now."""
        for piece in pieces:
            request = understand(piece, takes_any_text=True)
            batch = Batch(request.signal, request.body)
            self.asked.see(batch)
            numbers = Numbers(batch, partial(Batch, request.signal, request.body))
            report = Report()
            failure = None
            try:
                self._plan.run(batch, report)
            except ExecutionStopped as error:
                failure = error.failure
            except ExecutionError as error:
                raise unwritable(piece, error) from None
            numbers.adopt(report.copies)
            if failure is not None:
                self.stopped = failure_text(failure, numbers, piece.place)
            self.tally.add(tally_of(report, numbers, piece.place))
            self._progress.add(len(numbers))
            left = (item for one in report.leaving for item in one.items())
            origins = [numbers.of(item) - 1 for item in left]
            try:
                after = report.close()
            except ExecutionError as error:
                raise unwritable(piece, error) from None
            yield _Compared(request.signal, request.body, after, origins, len(numbers))
            if self.stopped is not None:
                return


class _Compared(NamedTuple):
    """A request before and after.

    Attributes:
        origins: For each item that is left its index before, or -1 for a new one.
        items: How many it came with.
    """

    signal: Signal
    before: bytes
    after: bytes
    origins: list[int]
    items: int


def _rows(
    first: int, old: Sequence[RecordState], new: Sequence[RecordState], origins: Sequence[int]
) -> Iterator[Row]:
    kept = copies_of(new, origins)
    for at, before in enumerate(old):
        if at not in kept:
            yield _row(first + at, before, None, "dropped")
        for after in kept.get(at, ()):
            found = state_changes(before, after)
            paths = ", ".join(f"{one.sign}{one.path}" for one in found)
            yield _row(first + at, before, len(found), paths)
    for origin, state in zip(origins, new, strict=True):
        if origin < 0:
            yield _row(None, state, None, "added")


def _row(item: int | None, state: RecordState, count: int | None, paths: str) -> Row:
    return {"item": item, "record": state.full_title, "changes": count, "paths": paths}
