"""Entries and what they bring."""

import pytest

from otx.otlp.decode import Request
from otx.ottl.repl.engine import needs_more
from otx.ottl.repl.sample import sample
from tests.ottl.repl.prompts import MemoryFiles, refused, repl, said


def test_a_statement_shows_the_change_first() -> None:
    first, second = said(repl(), 'set(name, "x")').splitlines()
    assert first == '  ~ span.name  "GET /cart/8812" → "x"'
    assert second.startswith("✓ ran")


def test_a_condition_that_is_false_is_explained() -> None:
    text = said(repl(), 'set(name, "x") where kind == SPAN_KIND_CLIENT')
    assert text.startswith("· did not run: its condition is false")
    assert text.endswith("    kind == SPAN_KIND_CLIENT → false\n      kind → 2")


def test_a_statement_that_changes_nothing_says_so() -> None:
    assert "ran and changed nothing" in said(repl(), "set(name, name)")


def test_a_cache_that_changed_is_told_beside_the_record() -> None:
    first, second = said(repl(), 'set(cache["n"], nil)').splitlines()
    assert first.startswith("✓ ran  ")
    assert second == '    + cache["n"]  nil'


def test_a_failure_has_its_reason() -> None:
    text = refused(repl(), 'set(attributes["t"], trace_id)')
    assert '✗ failed: span.attributes["t"]: a TraceID cannot be stored' in text
    assert text.endswith("the record is left as it was")


def test_a_condition_shows_the_value_of_each_part() -> None:
    assert said(repl(), 'kind == 2 and status.message != ""').splitlines() == [
        'kind == 2 and status.message != "" → true',
        "  kind == 2 → true",
        "    kind → 2",
        '  status.message != "" → true',
        '    status.message → "inventory timed out"',
    ]


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("name", '"GET /cart/8812"  string'),
        ("Len(attributes)", "9  int"),
        ("span_id", "00f067aa0ba902b7  SpanID"),
        ('attributes["nothing"]', "nil  nil"),
        ("spanevent.name", '"exception"  string'),
    ],
)
def test_a_value_is_shown_with_its_kind(entry: str, shown: str) -> None:
    assert said(repl(), entry) == shown


def test_what_is_not_there_can_not_be_asked() -> None:
    assert "no spanlink" in said(repl(), "spanlink.trace_id")
    assert "no spanlink" in said(repl(), "set(spanlink.flags, 1)")


def test_a_fault_is_shown_with_its_place_and_a_hint() -> None:
    lines = refused(repl(), "sett(name)").splitlines()
    assert lines[0].startswith("error: 1:1:")
    assert lines[2] == "  ^^^^"
    assert lines[-1] == "hint: did you mean set?"


def test_what_is_hardly_meant_is_warned_of() -> None:
    assert "warning: an id never equals" in said(repl(), 'trace_id == "4bf9"')


def test_an_empty_entry_is_nothing() -> None:
    assert repl().execute("  ").lines == ()


def test_text_from_data_cannot_drive_the_terminal() -> None:
    prompt = repl()
    said(prompt, r'set(name, "\u001b[31m")')
    said(prompt, r'set(attributes["\u001b]0;"], Decode("/w==", "base64"))')
    assert "\x1b" not in said(prompt, ":show") + said(prompt, "name")


def test_the_prompt_says_where_texts_run() -> None:
    prompt = repl()
    assert prompt.prompt() == "ottl(span)> "
    said(prompt, ":next")
    assert prompt.prompt() == "ottl(log)> "
    said(prompt, ":context resource")
    assert prompt.prompt() == "ottl(resource)> "
    assert prompt.status().startswith("record 2 of 3   context resource   0 statements ran")


def test_the_greeting_counts_what_is_loaded() -> None:
    assert repl().greeting() == ["the built-in sample: 1 span, 1 log record, 1 metric"]


def test_an_entry_is_checked_before_it_runs() -> None:
    prompt = repl()
    assert prompt.check('set(name, "x")') is None
    assert prompt.check(":anything") is None
    fault = prompt.check("set(nam, 1)")
    assert fault is not None
    assert fault.hint == "did you mean name?"


@pytest.mark.parametrize("entry", ["set(", ':all set(name, "', ":find (kind"])
def test_an_entry_goes_on_while_a_bracket_is_open(entry: str) -> None:
    assert needs_more(entry)


@pytest.mark.parametrize("entry", ["set()", ":load it(s", ":nothing (", ":next", "("[:0]])
def test_other_entries_end_with_their_line(entry: str) -> None:
    assert not needs_more(entry)


def test_other_data_can_be_loaded() -> None:
    telemetry: dict[str, list[Request]] = {"logs.json": list(sample())[1:2]}
    prompt = repl(MemoryFiles(telemetry=telemetry))
    assert said(prompt, ":load logs.json").startswith("logs.json: 1 log record\nrecord 1 of 1")
    assert "cannot read other" in refused(prompt, ":load other")
    assert prompt.session.name == "logs.json"
