"""A plan run over telemetry, and what of it is written: results, differences, traces, failures."""

from collections.abc import Iterator
from typing import BinaryIO, Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode
from otx.model.signal import Signal
from otx.model.units import format_count
from otx.otlp.decode import Request
from otx.otlp.files import understand
from otx.otlp.json_codec import write_message
from otx.otlp.wire import WIRE
from otx.ottl.changes import changes, item_states
from otx.ottl.describe import describe
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, Report
from otx.ottl.program import ExecutionStopped
from otx.ottl.records import Batch
from otx.ottl.rendering import Painter, diff_lines, step_lines
from otx.ottl.traced_plan import trace_batch
from otx.output import Output, Remarks
from otx.services.ottl_input import Pieces
from otx.services.ottl_parallel import work_all
from otx.services.ottl_work import Done, FailureText, Tally, WorkForm

RunForm: TypeAlias = Literal["diff", "otlp-json", "otlp", "jsonl", "table", "json"]

_WORK_FORMS: dict[RunForm, WorkForm] = {
    "otlp": "protobuf",
    "otlp-json": "json",
    "jsonl": "json",
    "json": "nothing",
}
_TABLE = ["item", "record", "changes", "paths"]


def run_plan(environment: Environment, plan: Plan, pieces: Pieces, form: RunForm, out: str) -> int:
    """Run a plan and write what came of it; the exit code.

    Under `propagate` the first failure ends the run; what was done up to it is written all the
    same, because it is what one looks at.
    """
    if form in ("diff", "table"):
        shown = _Comparison(environment, plan)
        write = shown.diff if form == "diff" else shown.table
        write(pieces, Output(environment, out))
        return _conclude(environment, shown.tally, shown.stopped)
    bulk = _Bulk(work_all(plan, pieces, _WORK_FORMS[form]))
    output = Output(environment, out)
    if form == "json":
        output.document(bulk.routes())
    else:
        with output.binary_stream() as stream:
            {"otlp": bulk.protobuf, "jsonl": bulk.lines, "otlp-json": bulk.document}[form](stream)
    return _conclude(environment, bulk.tally, bulk.stopped)


def trace_plan(
    environment: Environment, plan: Plan, pieces: Pieces, functions: FunctionSet, out: str
) -> int:
    """Run a plan and tell each of its steps on each record; the exit code."""
    output = Output(environment, out)
    failed = 0
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        for request in map(understand, pieces):
            batch = Batch(request.signal, request.body)
            for record, step in trace_batch(plan, batch, functions):
                failed += step.verdict == "failed"
                for line in step_lines(describe(record, batch), step, painter):
                    stream.write(line + "\n")
    return ExitCode.NO if failed else ExitCode.DONE


class _Bulk:
    """Results that are written as they come; memory holds one portion."""

    def __init__(self, results: Iterator[Done]) -> None:
        self._results = results
        self.tally = Tally()
        self.stopped: FailureText | None = None

    def protobuf(self, stream: BinaryIO) -> None:
        """Requests behind one another: together they parse as one."""
        for done in self._counted():
            stream.write(done.out)

    def lines(self, stream: BinaryIO) -> None:
        """OTLP/JSON, a request a line."""
        for done in self._counted():
            stream.write(done.out + b"\n")

    def document(self, stream: BinaryIO) -> None:
        """One OTLP/JSON document; one for each signal where several follow one another."""
        signal: Signal | None = None
        for done in self._counted():
            head, inner = _resources(done.out)
            if done.signal is not signal:
                stream.write(b"]}\n" if signal is not None else b"")
                stream.write(head + inner)
                signal = done.signal
            elif inner:
                stream.write(b"," + inner)
        stream.write(b"]}\n" if signal is not None else b"{}\n")

    def routes(self) -> dict[str, object]:
        """Where everything went: `{"routes": {pipeline: OTLP}, "dropped": {rule: count}}`."""
        bodies: dict[str, list[bytes]] = {}
        signal = Signal.LOGS
        for done in self._counted():
            signal = done.signal
            for pipeline, body in done.routes.items():
                bodies.setdefault(pipeline, []).append(body)
        request = WIRE[signal].request_class
        routes = {
            pipeline: write_message(request.FromString(b"".join(parts)))
            for pipeline, parts in bodies.items()
        }
        return {"routes": routes, "dropped": dict(self.tally.dropped)}

    def _counted(self) -> Iterator[Done]:
        for done in self._results:
            self.tally.add(done.tally)
            yield done
            if done.stopped is not None:
                self.stopped = done.stopped
                return


