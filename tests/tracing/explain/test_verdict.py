"""A trace in one sentence, and what shows each part of it."""

from dataclasses import replace

from otx.tracing.explain.document import explanation_document
from otx.tracing.explain.verdict import verdict, verdict_parts
from otx.tracing.finding import LONGEST_WORDS
from tests.tracing.calls import span
from tests.tracing.explain.test_lines import explained


def test_a_call_that_nobody_tells_of_was_waited_for() -> None:
    root = span("GET /", "", 0, 100, "SERVER")
    call = span("POST", "GET /", 2, 98, "CLIENT", "payment", server_address="api.bank.example")
    found = explained([root, call])
    assert verdict(found) == (
        "100 ms, went well, 96 % of the time waiting for api.bank.example (payment POST)"
    )
    assert [(part.rule, part.spans) for part in verdict_parts(found)] == [
        ("root-duration", (0,)),
        ("no-failure", (0,)),
        ("path-share", (1,)),
    ]
    unnamed = span("POST", "GET /", 2, 98, "CLIENT", "payment")
    assert verdict(explained([root, unnamed])).endswith("waiting for the answer to payment POST")


def test_where_it_failed_is_shown_by_the_statement_of_its_cause() -> None:
    found = explained(
        [
            span("GET /", "", 0, 100, "SERVER", status="ERROR"),
            span("charge", "GET /", 10, 60, status="ERROR"),
        ]
    )
    told = explanation_document(found)["verdict"]
    outcome = told["parts"][1]
    assert outcome["text"].startswith("FAILED at shop charge")
    assert outcome["rule"] == found.story.causes[0].hop.because.rule.id
    assert "charge" in outcome["spans"]
    assert told["text"] == ", ".join(part["text"] for part in told["parts"])


def test_own_work_is_told_as_such() -> None:
    found = explained([span("GET /", "", 0, 100, "SERVER")])
    assert verdict(found) == "100 ms, went well, 100 % of the time in shop GET /"


def test_of_long_names_and_messages_the_verdict_has_the_beginning() -> None:
    root = span("n" * 10**6, "", 0, 100, "SERVER", status="ERROR")
    found = explained([replace(root, status_message="m" * 10**6)])
    assert len(verdict(found)) < 4 * LONGEST_WORDS
