"""A plan run over telemetry, and what of it is written: results, traces, failures."""

from collections.abc import Iterator
from typing import BinaryIO, Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode
from otx.model.signal import Signal
from otx.model.units import counted
from otx.otlp.wire import WIRE
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan
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


def run_plan(environment: Environment, plan: Plan, pieces: Pieces, form: RunForm, out: str) -> int:
    """Run a plan and write what came of it; the exit code.

    Under `propagate` the first failure ends the run; what was done up to it is written all the
    same, because it is what one looks at.
    """
    if form in ("diff", "table"):
        from otx.services.ottl_compare import Comparison  # 12 ms, and pipes do not need it

        shown = Comparison(environment, plan)
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
    from otx.otlp.files import understand
    from otx.ottl.describe import Numbers, describe
    from otx.ottl.records import Batch
    from otx.ottl.rendering import Painter, step_lines
    from otx.ottl.traced_plan import trace_batch

    output = Output(environment, out)
    failed = 0
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        for request in map(understand, pieces):
            batch = Batch(request.signal, request.body)
            numbers = Numbers(batch)
            for record, step in trace_batch(plan, batch, functions):
                failed += step.verdict == "failed"
                for line in step_lines(describe(record, numbers), step, painter):
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
        from otx.otlp.json_codec import write_message

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


def _conclude(environment: Environment, tally: Tally, stopped: FailureText | None) -> int:
    """Tell failures, drops and routes on stderr; the exit code."""
    remarks = Remarks(environment)
    for warning, count in tally.warnings.items():
        remarks.warning(f"{warning} ({counted(count, 'time')})")
    for rule, count in tally.dropped.items():
        remarks.note(f"dropped {counted(count, 'record')} by {rule}")
    for row, count in tally.by_row.items():
        remarks.note(f"{row} took {counted(count, 'record')}")
    if stopped is not None:
        remarks.note(
            f"otx: error: {' '.join(stopped.text.split())}\n"
            f"  failed on {stopped.record}: {stopped.reason}"
        )
        return ExitCode.NO
    if tally.failed:
        first = tally.failures[0]
        remarks.warning(
            f"{counted(tally.failed, 'failure')}; the first: {' '.join(first.text.split())}\n"
            f"  on {first.record}: {first.reason}"
        )
    return ExitCode.DONE
