"""A conforming service sends on what is valid, whatever it was sent, and passes every case."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.propagation.conformance.case import Case, Ids, Pairs
from otx.propagation.conformance.cases import ALL, cases_of
from otx.propagation.conformance.exchange import Exchange
from otx.propagation.conformance.judging import judge
from otx.propagation.conformance.participant import model_answer, own_context, sent_on
from otx.propagation.decoding import decode_headers
from otx.propagation.model import Level
from tests.propagation.vector_case import load, pairs

IDS = Ids.made(lambda size: b"\x34" * size)


def counter() -> Callable[[int], str]:
    """Makes ids that are never the same."""
    numbers = itertools.count(1)
    return lambda digits: f"{next(numbers):0{digits}x}"


def served(case: Case, level: Level) -> Exchange:
    """What a conforming service makes of a case."""
    sent, make_id = case.filled(IDS), counter()
    own = own_context(sent, level, make_id)
    calls = tuple(tuple(sent_on(own, make_id)) for _ in range(case.calls))
    return Exchange(case, sent, IDS.parent, calls)


@pytest.mark.parametrize("level", [1, 2])
def test_it_passes_all_cases(level: Level) -> None:
    judged = {case.id: judge(served(case, level), level) for case in cases_of(level)}
    assert {name: one.findings for name, one in judged.items() if one.verdict != "pass"} == {}


@given(
    st.one_of(
        st.sampled_from([tuple(pairs(case)) for case in load()]),
        st.lists(
            st.tuples(
                st.sampled_from(["traceparent", "TraceState", "tracestate", "baggage", "b3"]),
                st.one_of(
                    st.text(st.characters(max_codepoint=0x17F), max_size=80),
                    st.sampled_from([value for case in load() for _, value in pairs(case)]),
                ),
            ),
            max_size=4,
        ).map(tuple),
    ),
    st.sampled_from([1, 2]),
)
def test_what_it_sends_on_is_valid(sent: Pairs, level: Level) -> None:
    make_id = counter()
    decoded = decode_headers(sent_on(own_context(sent, level, make_id), make_id), level)
    assert decoded.problem is None
    assert (decoded.found.tracestate, decoded.found.baggage) == (None, None)
    assert decoded.format == "w3c"


def test_words_stand_for_the_ids_that_are_made() -> None:
    assert model_answer((), 2) == [("traceparent", "00-<new trace-id>-<id of its span>-02")]
    valid = ALL[1].filled(IDS)
    assert model_answer(valid, 2) == [
        ("traceparent", f"00-{IDS.trace}-<id of its span>-01"),
    ]
