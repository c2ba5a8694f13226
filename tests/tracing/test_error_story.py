"""Where errors began, hop by hop, and never a cause whose evidence is missing."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span, SpanEvent
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import critical_path
from otx.tracing.error_story import ErrorStory, error_story
from otx.tracing.finding import sentence
from otx.tracing.timing import Shift, Timing, raw_timing
from otx.tracing.waits import waits_of
from tests.tracing.calls import span
from tests.tracing.graphs import traces

SHIFTS = {"one": Shift(0, 0, "one"), "two": Shift(0, 0, "one")}


def story_of(spans: Sequence[Span], services: Sequence[str] = ()) -> ErrorStory:
    timing = raw_timing(assemble(spans))
    timing = Timing(timing.trace, timing.starts, timing.ends, SHIFTS)
    return error_story(timing, critical_path(waits_of(timing)), services)


def told(*spans: Span) -> tuple[dict[str, str], list[str]]:
    """The role of each span, and the causes in order."""
    story = story_of(spans)
    ids = [one.span_id for one in assemble(spans).spans]
    return (
        {ids[hop.span]: hop.role for hop in story.hops},
        [ids[cause.hop.span] for cause in story.causes],
    )


failing = partial(span, status="ERROR", error_type="IOError")
ROOT = failing("root", "", 0, 100, "SERVER")


def well(one: Span, **changes: Any) -> Span:
    """The same span as if it had not failed."""
    told = {key: value for key, value in one.attributes.items() if key != "error.type"}
    return replace(one, **{"status": "UNSET", "attributes": told, **changes})


CALL = failing("call", "root", 10, 60, "CLIENT", server_address="stock")
STOCK = failing("stock", "call", 20, 50, "SERVER", "stock", host="two")


def test_an_error_is_followed_to_where_it_began() -> None:
    roles, causes = told(ROOT, CALL, STOCK)
    assert roles == {"stock": "originated", "call": "propagated", "root": "propagated"}
    assert causes == ["stock"]
    story = story_of([ROOT, CALL, STOCK])
    trace = assemble([ROOT, CALL, STOCK])
    chain = [sentence(hop.because) for hop in story.chain(story.causes[0], trace)]
    assert chain == [
        "stock stock failed (IOError), and nothing below it did.",
        "shop call failed (IOError) after stock stock had.",
        "shop root failed (IOError) after shop call had.",
    ]
    reasons = ("reaches-root", "critical-path", "other-service", "own-decision")
    assert story.causes[0].reasons == reasons


def test_a_retry_that_succeeds_absorbs() -> None:
    asked = {"server.address": "stock", "url.path": "/1"}
    again = span("again", "root", 60, 80, "CLIENT", operation="call")
    again = replace(again, attributes=asked)
    call = replace(CALL, attributes={**CALL.attributes, **asked})
    roles, _ = told(well(ROOT), call, STOCK, again)
    assert roles == {"stock": "originated", "call": "propagated", "root": "absorbed"}
    roles, causes = told(ROOT, call, STOCK, again)
    assert roles["root"] == "originated"
    assert causes[0] == "root"


def test_a_fallback_absorbs() -> None:
    roles, _ = told(replace(ROOT, status="OK"), CALL, STOCK)
    assert roles["root"] == "absorbed"


def test_a_client_that_gave_up_first_masks_what_its_server_did() -> None:
    slow = well(STOCK, end_unix_nano=90_000_000)
    roles, causes = told(ROOT, CALL, slow)
    assert roles == {"call": "masked", "root": "propagated"}
    assert causes == ["call"]


def test_a_server_that_failed_after_its_client_is_late() -> None:
    late = replace(STOCK, end_unix_nano=90_000_000)
    roles, causes = told(ROOT, CALL, late)
    assert roles == {"call": "masked", "root": "propagated", "stock": "late"}
    assert causes[0] == "call"


def test_a_client_that_timed_out_had_no_answer_whatever_the_clocks_say() -> None:
    timeout = replace(CALL, attributes={"error.type": "timeout"})
    far = replace(STOCK, resource={"host.name": "far"})
    for server in (far, well(far)):
        roles, causes = told(ROOT, timeout, server)
        assert (roles["call"], causes[0]) == ("masked", "call")
    roles, _ = told(ROOT, CALL, well(far))
    assert roles["call"] == "unknown"


@pytest.mark.parametrize(
    ("mine", "role"),
    [
        ({"exception.type": "shop.OtherError"}, "unknown"),
        ({"exception.type": "KeyError"}, "unknown"),
        ({"exception.type": "KeyError", "exception.message": "'a'"}, "propagated"),
        ({"exception.type": "Other", "exception.stacktrace": "Caused by: KeyError"}, "propagated"),
    ],
)
def test_another_exception_may_have_its_own_cause(mine: dict[str, str], role: str) -> None:
    theirs = [SpanEvent(0, "exception", {"exception.type": "KeyError", "exception.message": "'a'"})]
    below = failing("below", "root", 10, 20, events=theirs)
    roles, causes = told(replace(ROOT, events=[SpanEvent(0, "exception", mine)]), below)
    assert roles["root"] == role
    assert causes[0] == "below"


def test_what_was_cancelled_from_above_is_no_cause() -> None:
    timeout = replace(CALL, attributes={"error.type": "timeout"})
    cancelled = replace(STOCK, attributes={"error.type": "CancelledError"})
    stopped = replace(cancelled, end_unix_nano=58_000_000)
    roles, causes = told(ROOT, timeout, stopped)
    assert roles["stock"] == "propagated"
    assert causes == ["call"]
    roles, _ = told(ROOT, timeout, cancelled)  # long before anybody gave up
    assert roles["stock"] == "originated"


def test_a_failed_answer_to_an_answer_that_was_well_began_at_the_client() -> None:
    roles, causes = told(ROOT, CALL, well(STOCK))
    assert (roles["call"], causes) == ("originated", ["call"])


@pytest.mark.parametrize(
    ("call", "role", "words"),
    [
        (CALL, "unknown", "the cause may lie in stock, whose span is missing."),
        (
            replace(CALL, attributes={"server.address": "api.example.com"}),
            "unknown",
            "in its call of api.example.com, which left no span.",
        ),
        (replace(CALL, attributes={}), "unknown", "and the cause may lie there."),
        (replace(CALL, attributes={"db.operation": "x"}), "originated", "nothing below it did."),
        (
            replace(CALL, attributes={"db.system": "pg"}),
            "originated",
            "in its call of pg, which left no span.",
        ),
        (
            replace(CALL, attributes={"error.type": "timeout"}),
            "originated",
            "gave up (timeout) after 50.0 ms without an answer of the other side.",
        ),
    ],
)
def test_without_the_called_side_no_cause_is_named_there(call: Span, role: str, words: str) -> None:
    story = story_of([ROOT, call], ["stock"])
    (cause,) = story.causes
    assert cause.hop.role == role
    assert cause.is_known == (role == "originated")
    assert sentence(cause.hop.because).endswith(words)


def test_a_failure_that_does_not_say_why_is_a_place_to_look() -> None:
    (cause,) = story_of([replace(ROOT, attributes={})]).causes
    assert (cause.hop.role, cause.is_known) == ("unknown", False)
    assert sentence(cause.hop.because).endswith("and it does not say why.")


def test_a_missing_span_that_may_lie_below_leaves_the_cause_unknown() -> None:
    orphan = span("orphan", "gone", 20, 30)
    story = story_of([ROOT, orphan])
    assert [cause.is_known for cause in story.causes] == [False]
    assert sentence(story.causes[0].hop.because).endswith("a missing span, gone.")
    elsewhere = replace(orphan, start_unix_nano=200_000_000, end_unix_nano=201_000_000)
    assert [cause.is_known for cause in story_of([ROOT, elsewhere]).causes] == [True]


def test_consumers_do_not_fail_their_producers() -> None:
    send = well(CALL, kind="PRODUCER")
    roles, causes = told(well(ROOT), send, replace(STOCK, kind="CONSUMER"))
    assert (roles, causes) == ({"stock": "originated"}, ["stock"])


def test_independent_causes_are_all_told() -> None:
    other = failing("other", "root", 10, 40, events=[SpanEvent(0, "exception")])
    story = story_of([ROOT, CALL, STOCK, other])
    assert [cause.reasons for cause in story.causes] == [
        ("reaches-root", "exception", "first", "own-decision"),
        ("reaches-root", "critical-path", "other-service", "own-decision"),
    ]


@given(traces(), st.randoms(use_true_random=False), st.integers(0, 10**18))
def test_the_story_does_not_depend_on_the_epoch_the_order_or_copies(
    spans: list[Span], random: Random, shift: int
) -> None:
    spans = [replace(one, status=random.choice(["UNSET", "ERROR", "OK"])) for one in spans]
    moved = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + shift,
            end_unix_nano=one.end_unix_nano + shift,
        )
        for one in [*spans, random.choice(spans)]
    ]
    random.shuffle(moved)
    found, again = story_of(spans), story_of(moved)
    assert found.hops == again.hops
    assert found.causes == again.causes
    trace = assemble(spans)
    for cause in found.causes:
        assert found.chain(cause, trace)[-1].span == cause.top
    assert {hop.span for hop in found.hops} >= set(found.failed)
