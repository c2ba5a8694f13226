"""The cases are each sent, each their own, and what they say of themselves holds."""

from otx.propagation.conformance.case import Ids
from otx.propagation.conformance.cases import ALL, cases_of
from otx.propagation.decoding import decode_headers
from otx.propagation.model import Level

IDS = Ids.made(lambda size: b"\x12" * size)
LEVEL_2_ONLY = 2
"""The cases of the random flag."""


def test_ids_are_valid_and_differ_in_upper_case() -> None:
    assert (len(IDS.trace), len(IDS.parent)) == (32, 16)
    assert IDS.trace.upper() != IDS.trace
    assert IDS.parent.upper() != IDS.parent


def test_every_case_has_a_name_and_headers_of_its_own() -> None:
    assert len({case.id for case in ALL}) == len(ALL)
    requests = {(case.filled(IDS), case.calls, case.topic) for case in ALL}
    assert len(requests) == len(ALL)


def test_the_first_case_has_no_headers() -> None:
    assert ALL[0].headers == ()


def test_level_1_has_all_cases_but_those_of_its_successor() -> None:
    assert len(cases_of(2)) == len(ALL)
    assert len(cases_of(2)) - len(cases_of(1)) == LEVEL_2_ONLY


def test_both_outcomes_are_asked_for_of_every_header() -> None:
    kept = {case.id: decode_headers(case.filled(IDS)) for case in ALL}
    outcomes = {
        (name.partition("-")[0], one.context is not None and one.context.trace_id is not None)
        for name, one in kept.items()
    }
    for header in ("traceparent", "tracestate", "baggage"):
        assert {(header, True), (header, False)} <= outcomes


def test_levels_differ_over_keys_of_tracestate() -> None:
    def members(level: Level) -> dict[str, int]:
        found = {case.id: decode_headers(case.filled(IDS), level).context for case in ALL}
        return {name: len(one.tracestate) for name, one in found.items() if one is not None}

    one, two = members(1), members(2)
    assert {name for name in two if two[name] != one[name]} == {
        "tracestate-key-digit",
        "tracestate-key-at-last",
        "tracestate-key-at-twice",
        "tracestate-key-at-apart",
        "tracestate-tenant-242",
        "tracestate-system-15",
    }