def _resources(document: bytes) -> tuple[bytes, bytes]:
    """A request's JSON as `{"resource…":[`, and what stands between the brackets."""
    if document == b"{}":
        return b'{"resourceSpans":[', b""
    begin = document.index(b"[") + 1
    return document[:begin], document[begin:-2]


class _Comparison:
    """What a plan changed, record by record."""

    def __init__(self, environment: Environment, plan: Plan) -> None:
        self._environment = environment
        self._plan = plan
        self.tally = Tally()
        self.stopped: FailureText | None = None

    def diff(self, pieces: Pieces, output: Output) -> None:
        """The records that changed, with what changed in them."""
        changed = 0
        with output.stream() as stream:
            painter = Painter(wants_colour=self._environment.wants_colour(stream))
            for request, after, origins in self._run(pieces):
                if after == request.body:
                    continue
                old = item_states(request.signal, request.body)
                new = item_states(request.signal, after)
                for line in diff_lines(old, new, origins, painter):
                    changed += not line.removeprefix("\x1b[1m").startswith(" ")
                    stream.write(line + "\n")
        Remarks(self._environment).note(
            f"{_count(changed, 'record')} of {format_count(self.tally.items)} changed"
        )

    def table(self, pieces: Pieces, output: Output) -> None:
        """A row a record: how much of it changed, and which paths."""
        rows = []
        for request, after, origins in self._run(pieces):
            old = item_states(request.signal, request.body)
            for origin, state in zip(origins, item_states(request.signal, after), strict=True):
                found = changes(old[origin].item, state.item) if origin >= 0 else []
                paths = ", ".join(f"{one.sign}{one.path}" for one in found)
                item = origin + 1 if origin >= 0 else None
                rows.append(
                    {"item": item, "record": state.title, "changes": len(found), "paths": paths}
                )
        output.rows(_TABLE, rows, "table")

    def _run(self, pieces: Pieces) -> Iterator[tuple[Request, bytes, list[int]]]:
        """Each request, its bytes afterwards, and for each item left its number before."""
        for request in map(understand, pieces):
            batch = Batch(request.signal, request.body)
            before = list(batch.items())
            numbers = {id(one): at for at, one in enumerate(before)}
            report = Report()
            try:
                self._plan.run(batch, report)
            except ExecutionStopped as error:
                failure = error.failure
                self.stopped = FailureText(
                    failure.text, describe(failure.record, batch), failure.reason
                )
            self._add(report, batch)
            origins = [numbers.get(id(one), -1) for one in batch.items()]
            yield request, batch.close(), origins
            if self.stopped is not None:
                return

    def _add(self, report: Report, batch: Batch) -> None:
        first = [
            FailureText(one.text, describe(one.record, batch), one.reason)
            for one in report.outcome.failures[:1]
        ]
        self.tally.add(
            Tally(report.items, report.outcome.failed, first, report.drops.by_rule, report.by_row)
        )


def _conclude(environment: Environment, tally: Tally, stopped: FailureText | None) -> int:
    """Tell failures, drops and routes on stderr; the exit code."""
    remarks = Remarks(environment)
    for warning, count in tally.warnings.items():
        remarks.warning(f"{warning} ({format_count(count)} times)")
    for rule, count in tally.dropped.items():
        remarks.note(f"dropped {_count(count, 'record')} by {rule}")
    for row, count in tally.by_row.items():
        remarks.note(f"{row} took {_count(count, 'record')}")
    if stopped is not None:
        remarks.note(
            f"otx: error: {' '.join(stopped.text.split())}\n"
            f"  failed on {stopped.record}: {stopped.reason}"
        )
        return ExitCode.NO
    if tally.failed:
        first = tally.failures[0]
        remarks.warning(
            f"{_count(tally.failed, 'failure')}; the first: {' '.join(first.text.split())}\n"
            f"  on {first.record}: {first.reason}"
        )
    return ExitCode.DONE


def _count(number: int, noun: str) -> str:
    return f"{format_count(number)} {noun}{'' if number == 1 else 's'}"
