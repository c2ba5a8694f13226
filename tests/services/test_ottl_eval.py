"""An expression on every record: its values, its exit codes, what it is refused for."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import ExitCode, OtxError, UsageError
from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.services.ottl_eval import EvalOptions, run_eval
from otx.services.ottl_input import Pieces
from tests.services.ottl_case import FUNCTIONS, protobuf_pieces, said, world
from tests.services.small_requests import logs_request, spans_request

OPTIONS = EvalOptions("span.name", False, False, "", "jsonl", FUNCTIONS)


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return world(tmp_path)


def evaluate(here: Environment, options: EvalOptions, *requests: Request) -> int:
    wanted: list[Signal] = []

    def opened(signals: Collection[Signal]) -> Pieces:
        wanted.extend(signals)
        return protobuf_pieces(*requests)

    code = run_eval(here, options, opened, "-")
    assert wanted
    return code


def test_a_value_a_record_and_other_signals_are_passed_over(here: Environment) -> None:
    assert evaluate(here, OPTIONS, spans_request("a", "b"), logs_request("x")) == 0
    assert said(here) == ('"a"\n"b"\n', "")


def test_no_record_of_the_context_is_told(here: Environment) -> None:
    assert evaluate(here, OPTIONS, logs_request("x")) == 0
    told = "no record of the context span is in the input: nothing was evaluated\n"
    assert said(here) == ("", told)


def test_a_context_that_all_signals_have_is_evaluated_on_all(here: Environment) -> None:
    options = replace(OPTIONS, expression="scope.name")
    assert evaluate(here, options, spans_request("a"), logs_request("x")) == 0
    assert said(here)[0] == '""\n""\n'


def test_json_is_one_document_and_otlp_an_any_value_each(here: Environment) -> None:
    assert evaluate(here, replace(OPTIONS, form="json"), spans_request("a")) == 0
    assert evaluate(here, replace(OPTIONS, form="otlp"), spans_request("a")) == 0
    assert said(here)[0] == '[\n  "a"\n]\n{"stringValue": "a"}\n'


@pytest.mark.parametrize(
    ("expression", "exit_status", "code"),
    [
        ('span.name == "b"', False, ExitCode.DONE),
        ('span.name == "b"', True, ExitCode.DONE),
        ('span.name == "z"', False, ExitCode.DONE),
        ('span.name == "z"', True, ExitCode.NO),
    ],
)
def test_a_condition_gives_true_or_false_and_an_exit_status_where_asked(
    here: Environment, expression: str, exit_status: bool, code: int
) -> None:
    options = replace(OPTIONS, expression=expression, is_condition=True, exit_status=exit_status)
    assert evaluate(here, options, spans_request("a", "b")) == code
    assert said(here)[0].split() == ["false", "true" if "b" in expression else "false"]


def test_a_failure_names_the_record(here: Environment) -> None:
    options = replace(OPTIONS, expression="Substring(span.name, 0, 2)")
    where = r"failed on span 2 of 2 \"c\", trace .*, in in\.pb, record 1: Substring\(span\.name"
    with pytest.raises(OtxError, match=where) as caught:
        evaluate(here, options, spans_request("ab", "c"))
    assert caught.value.message.startswith("Substring(span.name, 0, 2)\n")
    assert caught.value.code == ExitCode.NO
    assert said(here)[0] == '"ab"\n'


@pytest.mark.parametrize(
    ("options", "said_"),
    [
        (replace(OPTIONS, expression="1"), "the context cannot be inferred"),
        (replace(OPTIONS, expression="span.nmae"), "'nmae' is no path"),
        (replace(OPTIONS, expression="span.name =="), "invalid syntax"),
        (replace(OPTIONS, expression="span.name", is_condition=True), "a path is no condition"),
    ],
)
def test_what_does_not_check_is_refused(
    here: Environment, options: EvalOptions, said_: str
) -> None:
    with pytest.raises(UsageError, match=said_):
        run_eval(here, options, lambda _: iter(()), "-")


def test_with_a_context_paths_need_not_name_it(here: Environment) -> None:
    options = replace(OPTIONS, expression="name", context="span")
    assert evaluate(here, options, spans_request("a")) == 0


def test_a_condition_without_its_flag_is_told_of_it(here: Environment) -> None:
    for context in ("", "span"):
        options = replace(OPTIONS, expression="span.kind == 2", context=context)
        with pytest.raises(UsageError) as caught:
            run_eval(here, options, lambda _: protobuf_pieces(), "-")
        assert caught.value.hint == "--condition prints for each record whether it is true"
