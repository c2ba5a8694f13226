"""Throttle: a client that was told to wait is back not before it was told, and not much later.

Time is a clock in units; a minimum, a cap and Retry-After are numbers of them. Jitter is any time
from half the back-off to the whole. Throttle.tla says the same in TLA+.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from spec.search.explore import Model, assemble


class State(NamedTuple):
    """The names are the variables of Throttle.tla."""

    clock: int = 0
    connected: bool = False
    due: int = 0  # when the next attempt is made
    told: int = 0  # the server wants none before
    failures: int = 0  # attempts that failed since the last success
    losses: int = 0  # connections that ended
    refusals: int = 0
    early: bool = False  # an attempt came before the time that was told
    spoke: bool = False  # a message was sent while there was no connection
    atOnce: int = 0  # noqa: N815 # refused attempts in this unit of time


@dataclass(frozen=True)
class Variant:
    """Bounds, and what may be wrong; the defaults are the rules of otx.

    Attributes:
        last: The clock ends here.
        retry_after: What the server may say; 0 is nothing.
        minimum: The least wait after a refusal without a time.
        cap: The most that back-off grows to.
        refusals, losses: How often the server refuses, and connections end.
        heeds: The client waits for what it was told.
        is_capped: Back-off ends growing at `cap`.
        keeps_minimum: Without a time the client waits the minimum.
        is_silent: No heartbeat without a connection.
    """

    last: int = 8
    retry_after: tuple[int, ...] = (0, 3)
    minimum: int = 2
    cap: int = 4
    refusals: int = 4
    losses: int = 2
    heeds: bool = True
    is_capped: bool = True
    keeps_minimum: bool = True
    is_silent: bool = True


def tick(v: Variant, s: State) -> Iterator[State]:
    """Time passes, but not past an attempt that is due."""
    if s.clock < v.last and (s.connected or s.clock < s.due):
        yield s._replace(clock=s.clock + 1, atOnce=0)


def accept(v: Variant, s: State) -> Iterator[State]:
    """An attempt, and the server takes it."""
    if not s.connected and s.clock >= s.due:
        yield s._replace(connected=True, failures=0, early=s.early or s.clock < s.told)


def refuse(v: Variant, s: State) -> Iterator[State]:
    """An attempt, and the server refuses it, with or without a time."""
    if s.connected or s.clock < s.due or s.refusals >= v.refusals:
        return
    for seconds in v.retry_after:
        backoff = 2**s.failures
        backoff = min(backoff, v.cap) if v.is_capped else backoff
        least = seconds if v.heeds else 0
        if not seconds and v.keeps_minimum:
            least = v.minimum
        if not v.keeps_minimum:
            backoff = 0
        for jittered in range(backoff // 2, backoff + 1):
            yield s._replace(
                due=s.clock + max(least, jittered),
                told=s.clock + seconds,
                failures=s.failures + 1,
                refusals=s.refusals + 1,
                early=s.early or s.clock < s.told,
                atOnce=s.atOnce + 1,
            )


def heartbeat(v: Variant, s: State) -> Iterator[State]:
    if not v.is_silent and not s.connected and not s.spoke:
        yield s._replace(spoke=True)


def lose(v: Variant, s: State) -> Iterator[State]:
    """The connection ends: the first attempt is at once."""
    if s.connected and s.losses < v.losses:
        yield s._replace(connected=False, losses=s.losses + 1, due=s.clock)


SYSTEM: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Tick": tick,
    "Accept": accept,
    "Heartbeat": heartbeat,
}
ENVIRONMENT: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Refuse": refuse,
    "Lose": lose,
}

INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "L7a": lambda v, s: not s.early,
    "L7b": lambda v, s: s.connected or s.due - s.clock <= max(v.cap, *v.retry_after, v.minimum),
    "L7c": lambda v, s: s.atOnce <= 1,
    "L7d": lambda v, s: not s.spoke,
}
"""Not before the time; not later than cap or time; no second try at once; silence meanwhile."""


def goal(v: Variant, s: State) -> bool:
    """Back, or waiting for a time that the clock does not reach."""
    return s.connected or s.due > v.last or s.clock == v.last


def model(v: Variant = Variant()) -> Model[State]:
    """Throttle in one variant."""
    return assemble(State(), v, SYSTEM, ENVIRONMENT, INVARIANTS, goal)


BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "T1 Retry-After is not heeded": replace(BASE, heeds=False),
    "T2 back-off without a cap": replace(BASE, is_capped=False),
    "T3 no least wait": replace(BASE, keeps_minimum=False),
    "T4 heartbeats while waiting": replace(BASE, is_silent=False),
}
