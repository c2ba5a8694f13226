"""One case of a check: the headers that a service is sent, and what the case is about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.propagation.model import Level

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values of headers in order; names may repeat."""
Requirement: TypeAlias = Literal["MUST", "SHOULD"]
Topic: TypeAlias = Literal["trace", "state", "baggage", "names"]
"""What a case looks at: ids and flags, tracestate, baggage, or how headers are spelt."""

_TRACE_BYTES, _SPAN_BYTES = 15, 7


@dataclass(frozen=True, slots=True)
class Case:
    """A case.

    Attributes:
        id: A short stable name.
        topic: What it is about.
        requirement: Whether the rule binds, or is advice that a service may have reasons against.
        summary: What is sent, in a few words.
        rule: The specification and the section that say what to do with it.
        headers: With `{trace}`, `{parent}`, `{TRACE}` and `{PARENT}` for the ids of this request;
            a precision as in `{trace:.31}` cuts one short. Braces of a value are doubled.
        calls: How often the service is asked to call back for this one request.
        levels: The levels of W3C Trace Context that have this rule.
    """

    id: str
    topic: Topic
    requirement: Requirement
    summary: str
    rule: str
    headers: Pairs = ()
    calls: int = 1
    levels: Sequence[Level] = (1, 2)

    def filled(self, ids: "Ids") -> Pairs:
        """The headers of one request."""
        names = {
            "trace": ids.trace,
            "parent": ids.parent,
            "TRACE": ids.trace.upper(),
            "PARENT": ids.parent.upper(),
        }
        return tuple((name, value.format_map(names)) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one request: 32 and 16 lower-case hex digits, each with letters among them."""

    trace: str
    parent: str

    @classmethod
    def made(cls, random_bytes: Callable[[int], bytes]) -> "Ids":
        """New ones; they begin with letters, so that their upper case differs."""
        return cls("ab" + random_bytes(_TRACE_BYTES).hex(), "cd" + random_bytes(_SPAN_BYTES).hex())
