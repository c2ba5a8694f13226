"""Events of spans, and the rules by which one is known to have happened before another."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Strength: TypeAlias = Literal["certain", "inferred"]
Event: TypeAlias = int
"""Twice a span's number for its start, one more for its end."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Why one event happened before another.

    Attributes:
        id: What reports call it.
        strength: `certain` holds whenever the ids are right; `inferred` also wants the clocks and
            the instrumentation to be.
        why: The reason in words.
    """

    id: str
    strength: Strength
    why: str


SPAN = Rule("span", "certain", "a span starts before it ends")
PARENT = Rule("parent", "certain", "the child was made in its parent's context")
MESSAGE = Rule("message", "certain", "a message is sent before it is consumed")
LINK = Rule("link", "certain", "a link names a span that had begun by the linking span's end")
RETURN = Rule("return", "inferred", "the child ran in its parent's thread and ended within it")
ANSWER = Rule("answer", "inferred", "the client had the answer of its only server")
RESPONSE = Rule("response", "inferred", "it had ended when the client had its server's answer")
THREAD = Rule("thread", "inferred", "one thread ran both, one after the other")
BEGAN = Rule("began", "inferred", "it began later in the same thread")
RULES = (SPAN, PARENT, MESSAGE, LINK, RETURN, ANSWER, RESPONSE, THREAD, BEGAN)


class Edge(NamedTuple):
    """One event before another, by a rule."""

    source: Event
    target: Event
    rule: Rule


def start_of(span: int) -> Event:
    """The event of a span's start."""
    return 2 * span


def end_of(span: int) -> Event:
    """The event of a span's end."""
    return 2 * span + 1
