"""Rules on what arrives: what is kept, dropped and refused, and how they are read again."""

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.errors import UsageError
from otx.otlp.refusal import Reason, Refusal
from otx.ottl.batch import Batch
from otx.ottl.gates import switched
from otx.ottl.plan import Plan
from otx.ottl.report import Report
from otx.services import receive_transform
from otx.services.receive_transform import Transform
from otx.services.transform_rules import Rules, read_rules
from tests.services.small_requests import gauges_request, logs_request, span_names, spans_request

TIMEOUT_S = 20
FILTER = "filter: {trace_conditions: ['span.name == \"drop\"']}"
FAILING = """\
transform:
  error_mode: propagate
  trace_statements: ['set(span.attributes["a"], Substring(span.name, 0, 3))']
"""


class Live:
    """A transform over a file, and what it said."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.said: list[str] = []
        self.transform: Transform | None = None

    def start(self, text: str) -> Transform:
        self.file.write_text(text)
        self.transform = Transform(
            lambda: read_rules(self.file, self.file.name, {}, switched("")),
            self.said.append,
            self.said.append,
            lambda: 12_000,
        )
        return self.transform


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path / "rules.yaml")
    yield made
    if made.transform is not None:
        made.transform.close()


def test_what_a_rule_names_is_dropped_and_the_rest_is_kept(live: Live) -> None:
    transform = live.start(FILTER)
    kept = transform.apply(spans_request("keep", "drop", "keep")).result(TIMEOUT_S)
    assert kept is not None
    assert span_names(kept) == ["keep", "keep"]
    assert kept.records == 2
    report = transform.report()
    assert list(report.lines()) == [
        "  rules.yaml kept 2 of 3 spans",
        "  rules.yaml took 4.00 µs of CPU a span",
        '  dropped 1 of 3 spans by filter.trace_conditions[0]: span.name == "drop"',
    ]


def test_nothing_is_left_where_all_is_dropped(live: Live) -> None:
    transform = live.start(FILTER)
    assert transform.apply(spans_request("drop", "drop")).result(TIMEOUT_S) is None
    assert transform.report().emptied == 1


def test_what_two_pipelines_export_is_kept_once_and_told_once_where_it_differs(live: Live) -> None:
    transform = live.start(
        "processors: {transform: {trace_statements: ['set(span.name, \"new\")']}}\n"
        "connectors: {forward: , spanmetrics: }\n"
        "service:\n  pipelines:\n"
        "    traces/in: {exporters: [debug, forward, spanmetrics]}\n"
        "    traces/on: {receivers: [forward], processors: [transform], exporters: [debug]}\n"
        "    metrics: {receivers: [spanmetrics], exporters: [debug]}\n"
    )
    for _ in range(2):
        kept = transform.apply(spans_request("a", "b")).result(TIMEOUT_S)
        assert kept is not None
        assert span_names(kept) == ["new", "new"]
    assert list(transform.report().lines()) == [
        "  rules.yaml kept 4 of 4 spans",
        "  rules.yaml took 3.00 µs of CPU a span",
    ]
    assert live.said == [
        "spanmetrics is not run: what it would make of traces/in is not there",
        "traces/on and traces/in export the same spans, changed differently: "
        "those of traces/on are kept",
    ]


def test_an_empty_request_was_not_emptied(live: Live) -> None:
    transform = live.start(FILTER)
    assert transform.apply(spans_request()).result(TIMEOUT_S) is not None
    assert transform.report().emptied == 0


def test_a_metric_goes_with_its_last_data_point(live: Live) -> None:
    transform = live.start('filter: {metrics: {datapoint: [metric.name == "a", value_int == 0]}}')
    kept = transform.apply(gauges_request(a=3, b=3)).result(TIMEOUT_S)
    assert kept is not None
    assert kept.records == 2
    assert next(transform.report().lines()) == "  rules.yaml kept 2 of 6 data points"


def test_a_signal_that_no_rule_is_about_goes_by_as_it_came(live: Live) -> None:
    transform = live.start(FILTER)
    request = logs_request("a")
    assert transform.apply(request).result(TIMEOUT_S) is request
    assert not transform.report().came


def test_under_propagate_the_request_is_refused_for_good(live: Live) -> None:
    transform = live.start(FAILING)
    made = transform.apply(spans_request("fine", "no"))
    with pytest.raises(Refusal) as caught:
        made.result(TIMEOUT_S)
    assert caught.value.reason is Reason.STATEMENT_FAILED
    assert not caught.value.reason.value.is_retryable
    assert caught.value.message.startswith(
        'set(span.attributes["a"], Substring(span.name, 0, 3)) failed on span 2 of 2 "no", trace '
    )
    report = transform.report()
    assert report.failures.total() == 1
    assert not report.came
    assert not live.said


def test_under_ignore_it_goes_on(live: Live) -> None:
    transform = live.start(FAILING.replace("propagate", "ignore"))
    kept = transform.apply(spans_request("no", "fine")).result(TIMEOUT_S)
    assert kept is not None
    message = ExportTraceServiceRequest.FromString(kept.body)
    spans = message.resource_spans[0].scope_spans[0].spans
    assert [len(span.attributes) for span in spans] == [0, 1]
    assert len(live.said) == 1


def test_a_record_is_told_by_the_number_it_came_with(live: Live) -> None:
    transform = live.start(f"{FILTER}\n{FAILING.replace('propagate', 'ignore')}")
    transform.apply(spans_request("drop", "fine", "no")).result(TIMEOUT_S)
    assert "failed on span 3 of 3" in live.said[0]


def test_a_text_that_was_cut_within_a_character_is_readable_all_the_same(live: Live) -> None:
    statements = (
        '["set(span.name, Substring(span.name, 0, 4))", "set(span.attributes[\\"a\\"], span.name)"]'
    )
    transform = live.start(f"transform: {{trace_statements: {statements}}}")
    kept = transform.apply(spans_request("café")).result(TIMEOUT_S)
    assert kept is not None
    assert span_names(kept) == ["caf\N{REPLACEMENT CHARACTER}"]
    span = ExportTraceServiceRequest.FromString(kept.body).resource_spans[0].scope_spans[0].spans[0]
    assert span.attributes[0].value.string_value == "caf\N{REPLACEMENT CHARACTER}"


def test_what_no_reader_could_read_is_refused(live: Live) -> None:
    live.file = live.file.with_suffix(".ottl")
    statements = [
        'set(span.attributes["a"], [1])',
        *['set(span.attributes["a"], [span.attributes["a"]])'] * 44,
        'set(span.attributes["m"], {})',
        'set(span.attributes["m"]["k"], span.attributes["a"])',
    ]
    made = live.start("\n".join(statements)).apply(spans_request("a"))
    with pytest.raises(Refusal, match="made no OTLP of it: a value is nested deeper") as caught:
        made.result(TIMEOUT_S)
    assert caught.value.reason is Reason.STATEMENT_FAILED


def test_the_file_is_read_again_when_asked(live: Live) -> None:
    transform = live.start(FILTER)
    live.file.write_text(FILTER.replace("drop", "other"))
    transform.reload()
    assert live.said == ["read rules.yaml again: its rules hold from now on"]
    kept = transform.apply(spans_request("drop", "other")).result(TIMEOUT_S)
    assert kept is not None
    assert span_names(kept) == ["drop"]
    # Rules that share a place and differ in their text are told apart.
    assert [line.partition(" spans")[0] for line in transform.report().lines()][2:] == [
        "  dropped 0 of 0",
        "  dropped 1 of 2",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filter: {trace_conditions: [span.nmae == nil]}", "rules.yaml:1:34: 'nmae' is no path"),
        ("filter: [", "no YAML"),
        ("", "holds no OTTL"),
    ],
)
def test_rules_stay_where_the_new_ones_cannot_be_used(live: Live, text: str, said: str) -> None:
    transform = live.start(FILTER)
    live.file.write_text(text)
    transform.reload()
    (warning,) = live.said
    assert warning.startswith("the rules stay as they are: ")
    assert said in warning
    kept = transform.apply(spans_request("drop", "keep")).result(TIMEOUT_S)
    assert kept is not None
    assert span_names(kept) == ["keep"]


def test_rules_stay_where_the_file_is_gone(live: Live) -> None:
    transform = live.start(FILTER)
    live.file.unlink()
    transform.reload()
    assert "cannot read rules.yaml" in live.said[0]


def test_rules_that_cannot_be_used_do_not_start(live: Live) -> None:
    with pytest.raises(UsageError, match=r"rules\.yaml:1:34"):
        live.start("filter: {trace_conditions: [span.nmae == nil]}")


def test_what_is_left_out_is_told_once(live: Live) -> None:
    transform = live.start(f"{FILTER}\ntail_sampling: {{policies: []}}")
    transform.reload()
    assert sum("left out" in said for said in live.said) == 1


class Gate(Plan):
    """A plan that waits before it runs."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.entries)
        self.__dict__["gate"] = threading.Event()

    @property
    def opened(self) -> threading.Event:
        """Set to let it run."""
        found: threading.Event = self.__dict__["gate"]
        return found

    def run(self, batch: Batch, report: Report) -> None:
        self.opened.wait(TIMEOUT_S)
        super().run(batch, report)


