"""One piece of telemetry through a plan: bytes as they were read to bytes as they are written.

Everything that comes back is plain data, so that the work can be done in another process.
"""

from collections import Counter
from dataclasses import dataclass, field

from otx.errors import ExitCode, OtxError
from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.otlp.pieces import Piece
from otx.ottl.batch import Batch
from otx.ottl.describe import Numbers, describe
from otx.ottl.errors import ExecutionError
from otx.ottl.plan import Plan
from otx.ottl.program import MAX_FAILURES, ExecutionStopped, Failure
from otx.ottl.report import Report
from otx.services.ottl_open import WorkForm, open_piece, written


class FailureText(Frozen):
    """A failure in words.

    Attributes:
        text: The statement or condition.
        record: Which record it failed on.
        reason: Why.
    """

    text: str
    record: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What was counted over any number of pieces."""

    items: int = 0
    failed: int = 0
    failures: list[FailureText] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_traces: Counter[str] = field(default_factory=Counter)
    by_row: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count in what another piece came to."""
        self.items += other.items
        self.failed += other.failed
        self.failures += other.failures[: max(0, MAX_FAILURES - len(self.failures))]
        self.dropped.update(other.dropped)
        self.dropped_traces.update(other.dropped_traces)
        self.by_row.update(other.by_row)
        self.warnings.update(other.warnings)


class Done(Frozen):
    """What one piece came to.

    Attributes:
        signal: Its signal.
        out: What is left of it, in the form that was asked for.
        routes: What went to which pipeline, as protobuf.
        stopped: The failure under `propagate` that ended it.
    """

    signal: Signal
    out: bytes
    tally: Tally
    routes: dict[str, bytes]
    stopped: FailureText | None = None


def work(plan: Plan, piece: Piece, form: WorkForm) -> Done:
    """Run a plan over one piece.

    Raises:
        UsageError: The piece is no OTLP; its place is named.
    """
    opened = open_piece(plan, piece, form)
    batch = Batch(opened.signal, opened.message)
    numbers = Numbers(batch, lambda: Batch(opened.signal, open_piece(plan, piece, form).message))
    report = Report(keeps_contents=form == "nothing")
    failure = None
    try:
        plan.run(batch, report)
    except ExecutionStopped as error:
        failure = error.failure
    except ExecutionError as error:
        raise unwritable(piece, error) from None
    numbers.adopt(report.copies)
    stopped = None if failure is None else failure_text(failure, numbers, piece.place)
    try:
        for one in report.leaving:
            one.flush()
    except ExecutionError as error:
        raise unwritable(piece, error) from None
    tally = tally_of(report, numbers, piece.place)
    tally.warnings.update(opened.warnings)
    routes = {pipeline: b"".join(bodies) for pipeline, bodies in report.routes.items()}
    out = written(report.leaving, opened.signal, form)
    for one in (batch, *report.leaving):
        one.release()
    numbers.release()
    return Done(opened.signal, out, tally, routes, stopped)


def unwritable(piece: Piece, error: ExecutionError) -> OtxError:
    """The error for what statements made of a piece, where OTLP has no way to write it."""
    return OtxError(f"{piece.place}: what the statements made: {error}", code=ExitCode.NO)


def tally_of(report: Report, numbers: Numbers, place: str) -> Tally:
    """What one piece's report comes to."""
    outcome = report.outcome
    first = [failure_text(one, numbers, place) for one in outcome.failures[:1]]
    drops = report.drops
    return Tally(
        report.items,
        outcome.failed,
        first,
        drops.by_rule,
        drops.traces_by_rule,
        report.by_row,
    )


def failure_text(failure: Failure, numbers: Numbers, place: str) -> FailureText:
    """A failure in words; its record is named with the piece that it stands in."""
    return FailureText(
        failure.text, f"{describe(failure.record, numbers)}, in {place}", failure.reason
    )
