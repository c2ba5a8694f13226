"""A plan run over telemetry, and what of it is written: results and failures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.signal import Signal
from otx.model.units import counted
from otx.ottl.plan import Plan
from otx.output import Output, Remarks
from otx.services.ottl_input import Pieces
from otx.services.ottl_open import WorkForm
from otx.services.ottl_parallel import work_all
from otx.services.ottl_progress import RunProgress, interruptible
from otx.services.ottl_work import Done, FailureText, Tally
from otx.services.rule_nouns import nouns_of

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
    size: int | None = None,
) -> int:
    """Run a plan and write what came of it; the exit code.

    Under `propagate` the first failure ends the run; what was done up to it is written all the
    same, because it is what one looks at.

    Args:
        environment: Where it is written.
        plan: What is run.
        pieces: What it is run on.
        form: What is written of it.
        out: Where to; `-` is stdout.
        is_live: Whether pieces may come slowly.
        size: How many bytes there are to read; None where that is not known.
    """
    progress = RunProgress(environment, size, shares_terminal=out == "-")
    run = _Run(environment, plan, progress.reading(pieces), Output(environment, out), progress)
    return interruptible(
        environment,
        progress,
        lambda: run.compare(form) if form in ("diff", "table") else run.work(form, is_live=is_live),
        leaves_part=not run.output.is_whole and form not in ("table", "json"),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """A plan, what it is run on, and where that is written."""

    environment: Environment
    plan: Plan
    pieces: Pieces
    output: Output
    progress: RunProgress

    def compare(self, form: RunForm) -> int:
        """Write what is another than before, record by record; the exit code."""
        from otx.services.ottl_compare import Comparison  # 12 ms, and pipes do not need it

        shown = Comparison(self.environment, self.plan, self.progress)
        write = shown.diff if form == "diff" else shown.table
        write(self.pieces, self.output)
        return self._conclude(shown.tally, shown.stopped, shown.asked.remark())

    def work(self, form: RunForm, *, is_live: bool) -> int:
        """Write what came of it; the exit code."""
        results = work_all(self.plan, self.pieces, _WORK_FORMS[form], is_live=is_live)
        bulk = _Bulk(results, self.progress)
        if form == "json":
            self.output.document(bulk.routes())
        else:
            write = {"otlp": bulk.protobuf, "jsonl": bulk.lines, "otlp-json": bulk.document}[form]
            with self.output.binary_stream() as stream:
                write(stream)
        remark = ""
        if not bulk.signals.intersection(self.plan.signals()):
            from otx.ottl.asked_contexts import AskedContexts  # 8 ms

            remark = AskedContexts(self.plan).remark()
        return self._conclude(bulk.tally, bulk.stopped, remark)

    def _conclude(self, tally: Tally, stopped: FailureText | None, remark: str) -> int:
        self.progress.clear()
        if remark:
            Remarks(self.environment).note(remark)
        nouns = nouns_of(self.plan) if tally.dropped or tally.by_row else {}
        return _conclude(self.environment, tally, stopped, nouns)


class _Bulk:
    """Results that are written as they come; memory holds one portion."""

    def __init__(self, results: Iterator[Done], progress: RunProgress) -> None:
        self._results = results
        self._progress = progress
        self.signals: set[Signal] = set()
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
                    several = _TWO_PROFILES
                raise _cannot_hold("protobuf message", several)
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
        """Where everything went: `{"routes": {pipeline: OTLP}, "dropped": {rule: count}}`.

        Where traces were sampled `dropped_traces` says how many traces those spans were.

        Raises:
            UsageError: One document cannot hold it: two requests of profiles.
        """
        bodies: dict[str, dict[Signal, list[bytes]]] = {}
        for done in self._counted():
            for pipeline, body in done.routes.items():
                bodies.setdefault(pipeline, {}).setdefault(done.signal, []).append(body)
        routes = {
            pipeline: {
                key: content
                for signal, parts in by_signal.items()
                for key, content in _json_of(signal, parts).items()
            }
            for pipeline, by_signal in bodies.items()
        }
        told: dict[str, object] = {"routes": routes, "dropped": dict(self.tally.dropped)}
        if self.tally.dropped_traces:
            told["dropped_traces"] = dict(self.tally.dropped_traces)
        return told

    def _counted(self) -> Iterator[Done]:
        for done in self._results:
            self.tally.add(done.tally)
            self._progress.add(done.tally.items)
            if done.tally.items:
                self.signals.add(done.signal)
            yield done
            if done.stopped is not None:
                self.stopped = done.stopped
                return


_TWO_PROFILES = "two requests of profiles, whose dictionaries differ"
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


def _json_of(signal: Signal, parts: Sequence[bytes]) -> dict[str, object]:
    """The OTLP/JSON of requests; a statement may have made a text in it that is no UTF-8."""
    if signal is Signal.PROFILES and len(parts) > 1:
        raise _cannot_hold("JSON document", _TWO_PROFILES)
    none: dict[str, object] = {}
    if signal in _RESOURCES:
        none = {_RESOURCES[signal].decode(): []}
    from otx.otlp.json_open import official_descriptor, write_open
    from otx.otlp.open_view import open_class

    message = open_class(signal).FromString(b"".join(parts))
    return write_open(message, official_descriptor(signal)) or none


def _cannot_hold(what: str, several: str) -> UsageError:
    return UsageError(
        f"one {what} cannot hold {several}", hint="--format jsonl writes a request a line"
    )


def _conclude(
    environment: Environment,
    tally: Tally,
    stopped: FailureText | None,
    nouns: Mapping[str, str],
) -> int:
    """Tell failures, drops and routes on stderr; the exit code."""
    remarks = Remarks(environment)
    for warning, count in tally.warnings.items():
        remarks.warning(f"{warning} ({counted(count, 'time')})")
    for rule, count in tally.dropped.items():
        whole = ""
        if rule in tally.dropped_traces:
            whole = f" of {counted(tally.dropped_traces[rule], 'trace')}"
        what = counted(count, nouns.get(rule, "record"))
        remarks.note(f"dropped {what}{whole} by {rule}")
    for row, count in tally.by_row.items():
        remarks.note(f"{row} took {counted(count, nouns.get(row, 'record'))}")
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
