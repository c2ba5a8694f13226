"""The propagators of OpenTelemetry for Python on the shared vectors: where they differ, and why."""

import pytest
from opentelemetry.baggage import get_all
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otx.propagation.decoding import decode_headers
from otx.propagation.model import SpanContext
from tests.propagation.vector_case import Case, load, pairs

Headers = dict[str, list[str]]

LEVEL_1_KEYS = {"ts-at-trailing", "ts-at-double"}
"""Its grammar of keys is that of level 1: such a member drops all of tracestate."""
DUPLICATES = {"ts-duplicate-differ", "ts-duplicate-two-fields"}
"""A key that is there twice drops all of tracestate."""
OTHER_BAGGAGE = {
    "baggage-two-fields": {"a": "1"},
    "baggage-token-key": {"!#$%&'* -.^_`|~09": "1"},
}
"""It reads the first field alone, and decodes keys as forms do: + is a space."""


class HeadersGetter(Getter[Headers]):
    """Headers as a server has them: names in lower case, values without their outer whitespace."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        return carrier.get(key.lower())

    def keys(self, carrier: Headers) -> list[str]:
        return list(carrier)


def headers(case: Case) -> Headers:
    found: Headers = {}
    for name, value in pairs(case):
        found.setdefault(name.lower(), []).append(value.strip(" \t"))
    return found


def of_category(*categories: str) -> list[Case]:
    return [case for case in load() if case["category"] in categories]


@pytest.mark.parametrize("case", of_category("tp", "ts", "ot", "dd"), ids=lambda case: case["id"])
def test_trace_context(case: Case) -> None:
    extracted = TraceContextTextMapPropagator().extract(headers(case), getter=HeadersGetter())
    theirs = get_current_span(extracted).get_span_context()
    ours = decode_headers(pairs(case)).context
    assert theirs.is_valid == (ours is not None)
    if ours is None:
        return
    assert f"{theirs.trace_id:032x}" == ours.trace_id
    assert f"{theirs.span_id:016x}" == ours.parent_id
    assert bool(theirs.trace_flags & 1) == ours.sampled
    drops = case["id"] in LEVEL_1_KEYS | DUPLICATES
    assert list(theirs.trace_state.items()) == ([] if drops else list(ours.tracestate))


@pytest.mark.parametrize("case", of_category("baggage"), ids=lambda case: case["id"])
def test_baggage(case: Case) -> None:
    extracted = W3CBaggagePropagator().extract(headers(case), getter=HeadersGetter())
    decoded = decode_headers(pairs(case)).context or SpanContext()
    ours = {one.key: one.value for one in decoded.baggage or ()}
    assert dict(get_all(extracted)) == OTHER_BAGGAGE.get(case["id"], ours)
