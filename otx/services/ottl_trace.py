"""`otx ottl run --trace`: each statement and condition on each record, for people or as JSON."""

from collections.abc import Iterator
from functools import partial
from typing import Literal, TextIO, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode
from otx.otlp.files import understand
from otx.ottl.asked_contexts import AskedContexts
from otx.ottl.batch import Batch
from otx.ottl.describe import Numbers, describe
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan
from otx.ottl.rendering import step_lines, where_text
from otx.ottl.report import Report
from otx.ottl.trace_rows import trace_row
from otx.ottl.traced_plan import Told, trace_batch
from otx.output import Output, Painter, Remarks, to_json
from otx.services.ottl_input import Pieces
from otx.services.ottl_progress import RunProgress, interruptible

TraceForm: TypeAlias = Literal["text", "json", "jsonl"]


def trace_plan(
    environment: Environment,
    plan: Plan,
    pieces: Pieces,
    functions: FunctionSet,
    out: str,
    form: TraceForm = "text",
    size: int | None = None,
) -> int:
    """Run a plan and tell each of its steps on each record; the exit code.

    A failure under `propagate` does not end it, so that one sees what else would go wrong.

    Args:
        environment: Where it is told.
        plan: What is run.
        pieces: What it is run on.
        functions: Those that it was compiled with.
        out: Where to write; `-` is stdout.
        form: Text, a JSON document, or an object a line.
        size: How many bytes there are to read; None where that is not known.
    """
    progress = RunProgress(environment, size, shares_terminal=out == "-")
    tracing = _Tracing(plan, functions, progress)

    output = Output(environment, out)

    def write() -> int:
        with output.stream() as stream:
            told = tracing.run(progress.reading(pieces))
            if form == "text":
                has_several = len(plan.pipeline_names) > 1
                _write_text(stream, told, Painter.of(environment, stream), has_several)
            else:
                _write_rows(stream, told, form)
        progress.clear()
        if remark := tracing.asked.remark():
            Remarks(environment).note(remark)
        return ExitCode.NO if tracing.has_failed else ExitCode.DONE

    return interruptible(environment, progress, write, leaves_part=not output.is_whole)


class _Tracing:
    """A plan that is traced.

    Attributes:
        asked: Whether any record of its contexts came by.
        has_failed: Whether something failed that is under `propagate`.
    """

    def __init__(self, plan: Plan, functions: FunctionSet, progress: RunProgress) -> None:
        self._plan = plan
        self._functions = functions
        self._progress = progress
        self.asked = AskedContexts(plan)
        self.has_failed = False

    def run(self, pieces: Pieces) -> Iterator[tuple[Told, str]]:
        """Each step, and its record in words."""
        for piece in pieces:
            request = understand(piece, takes_any_text=True)
            batch = Batch(request.signal, request.body)
            self.asked.see(batch)
            numbers = Numbers(batch, partial(Batch, request.signal, request.body))
            report = Report()
            record, title = None, ""
            for told in trace_batch(self._plan, batch, self._functions, report):
                numbers.adopt(report.take_copies())
                verdict = (told.step.verdict, told.site.error_mode)
                self.has_failed = self.has_failed or verdict == ("failed", "propagate")
                if told.record is not record:
                    record, title = told.record, describe(told.record, numbers)
                yield told, title
            numbers.release()
            self._progress.add(len(numbers))


def _write_text(
    stream: TextIO, steps: Iterator[tuple[Told, str]], painter: Painter, has_several: bool
) -> None:
    """The steps, under the name of their component, with its pipeline where there are several."""
    last = ""
    for told, title in steps:
        where = where_text(told.site.component, told.pipeline if has_several else "")
        if where != last:
            stream.write(painter.strong(where) + "\n")
            last = where
        for line in step_lines(title, told.step, painter, told.effect):
            stream.write(line + "\n")


def _write_rows(
    stream: TextIO, steps: Iterator[tuple[Told, str]], form: Literal["json", "jsonl"]
) -> None:
    if form == "jsonl":
        for told, title in steps:
            stream.write(to_json(trace_row(told, title)) + "\n")
        return
    separator = "[\n"
    for told, title in steps:
        stream.write(separator + to_json(trace_row(told, title)))
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")
