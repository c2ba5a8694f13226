"""All cases of a check, in the order in which they are sent."""

from otx.propagation.conformance import baggage_cases, traceparent_cases, tracestate_cases
from otx.propagation.conformance.case import Case
from otx.propagation.model import Level

ALL: tuple[Case, ...] = (
    *traceparent_cases.CASES,
    *tracestate_cases.CASES,
    *baggage_cases.CASES,
)


def cases_of(level: Level) -> list[Case]:
    """The cases of a level."""
    return [one for one in ALL if level in one.levels]
