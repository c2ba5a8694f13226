"""What is written where, in each form."""

import csv
import io
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import OtxError, UsageError
from otx.output import (
    HeldRemarks,
    Output,
    ProgressLine,
    Remarks,
    RowFormat,
    format_by_ending,
    to_json,
)
from tests.conftest import Terminal

COLUMNS = ["name", "count", "tags"]
ROWS = [
    {"name": "cart", "count": 7, "tags": ["a", "b"]},
    {"name": 'say "hi",\nthen go', "count": 12, "tags": None},
]


def written(environment: Environment) -> str:
    assert isinstance(environment.stdout, Terminal)
    return environment.stdout.text


def test_a_table_pads_columns_and_puts_numbers_right(environment: Environment) -> None:
    Output(environment).rows(COLUMNS, ROWS, "table")
    assert written(environment) == (
        "name               count  tags\n"
        'cart                   7  ["a", "b"]\n'
        'say "hi",⏎then go     12\n'
    )


def test_a_table_cannot_drive_the_terminal(environment: Environment) -> None:
    Output(environment).rows(["name"], [{"name": "\x1b[2Jgone"}], "table")
    assert "\x1b" not in written(environment)


def test_a_table_of_no_rows_still_names_its_columns(environment: Environment) -> None:
    Output(environment).rows(COLUMNS, [], "table")
    assert written(environment) == "name  count  tags\n"


def test_tables_stand_apart_and_empty_ones_are_left_out(environment: Environment) -> None:
    tables = [(["a"], [{"a": 1}]), (["b"], []), (["c"], [{"c": 2}])]
    Output(environment).tables(tables, ["so\x1b it is"])
    assert written(environment) == "a\n1\n\nc\n2\n\nso\N{REPLACEMENT CHARACTER} it is\n"


def test_json_is_one_document(environment: Environment) -> None:
    Output(environment).rows(COLUMNS, ROWS, "json")
    assert json.loads(written(environment)) == ROWS


def test_jsonl_is_an_object_a_line(environment: Environment) -> None:
    Output(environment).rows(COLUMNS, ROWS, "jsonl")
    assert [json.loads(line) for line in written(environment).splitlines()] == ROWS


