"""The propagators of OpenTelemetry for JavaScript on the shared vectors: where they differ and why.

Each difference has its reason here, and those that matter to a user stand in docs/trace-context.md.
"""

from pathlib import Path
from typing import Any

import pytest

from otx.propagation.decoding import decode_headers
from otx.propagation.model import Decoded
from tests.interop import node
from tests.propagation.vector_case import Case, load, pairs

PROPAGATORS = {"tp": "w3c", "ts": "w3c", "ot": "w3c", "dd": "w3c", "b3": "b3", "jaeger": "jaeger"}
"""The propagator that reads a category of vectors."""

OTHER_STATE = {
    # The bad member is dropped, the others are kept.
    "ts-key-257": "foo=1",
    "ts-value-empty": "bar=3",
    "ts-value-only-spaces": "bar=3",
    "ts-good-then-bad": "good=1",
    # Keys have the grammar of level 1.
    "ts-at-trailing": "bar=2",
    "ts-at-double": "bar=2",
    # The last one of a key that is there twice is kept.
    "ts-duplicate-differ": "foo=2",
    "ts-duplicate-two-fields": "foo=2",
}
CUT_STATE = {
    "ts-members-33": 32,  # the first 32 are kept
    "ts-members-33-split": 32,
    "ts-longer-than-512": 2,  # whole members up to 512 characters are
}
TAKEN = {
    # The last 16 or 32 hex digits are searched for, whatever stands before them.
    "b3-single-trace-20": "0000000000000000606f55c506ef01b3",
    "b3-single-not-hex": "000000000000000001b3360f16429d63",
    # Neither ids of zeros, nor their width, nor the flags are checked.
    "jaeger-zero-span": "e68e313ad984d361fc21c01b2ce1d99a",
    "jaeger-empty-span": "e68e313ad984d361fc21c01b2ce1d99a",
    "jaeger-trace-33": "e68e313ad984d361fc21c01b2ce1d99a1",
    "jaeger-bad-flags": "e68e313ad984d361fc21c01b2ce1d99a",
}
"""What is refused here and taken there, with the trace id that it gets."""
REFUSED = {"b3-env-carrier"}
"""The names of environment variables are none of a carrier that has headers."""
OTHER_BAGGAGE: dict[str, dict[str, str]] = {
    # What cannot be decoded drops its member: bytes that are no UTF-8, a % of a key.
    "baggage-bad-utf8": {},
    "baggage-token-key": {},
    # Neither keys nor values are checked.
    "baggage-bad-value-quote": {"a": '"1"'},
    "baggage-bad-value-space": {"a": "1 2"},
    "baggage-bad-key-paren": {"a(b)": "1"},
}


@pytest.fixture(scope="module")
def extracted(javascript: Path) -> dict[str, Any]:
    """What each propagator takes from each vector, by the vector's id."""
    found = node.run(javascript, "extract.mjs", [headers(case) for case in load()])
    return {str(case["id"]): one for case, one in zip(load(), found, strict=True)}


def headers(case: Case) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs(case):
        found.setdefault(name.lower(), []).append(value.strip(" \t"))
    return found


def of_category(*categories: str) -> list[Case]:
    return [case for case in load() if case["category"] in categories]


def identity(decoded: Decoded) -> tuple[str, str, bool] | None:
    """Trace, span and decision; a decision that is left open is none of a span context's."""
    context = decoded.context
    if context is None or context.trace_id is None or context.parent_id is None:
        return None
    return context.trace_id, context.parent_id, bool(context.sampled)


@pytest.mark.parametrize("case", of_category(*PROPAGATORS), ids=lambda case: case["id"])
def test_span_context(case: Case, extracted: dict[str, Any]) -> None:
    theirs = extracted[case["id"]][PROPAGATORS[case["category"]]]
    ours = identity(decode_headers(pairs(case)))
    if case["id"] in TAKEN:
        assert (ours, theirs["trace_id"]) == (None, TAKEN[case["id"]])
        return
    if ours is None or case["id"] in REFUSED:
        assert theirs["trace_id"] is None
        return
    assert (theirs["trace_id"], theirs["span_id"], bool(theirs["flags"] & 1)) == ours


@pytest.mark.parametrize("case", of_category("tp", "ts", "ot", "dd"), ids=lambda case: case["id"])
def test_tracestate(case: Case, extracted: dict[str, Any]) -> None:
    context = decode_headers(pairs(case)).context
    members = [f"{key}={value}" for key, value in context.tracestate] if context else []
    if case["id"] in CUT_STATE:
        every = [text for raw in headers(case)["tracestate"] for text in raw.split(",")]
        members = every[: CUT_STATE[case["id"]]]
    theirs = extracted[case["id"]]["w3c"]["tracestate"]
    assert theirs == OTHER_STATE.get(case["id"], ",".join(members))


@pytest.mark.parametrize("case", of_category("baggage", "jaeger"), ids=lambda case: case["id"])
def test_baggage(case: Case, extracted: dict[str, Any]) -> None:
    ours = {one.key: one.value for one in decode_headers(pairs(case)).baggage or ()}
    theirs = extracted[case["id"]][case["category"]]["baggage"]
    assert theirs == OTHER_BAGGAGE.get(case["id"], ours)


def test_every_difference_is_of_a_vector() -> None:
    known = {str(case["id"]) for case in load()}
    assert {*OTHER_STATE, *CUT_STATE, *TAKEN, *REFUSED, *OTHER_BAGGAGE} <= known
