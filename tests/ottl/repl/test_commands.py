"""The commands that begin with a colon."""

import pytest

from otx.errors import UsageError
from otx.ottl.repl.commands import COMMANDS, find_command
from tests.ottl.repl.prompts import MemoryFiles, refused, repl, said


def test_the_help_names_every_command() -> None:
    text = said(repl(), ":help")
    for name in COMMANDS:
        assert f"  :{name}" in text


def test_the_help_shows_the_page_of_a_function_or_command() -> None:
    assert said(repl(), ":help set").startswith("set(target, value)")
    assert said(repl(), ":help :next").startswith(":next [N]")
    assert "did you mean set?" in refused(repl(), ":help sett")


def test_beginnings_will_do_where_they_are_plain() -> None:
    assert find_command("n").name == "next"
    with pytest.raises(UsageError, match=":list, :load"):
        find_command("l")
    assert "there is no command :x" in refused(repl(), ":x")
    assert "there is no command :" in refused(repl(), ":")


def test_records_are_gone_through() -> None:
    prompt = repl()
    assert said(prompt, ":next").startswith("record 2 of 3: log record")
    assert said(prompt, ":next").startswith("record 3 of 3: metric")
    assert "the last is reached" in refused(prompt, ":next")
    assert said(prompt, ":prev 2").startswith("record 1 of 3: span")
    assert said(prompt, ":go 3").startswith("record 3 of 3")
    assert "is no number" in refused(prompt, ":go x")


def test_a_record_is_found_by_a_condition_or_a_text() -> None:
    prompt = repl()
    assert said(prompt, ":find log.severity_number > 16").startswith("record 2 of 3")
    assert said(prompt, ':find "http.server"').startswith("record 3 of 3")
    assert said(prompt, ':find "timeouterror"').startswith("record 1 of 3")
    assert "no record matches" in refused(prompt, ':find "nowhere"')
    assert "a condition, or a text in quotes" in refused(prompt, ":find")
    assert "a path is no condition" in refused(prompt, ":find name")


def test_a_record_is_shown_with_what_its_numbers_mean() -> None:
    lines = [" ".join(line.split()) for line in said(repl(), ":show").splitlines()]
    assert "span.kind 2 SPAN_KIND_SERVER" in lines
    assert "span.start_time_unix_nano 1790000000000000000 2026-09-21T14:13:20Z" in lines
    assert 'resource.attributes["service.name"] "checkout"' in lines
    assert 'scope.name "shop.http"' in lines


def test_a_statement_runs_on_all() -> None:
    text = said(repl(), ':all set(resource.attributes["a"], 1)')
    assert text.startswith("3 of 3 resources matched, 3 changed, 0 failed")


def test_all_alone_runs_what_was_typed() -> None:
    prompt = repl()
    said(prompt, 'set(resource.attributes["a"], 1)')
    said(prompt, 'set(name, "x") where kind == SPAN_KIND_CLIENT')
    assert [line.partition("  ")[0] for line in said(prompt, ":all").splitlines()] == [
        'set(resource.attributes["a"], 1)',
        "3 of 3 resources matched, 3 changed, 0 failed",
        'set(name, "x") where kind == SPAN_KIND_CLIENT',
        "0 of 1 span matched, 0 changed, 0 failed",
    ]


def test_failures_on_all_are_told_with_their_records() -> None:
    text = refused(repl(), ':all set(resource.attributes["a"], ParseJSON("{"))')
    assert "✗ record 1: the resource of" in text
    assert "0 changed, 3 failed" in text


def test_the_last_statement_is_taken_back() -> None:
    prompt = repl()
    said(prompt, 'set(name, "x")')
    lines = said(prompt, ":undo").splitlines()
    assert lines == [
        '  ~ span.name  "x" → "GET /cart/8812"',
        'took back set(name, "x"), on record 1',
    ]
    assert "nothing to take back" in refused(prompt, ":undo")


def test_what_ran_is_listed() -> None:
    prompt = repl()
    assert said(prompt, ":list") == "no statement ran yet"
    said(prompt, 'set(name,\n "x")')
    said(prompt, ':all set(resource.attributes["a"], 1)')
    assert said(prompt, ":list").splitlines() == [
        '  1  set(name, "x")  (span, on record 1)',
        '  2  set(resource.attributes["a"], 1)  (resource, on all)',
    ]


def test_a_text_is_explained_or_the_last_statement() -> None:
    prompt = repl()
    assert ":explain takes" in refused(prompt, ":explain")
    assert said(prompt, ":explain span.kind == 2").startswith("condition, runs on every span")
    said(prompt, 'set(name, "x")')
    said(prompt, ":next")
    assert said(prompt, ":explain").startswith("statement, runs on every span")


def test_the_context_is_fixed_and_inferred_again() -> None:
    prompt = repl()
    assert "inferred" in said(prompt, ":context")
    assert "every spanevent" in said(prompt, ":context spanevent")
    assert said(prompt, "name") == '"exception"  string'
    said(prompt, ":context auto")
    assert said(prompt, "name") == '"GET /cart/8812"  string'
    assert "is no context" in refused(prompt, ":context spam")


def test_a_reset_forgets_what_ran() -> None:
    prompt = repl()
    said(prompt, 'set(name, "x")')
    assert said(prompt, ":reset").startswith("the built-in sample: 1 span")
    assert said(prompt, "name") == '"GET /cart/8812"  string'
    assert said(prompt, ":list") == "no statement ran yet"


def test_loading_needs_a_file() -> None:
    assert ":load takes a file" in refused(repl(), ":load")


def test_it_is_left() -> None:
    assert repl().execute(":quit").is_end


def test_a_configuration_is_printed_or_written() -> None:
    files = MemoryFiles()
    prompt = repl(files)
    assert "no statement ran" in refused(prompt, ":export")
    said(prompt, 'set(span.name, "x")')
    printed = said(prompt, ":export")
    assert said(prompt, ":export out.yaml") == "wrote a transform processor to out.yaml"
    assert files.texts["out.yaml"] == printed + "\n"
