"""Completion at the prompt."""

import pytest

from otx.ottl.repl.complete import candidates
from tests.ottl.repl.prompts import session


def labels(entry: str, context: str = "") -> list[str]:
    before, _, after = entry.partition("|")
    return [one.label for one in candidates(session(context), before + after, len(before))]


def test_commands_are_offered_behind_the_colon() -> None:
    assert labels(":ne") == [":next [N]"]
    (found,) = candidates(session(), ":ne", 3)
    assert (found.text, found.start) == (":next ", 0)
    assert len(labels(":")) > 10


def test_commands_that_take_ottl_complete_it() -> None:
    found = candidates(session(), ":find span.na", 13)
    assert [(one.text, one.start) for one in found] == [("name", 11)]
    assert labels(":find se") == ["Second", "Seconds"]
    assert labels(":all se") == ["set", "set_semconv_span_name"]


def test_commands_that_choose_offer_their_words() -> None:
    assert labels(":context spane") == ["spanevent"]
    assert labels(":help replace_p") == ["replace_pattern"]
    assert labels(":quit ") == []
    assert labels(":nothing x") == []


def test_keys_of_the_loaded_data_are_offered() -> None:
    assert labels('set(attributes["http.re') == [
        "http.request.method",
        "http.response.status_code",
    ]
    assert labels('set(resource.attributes["host') == ["host.name"]
    assert labels('set(spanevent.attributes["') == ["exception.message", "exception.type"]


@pytest.mark.parametrize("text", ["na", "span.na"])
def test_paths_of_the_record_need_no_prefix(text: str) -> None:
    assert "name" in labels(f"set({text}")


def test_an_entry_may_be_a_statement_a_condition_or_a_value() -> None:
    found = labels("")
    assert {"set", "Concat", "span.", "name", "SPAN_KIND_SERVER"} <= set(found)


def test_a_fixed_context_decides() -> None:
    assert "name" in labels("", "spanevent")
    assert "kind" not in labels("", "spanevent")
