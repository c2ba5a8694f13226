"""What was sent to a service, what came of it, and the verdict."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.propagation.conformance.case import Case, Pairs, Requirement

Aspect: TypeAlias = Literal["trace", "state", "baggage", "names"]
"""What can be seen of what a service would send on."""
Verdict: TypeAlias = Literal["pass", "fail", "warn", "unjudged"]
EVERYTHING: frozenset[Aspect] = frozenset(("trace", "state", "baggage", "names"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A case that was sent, and what is known of the answer.

    Attributes:
        case: The case.
        sent: Its headers with the ids of this request.
        parent_id: The caller's span among them.
        calls: The headers of each call that came back, or of what the response shows instead.
        seen: What the calls show; without callbacks it is less than everything.
        problem: Why there are no calls, or fewer than were asked for; "" where there are all.
        excuse: Why nothing can be judged although nothing went wrong.
    """

    case: Case
    sent: Pairs
    parent_id: str
    calls: tuple[Pairs, ...] = ()
    seen: Set[Aspect] = EVERYTHING
    problem: str = ""
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a service does otherwise than a rule has it."""

    requirement: Requirement
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one exchange.

    Attributes:
        exchange: What it is about.
        verdict: `fail` where a rule that binds is broken, `warn` where one is that advises.
        findings: What is otherwise, worst first.
        expected: What a conforming service would have sent on.
    """

    exchange: Exchange
    verdict: Verdict
    findings: tuple[Finding, ...]
    expected: Pairs