def test_what_waits_is_bounded(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    transform = live.start(FILTER)
    rules = transform._rules
    gate = Gate(rules.plan)
    transform._rules = Rules(rules.file, gate, rules.names, ())
    request = spans_request("keep")
    monkeypatch.setattr(receive_transform, "CAPACITY_BYTES", 2 * len(request.body))
    waiting = [transform.apply(request) for _ in range(2)]
    with pytest.raises(Refusal) as caught:
        transform.apply(request)
    assert caught.value.reason is Reason.BUSY
    gate.opened.set()
    for made in waiting:
        assert made.result(TIMEOUT_S) is not None
    assert transform.apply(request).result(TIMEOUT_S) is not None


def test_opened_requests_do_not_pile_up(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive_transform, "_COLLECT_BYTES", 1)
    transform = live.start(FILTER)
    opened: list[weakref.ref[Batch]] = []
    made = Batch.__init__

    def remember(self: Batch, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]  # whatever it was called with
        opened.append(weakref.ref(self))

    monkeypatch.setattr(Batch, "__init__", remember)
    gc.disable()
    try:
        for _ in range(3):
            transform.apply(spans_request("keep")).result(TIMEOUT_S)
        transform.apply(logs_request("by")).result(TIMEOUT_S)
        assert sum(one() is not None for one in opened) <= 1
    finally:
        gc.enable()