def test_csv_reads_back(environment: Environment) -> None:
    Output(environment).rows(COLUMNS, ROWS, "csv")
    read = list(csv.DictReader(io.StringIO(written(environment), newline="")))
    assert [row["name"] for row in read] == [row["name"] for row in ROWS]
    assert [row["count"] for row in read] == ["7", "12"]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_truth_and_bytes_are_written_as_json_writes_them(
    environment: Environment, form: RowFormat
) -> None:
    Output(environment).rows(["yes", "id"], [{"yes": True, "id": b"\x01\xff"}], form)
    assert written(environment).replace(",", " ").split() == ["yes", "id", "true", "01ff"]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_file_gets_what_stdout_would(
    environment: Environment, tmp_path: Path, form: RowFormat
) -> None:
    Output(environment).rows(COLUMNS, ROWS, form)
    Output(environment, str(tmp_path / "out")).rows(COLUMNS, ROWS, form)
    assert (tmp_path / "out").read_text() == written(environment)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(
    environment: Environment, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    target.write_text("before")
    with pytest.raises(ZeroDivisionError):
        Output(environment, str(target)).rows(
            ["n"], ({"n": 1 // number} for number in (1, 0)), "jsonl"
        )
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_pipe_is_written_to_and_stays_one(environment: Environment, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Output(environment, str(pipe)).text("line")
        assert os.read(reader, 100) == b"line\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_file_in_no_folder_is_a_usage_error(environment: Environment, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        Output(environment, str(tmp_path / "no" / "out")).text("x")
    with pytest.raises(UsageError, match="cannot write"):
        Output(environment, str(tmp_path / "no" / "out")).binary(b"x")


def test_bytes_go_out_as_they_are(environment: Environment, tmp_path: Path) -> None:
    Output(environment, str(tmp_path / "out")).binary(b"\x00\xff")
    assert (tmp_path / "out").read_bytes() == b"\x00\xff"


def test_an_error_ends_with_what_to_do(environment: Environment) -> None:
    Remarks(environment).error(OtxError("port 4317 is taken", "use --grpc 127.0.0.1:0"))
    assert isinstance(environment.stderr, Terminal)
    assert environment.stderr.text == (
        "otx: error: port 4317 is taken\n  hint: use --grpc 127.0.0.1:0\n"
    )


def test_what_is_said_cannot_drive_the_terminal(environment: Environment) -> None:
    remarks = Remarks(environment)
    remarks.warning("process \x1b[2Jred", hint="\x9bup")
    remarks.error(OtxError("a line\nand\ttwo\x07", hint="\x1b]0;title"))
    assert isinstance(environment.stderr, Terminal)
    assert environment.stderr.text == (
        "otx: warning: process �[2Jred\n  hint: �up\n"
        "otx: error: a line\nand\ttwo�\n  hint: �]0;title\n"
    )


def test_json_writes_bytes_as_hex() -> None:
    assert to_json({"id": b"\x01\xab", "µ": "é"}) == '{"id": "01ab", "µ": "é"}'


def test_json_has_words_for_numbers_that_it_has_none_for() -> None:
    odd = {"n": math.nan, "l": [math.inf, {"m": -math.inf}], "f": 0.5, "i": 2**70, "b": b"\x01"}
    text = (
        '{"n": "NaN", "l": ["Infinity", {"m": "-Infinity"}], "f": 0.5, '
        '"i": 1180591620717411303424, "b": "01"}'
    )
    assert to_json(odd) == text
    assert to_json(odd, indent=2) == json.dumps(json.loads(text), indent=2)


def test_no_text_is_nothing_at_all(environment: Environment, tmp_path: Path) -> None:
    Output(environment, str(tmp_path / "out")).text("")
    assert (tmp_path / "out").read_bytes() == b""


def test_the_ending_picks_the_form() -> None:
    forms = ("text", "folded", "json")
    assert format_by_ending("x.folded", forms, "text") == "folded"
    assert format_by_ending("x.JSON", forms, "text") == "json"
    assert [format_by_ending(out, forms, "text") for out in ("-", "x", "x.log")] == ["text"] * 3
    with pytest.raises(UsageError, match=r"cannot write \.svg: not one of text, folded, json"):
        format_by_ending("x.svg", forms, "text")


def test_a_file_is_there_as_a_whole_and_a_stream_or_device_is_not(
    environment: Environment, tmp_path: Path
) -> None:
    assert Output(environment, str(tmp_path / "new")).is_whole
    assert not Output(environment).is_whole
    assert not Output(environment, "/dev/null").is_whole


def test_a_line_of_progress_is_drawn_over_and_taken_away(environment: Environment) -> None:
    stderr = Terminal(True)
    moments = iter((0, 100_000_000, 250_000_000))
    line = ProgressLine(replace(environment, stderr=stderr), lambda: next(moments))
    line.clear()
    for text in ("one", "too soon", "two"):
        line.show(lambda text=text: text)  # type: ignore[misc]
    line.clear()
    assert stderr.text == "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K"


def test_progress_is_for_terminals(environment: Environment) -> None:
    line = ProgressLine(environment)
    line.show(lambda: "one")
    line.clear()
    assert isinstance(environment.stderr, Terminal)
    assert environment.stderr.text == ""


def test_remarks_are_held_while_a_screen_has_the_terminal(environment: Environment) -> None:
    stderr = environment.stderr
    assert isinstance(stderr, Terminal)
    remarks = HeldRemarks(environment)
    remarks.warning("before")
    with remarks:
        remarks.warning("meanwhile", "do this")
        remarks.note("a detail")
        assert stderr.text == "otx: warning: before\n"
    remarks.note("after")
    assert remarks.said == ["before", "meanwhile (do this)"]
    assert stderr.text.splitlines()[1:] == [
        "otx: warning: meanwhile",
        "  hint: do this",
        "a detail",
        "after",
    ]


def test_no_more_than_a_hundred_are_held(environment: Environment) -> None:
    remarks = HeldRemarks(environment)
    with remarks:
        for number in range(1_000):
            remarks.warning(str(number))
    stderr = environment.stderr
    assert isinstance(stderr, Terminal)
    assert (len(remarks.said), len(stderr.text.splitlines())) == (100, 100)
