"""A plan run over requests, and what of it is written: results, differences, traces, failures."""

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode
from otx.model.signal import Signal
from otx.model.units import format_count
from otx.otlp.decode import Request
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
from otx.services.ottl_input import Requests

RunForm: TypeAlias = Literal["diff", "otlp-json", "otlp", "jsonl", "table", "json"]

_TABLE = ["item", "record", "changes", "paths"]


def run_plan(
    environment: Environment, plan: Plan, requests: Requests, form: RunForm, out: str
) -> int:
    """Run a plan and write what came of it; the exit code.

    Under `propagate` the first failure ends the run; what was done up to it is written all the
    same, because it is what one looks at.
    """
    report = Report()
    runner = _Runner(plan, report)
    writer = _Writer(environment, out, report)
    results = runner.run(requests)
    if form == "diff":
        writer.diff(results)
    elif form == "table":
        writer.table(results)
    elif form == "otlp":
        writer.protobuf(results)
    elif form == "jsonl":
        writer.lines(results)
    elif form == "json":
        writer.routes(results)
    else:
        writer.document(results)
    return _conclude(environment, report, runner.stopped)


def trace_plan(
    environment: Environment, plan: Plan, requests: Requests, functions: FunctionSet, out: str
) -> int:
    """Run a plan and tell each of its steps on each record; the exit code."""
    output = Output(environment, out)
    failed = 0
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        for request in requests:
            batch = Batch(request.signal, request.body)
            for record, step in trace_batch(plan, batch, functions):
                failed += step.verdict == "failed"
                for line in step_lines(describe(record, batch), step, painter):
                    stream.write(line + "\n")
    return ExitCode.NO if failed else ExitCode.DONE


class _Result:
    """One request, before and after."""

    def __init__(self, request: Request, batch: Batch, origins: list[int]) -> None:
        self.signal = request.signal
        self.before = request.body
        self.after = batch.close()
        self.origins = origins

    def document(self) -> dict[str, Any]:
        """What is left of it, as OTLP/JSON."""
        return write_message(WIRE[self.signal].request_class.FromString(self.after))


class _Runner:
    """Runs the requests one by one, and stops where a failure propagates."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self.stopped: tuple[ExecutionStopped, str] | None = None

    def run(self, requests: Requests) -> Iterator[_Result]:
        """The results, as they come."""
        for request in requests:
            batch = Batch(request.signal, request.body)
            numbers = {id(one): at for at, one in enumerate(batch.items())}
            kept = list(batch.items())  # so that no id is given to a second record
            try:
                self._plan.run(batch, self._report)
            except ExecutionStopped as stopped:
                self.stopped = (stopped, describe(stopped.failure.record, batch))
            origins = [numbers.get(id(one), -1) for one in batch.items()]
            del kept
            yield _Result(request, batch, origins)
            if self.stopped is not None:
                return


class _Writer:
    def __init__(self, environment: Environment, out: str, report: Report) -> None:
        self._environment = environment
        self._output = Output(environment, out)
        self._report = report

    def diff(self, results: Iterator[_Result]) -> None:
        """What changed, record by record."""
        changed = 0
        with self._output.stream() as stream:
            painter = Painter(wants_colour=self._environment.wants_colour(stream))
            for result in results:
                if result.after == result.before:
                    continue
                before = item_states(result.signal, result.before)
                after = item_states(result.signal, result.after)
                for line in diff_lines(before, after, result.origins, painter):
                    changed += not line.startswith("  ")
                    stream.write(line + "\n")
        Remarks(self._environment).note(
            f"{_count(changed, 'record')} of {format_count(self._report.items)} changed"
        )

    def table(self, results: Iterator[_Result]) -> None:
        """A row a record: how much of it changed, and which paths."""
        rows = []
        for result in results:
            before = item_states(result.signal, result.before)
            after = item_states(result.signal, result.after)
            for origin, state in zip(result.origins, after, strict=True):
                found = changes(before[origin].item, state.item) if origin >= 0 else []
                paths = ", ".join(f"{one.sign}{one.path}" for one in found)
                item = origin + 1 if origin >= 0 else None
                rows.append(
                    {"item": item, "record": state.title, "changes": len(found), "paths": paths}
                )
        self._output.rows(_TABLE, rows, "table")

    def protobuf(self, results: Iterator[_Result]) -> None:
        """The requests behind one another: together they parse as one."""
        with self._output.binary_stream() as stream:
            for result in results:
                stream.write(result.after)

    def lines(self, results: Iterator[_Result]) -> None:
        """OTLP/JSON, a request a line."""
        import orjson  # 1 ms

        with self._output.binary_stream() as stream:
            for result in results:
                stream.write(orjson.dumps(result.document()) + b"\n")

    def document(self, results: Iterator[_Result]) -> None:
        """One OTLP/JSON document a signal."""
        merged = _merged(results)
        for document in merged.values() if merged else [{}]:
            self._output.document(document)

    def routes(self, results: Iterator[_Result]) -> None:
        """Where everything went: `{"routes": {pipeline: OTLP}, "dropped": {rule: count}}`."""
        signals = {result.signal for result in results}
        signal = next(iter(signals), Signal.LOGS)
        request = WIRE[signal].request_class
        self._output.document(
            {
                "routes": {
                    pipeline: write_message(request.FromString(b"".join(bodies)))
                    for pipeline, bodies in self._report.routes.items()
                },
                "dropped": dict(self._report.drops.by_rule),
            }
        )


def _merged(results: Iterator[_Result]) -> dict[Signal, dict[str, Any]]:
    merged: dict[Signal, dict[str, Any]] = {}
    for result in results:
        document = merged.setdefault(result.signal, {})
        for key, value in result.document().items():
            if isinstance(value, list) and key in document:
                document[key] += value
            else:
                document[key] = value
    return merged


def _conclude(
    environment: Environment, report: Report, stopped: tuple[ExecutionStopped, str] | None
) -> int:
    """Tell failures, drops and routes on stderr; the exit code."""
    remarks = Remarks(environment)
    for rule, count in report.drops.by_rule.items():
        remarks.note(f"dropped {_count(count, 'record')} by {rule}")
    for row, count in report.by_row.items():
        remarks.note(f"{row} took {_count(count, 'record')}")
    outcome = report.outcome
    if stopped is not None:
        error, record = stopped
        remarks.note(
            f"otx: error: {' '.join(error.failure.text.split())}\n"
            f"  failed on {record}: {error.failure.reason}"
        )
        return ExitCode.NO
    if outcome.failed:
        first = outcome.failures[0]
        remarks.warning(
            f"{_count(outcome.failed, 'failure')}; the first: {' '.join(first.text.split())}: "
            f"{first.reason}"
        )
    return ExitCode.DONE


def _count(number: int, noun: str) -> str:
    return f"{format_count(number)} {noun}{'' if number == 1 else 's'}"
