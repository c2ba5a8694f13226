"""A plan run over telemetry, and what of it is written: results, traces, failures."""

from collections.abc import Iterator
from typing import BinaryIO, Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.signal import Signal
from otx.model.units import counted
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, Report
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


def run_plan(
    environment: Environment,
    plan: Plan,
    pieces: Pieces,
    form: RunForm,
    out: str,
    *,
    is_live: bool = True,
) -> int:
    """Run a plan and write what came of it; the exit code. `is_live`: pieces may come slowly.

    Under `propagate` the first failure ends the run; what was done up to it is written all the
    same, because it is what one looks at.
    """
    if form in ("diff", "table"):
        from otx.services.ottl_compare import Comparison  # 12 ms, and pipes do not need it

        shown = Comparison(environment, plan)
        write = shown.diff if form == "diff" else shown.table
        write(pieces, Output(environment, out))
        return _conclude(environment, shown.tally, shown.stopped)
    bulk = _Bulk(work_all(plan, pieces, _WORK_FORMS[form], is_live=is_live))
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
    """Run a plan and tell each of its steps on each record; the exit code.

    A failure under `propagate` does not end it, so that one sees what else would go wrong.
    """
    from otx.otlp.files import understand
    from otx.ottl.describe import Numbers, describe
    from otx.ottl.records import Batch
    from otx.ottl.rendering import Painter, step_lines
    from otx.ottl.traced_plan import trace_batch

    output = Output(environment, out)
    is_failure = False
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        for piece in pieces:
            request = understand(piece, takes_any_text=True)
            batch = Batch(request.signal, request.body)
            numbers = Numbers(batch)
            report = Report()
            for told in trace_batch(plan, batch, functions, report):
                numbers.adopt(report.take_copies())
                verdict = (told.step.verdict, told.site.error_mode)
                is_failure = is_failure or verdict == ("failed", "propagate")
                title = describe(told.record, numbers)
                for line in step_lines(title, told.step, painter, told.effect):
                    stream.write(line + "\n")
    return ExitCode.NO if is_failure else ExitCode.DONE


class _Bulk:
    """Results that are written as they come; memory holds one portion."""

    def __init__(self, results: Iterator[Done]) -> None:
        self._results = results
        self.tally = Tally()
        self.stopped: FailureText | None = None

    def protobuf(self, stream: BinaryIO) -> None:
        """Requests behind one another: together they parse as one.

        Raises:
            UsageError: They would not: two signals, or two requests of profiles.
        """
        signal: Signal | None = None
        for done in self._counted():
            if signal not in (None, done.signal) or signal is Signal.PROFILES:
                several = f"{signal} and {done.signal}"
                if signal is done.signal:
                    several = "two requests of profiles, whose dictionaries differ"
                raise UsageError(
                    f"one protobuf message cannot hold {several}",
                    hint="--format jsonl writes a request a line",
                )
            signal = done.signal
            stream.write(done.out)

    def lines(self, stream: BinaryIO) -> None:
        """OTLP/JSON, a request a line; of what became empty there is none."""
        for done in self._counted():
            if done.out != _EMPTY:
                stream.write(done.out + b"\n")

    def document(self, stream: BinaryIO) -> None:
        """One OTLP/JSON document, or a line for each signal where several follow one another.

        Requests of profiles stay apart: each has a dictionary of its own.
        """
        signal: Signal | None = None
        separator = b""
        is_written = False
        for done in self._counted():
            is_apart = done.signal is Signal.PROFILES
            if is_apart and done.out == _EMPTY:
                continue
            is_written = True
            if signal is not None and (is_apart or done.signal is not signal):
                stream.write(b"]}\n")
                signal = None
            if is_apart:
                stream.write(done.out + b"\n")
                continue
            if signal is None:
                stream.write(b'{"%s":[' % _RESOURCES[done.signal])
                signal, separator = done.signal, b""
            if inner := _resources(done.out):
                stream.write(separator + inner)
                separator = b","
        if signal is not None:
            stream.write(b"]}\n")
        elif not is_written:
            stream.write(_EMPTY + b"\n")

    def routes(self) -> dict[str, object]:
        """Where everything went: `{"routes": {pipeline: OTLP}, "dropped": {rule: count}}`."""
        bodies: dict[str, dict[Signal, list[bytes]]] = {}
        for done in self._counted():
            for pipeline, body in done.routes.items():
                bodies.setdefault(pipeline, {}).setdefault(done.signal, []).append(body)
        routes = {
            pipeline: {
                key: content
                for signal, parts in by_signal.items()
                for key, content in _json_of(signal, b"".join(parts)).items()
            }
            for pipeline, by_signal in bodies.items()
        }
        return {"routes": routes, "dropped": dict(self.tally.dropped)}

    def _counted(self) -> Iterator[Done]:
        for done in self._results:
            self.tally.add(done.tally)
            yield done
            if done.stopped is not None:
                self.stopped = done.stopped
                return


_EMPTY = b"{}"
"""The OTLP/JSON of a request with nothing in it."""
_RESOURCES = {
    Signal.TRACES: b"resourceSpans",
    Signal.METRICS: b"resourceMetrics",
    Signal.LOGS: b"resourceLogs",
}


def _resources(document: bytes) -> bytes:
    """What stands between the brackets of a request's JSON."""
    return document[document.index(b"[") + 1 : -2] if document != _EMPTY else b""


def _json_of(signal: Signal, body: bytes) -> dict[str, object]:
    """A request's OTLP/JSON; a statement may have made a text in it that is no UTF-8."""
    from otx.otlp.json_open import official_descriptor, write_open
    from otx.otlp.open_view import open_class

    return write_open(open_class(signal).FromString(body), official_descriptor(signal), {})


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
