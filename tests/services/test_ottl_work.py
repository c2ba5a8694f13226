"""One piece through a plan: what is left, what was counted, and who is named."""

import json

import pytest

from otx.errors import ExitCode, OtxError, UsageError
from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.pieces import Piece
from otx.services.ottl_open import WorkForm
from otx.services.ottl_work import FailureText, Tally, work
from tests.services.ottl_case import config, json_pieces, protobuf_pieces, statements
from tests.services.small_requests import logs_request, span_names, spans_request

CHANGE = statements('set(span.name, "x") where span.name == "a"')
FAILING = "set(span.name, Substring(span.name, 0, 4))"


def names(body: bytes) -> list[str]:
    return span_names(Request(Signal.TRACES, body, 0))


def test_a_piece_comes_back_in_the_form_that_is_wanted() -> None:
    for piece in (*json_pieces(spans_request("a", "b")), *protobuf_pieces(spans_request("a", "b"))):
        assert names(work(CHANGE, piece, "protobuf").out) == ["x", "b"]
        done = work(CHANGE, piece, "json")
        spans = json.loads(done.out)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert [one["name"] for one in spans] == ["x", "b"]
        assert (done.signal, done.tally.items) == (Signal.TRACES, 2)
        assert work(CHANGE, piece, "nothing").out == b""


def test_what_is_not_touched_keeps_its_bytes() -> None:
    unknown = spans_request("a").body + b"\xa2\x06\x03abc"  # field 100
    piece = Piece("protobuf", unknown, "in.pb", Signal.TRACES)
    assert work(statements("set(log.body, 1)"), piece, "protobuf").out == unknown


def test_a_failure_under_propagate_ends_it_and_names_record_and_place() -> None:
    (piece,) = json_pieces(spans_request("long enough", "abc", "also long"))
    done = work(statements(FAILING), piece, "protobuf")
    assert done.stopped is not None
    assert done.stopped.text == FAILING
    assert done.stopped.record.startswith('span 2 of 3 "abc", trace ')
    assert done.stopped.record.endswith(", in in.jsonl:1")
    # What was changed before stays changed.
    assert names(done.out) == ["long", "abc", "also long"]
    assert (done.tally.failed, len(done.tally.failures)) == (1, 1)


def test_failures_that_are_ignored_are_counted_and_the_first_is_told() -> None:
    (piece,) = json_pieces(spans_request("abc", "long enough", "x"))
    done = work(statements(FAILING, error_mode="ignore"), piece, "protobuf")
    assert done.stopped is None
    assert done.tally.failed == 2
    assert [one.record.partition(",")[0] for one in done.tally.failures] == ['span 1 of 3 "abc"']


def test_a_record_that_is_dropped_later_is_told_by_the_number_it_came_with() -> None:
    plan = config(
        transform={"trace_statements": [FAILING]},
        filter={"trace_conditions": ['span.name == "abc"']},
    )
    (piece,) = json_pieces(spans_request("long", "abc"))
    done = work(plan, piece, "protobuf")
    assert names(done.out) == ["long"]
    assert done.tally.dropped == {"filter.trace_conditions[0]": 1}
    assert done.tally.failures[0].record.startswith('span 2 of 2 "abc"')


def test_routes_come_back_by_pipeline() -> None:
    row = {"context": "log", "condition": 'body == "a"', "pipelines": ["logs/a", "logs/both"]}
    plan = config(routing={"table": [row], "default_pipelines": ["logs/rest"]})
    (piece,) = json_pieces(logs_request("a", "b"))
    done = work(plan, piece, "nothing")
    assert list(done.routes) == ["logs/a", "logs/both", "logs/rest"]
    assert done.tally.by_row == {"routing.table[0]": 1}


def test_what_should_not_be_sent_is_a_warning() -> None:
    data = (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","start_time_unix_nano":"1"}]}]}]}'
    )
    done = work(CHANGE, Piece("json", data, "in.json"), "json")
    (warning,) = done.tally.warnings
    assert "start_time_unix_nano" in warning


def test_text_that_is_no_utf_8_is_readable_in_json() -> None:
    cut = statements(
        'set(span.attributes["a"], Substring(span.name, 0, 4))',
        "set(span.name, Substring(span.name, 0, 4))",
    )
    (piece,) = json_pieces(spans_request("café"))
    span = json.loads(work(cut, piece, "json").out)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert span["name"] == "caf\N{REPLACEMENT CHARACTER}"
    assert span["attributes"][0]["value"] == {"stringValue": "caf\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize("form", ["json", "nothing"])
def test_what_otlp_cannot_hold_is_an_error_that_names_the_piece(form: WorkForm) -> None:
    deep = [
        'set(span.attributes["a"], [1])',
        *['set(span.attributes["a"], [span.attributes["a"]])'] * 44,
        'set(span.attributes["m"], {})',
        'set(span.attributes["m"]["k"], span.attributes["a"])',
    ]
    (piece,) = json_pieces(spans_request("a"))
    with pytest.raises(OtxError, match=r"^in\.jsonl:1: .* nested deeper") as caught:
        work(statements(*deep), piece, form)
    assert caught.value.code == ExitCode.NO


@pytest.mark.parametrize(
    ("encoding", "data", "said"),
    [
        ("json", b"{", "in is no JSON"),
        ("json", b"{}", "in is no OTLP"),
        ("json", b"[]", "in is no OTLP"),
        ("json", b'{"resourceSpans":[{"scopeSpans":7}]}', r"in: resourceSpans\[0\]\.scopeSpans"),
        ("protobuf", b"\x0a\x03abc", "in is no OTLP"),
    ],
)
def test_a_piece_that_is_no_otlp_is_named(encoding: str, data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        work(CHANGE, Piece(encoding, data, "in"), "json")  # type: ignore[arg-type]  # a literal


def test_tallies_add_up_and_keep_a_bounded_number_of_failures() -> None:
    total = Tally()
    for _ in range(300):
        total.add(Tally(1, 2, [FailureText("a", "b", "c")]))
    assert (total.items, total.failed, len(total.failures)) == (300, 600, 100)
