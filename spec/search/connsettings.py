"""ConnSettings: an offer of connection settings, from candidate to valid or back, with no lock-out.

Settings are "old", "new" (which work) or "bad" (which do not). The server accepts a set of them.
ConnSettings.tla says the same in TLA+.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from spec.search.explore import Model, assemble

NONE = "none"
CANDIDATE, VALID = "candidate", "valid"


class State(NamedTuple):
    """The names are the variables of ConnSettings.tla."""

    valid: str = "old"
    candidate: str = NONE
    connected: str = NONE  # the settings of the connection
    turn: str = CANDIDATE  # what is tried next, where there is a candidate
    accepted: frozenset[str] = frozenset({"old"})
    offered: bool = False
    tries: int = 0
    flakes: int = 0
    crashes: int = 0


@dataclass(frozen=True)
class Variant:
    """Bounds, and who is careful; the defaults are the rules of otx.

    Attributes:
        flakes: Connections that fail, or end, for no reason of the settings.
        crashes: Of the client.
        tries: Attempts with a candidate before the client, connected with the old, gives it up.
        deletes_on_connect: The server drops the old ones as soon as the new ones are used, not only
            when the client says APPLIED.
        alternates: The client keeps the candidate and tries both in turn; else one failure ends it.
        persists_first: The candidate is on disk before it is tried.
    """

    flakes: int = 1
    crashes: int = 1
    tries: int = 2
    deletes_on_connect: bool = False
    alternates: bool = True
    persists_first: bool = True


def in_use(s: State) -> str:
    """The settings that the next attempt has."""
    return s.candidate if s.candidate != NONE and s.turn == CANDIDATE else s.valid


def failed(v: Variant, s: State) -> State:
    """An attempt with `in_use` failed, as the client sees it."""
    if in_use(s) != s.candidate:
        return s._replace(turn=CANDIDATE)
    if not v.alternates:
        return s._replace(candidate=NONE)
    return s._replace(turn=VALID, tries=min(v.tries, s.tries + 1))


def _accepting(v: Variant, s: State) -> State:
    is_new = in_use(s) == "new" and v.deletes_on_connect
    return s._replace(accepted=s.accepted - {"old"}) if is_new else s


def connect(v: Variant, s: State) -> Iterator[State]:
    if s.connected == NONE and in_use(s) in s.accepted:
        yield _accepting(v, s)._replace(connected=in_use(s))


def connect_unseen(v: Variant, s: State) -> Iterator[State]:
    """The server accepts, and the connection ends before the client knows."""
    if s.connected == NONE and in_use(s) in s.accepted and s.flakes < v.flakes:
        yield failed(v, _accepting(v, s)._replace(flakes=s.flakes + 1))


def refuse(v: Variant, s: State) -> Iterator[State]:
    if s.connected == NONE and in_use(s) not in s.accepted:
        yield failed(v, s)


def flake(v: Variant, s: State) -> Iterator[State]:
    if s.connected == NONE and s.flakes < v.flakes:
        yield failed(v, s._replace(flakes=s.flakes + 1))


def commit(v: Variant, s: State) -> Iterator[State]:
    """Connected with the candidate: it becomes valid, and the client says APPLIED."""
    if s.connected != NONE and s.connected == s.candidate:
        accepted = s.accepted if v.deletes_on_connect else s.accepted - {"old"}
        yield s._replace(
            valid=s.candidate, candidate=NONE, accepted=accepted, turn=CANDIDATE, tries=0
        )


def give_up(v: Variant, s: State) -> Iterator[State]:
    """Connected with the old ones after enough attempts: the candidate is FAILED."""
    if _is_back(s) and s.tries >= v.tries:
        yield s._replace(candidate=NONE, turn=CANDIDATE, tries=0)


def try_again(v: Variant, s: State) -> Iterator[State]:
    if _is_back(s) and s.tries < v.tries:
        yield s._replace(connected=NONE, turn=CANDIDATE)


def _is_back(s: State) -> bool:
    return s.connected != NONE and s.connected == s.valid and s.candidate != NONE


def offer(v: Variant, s: State) -> Iterator[State]:
    if s.offered or s.connected != "old" or s.candidate != NONE:
        return
    for settings in ("new", "bad"):
        accepted = s.accepted | {"new"} if settings == "new" else s.accepted
        yield s._replace(
            offered=True, candidate=settings, connected=NONE, turn=CANDIDATE, accepted=accepted
        )


def drop(v: Variant, s: State) -> Iterator[State]:
    if s.connected != NONE and s.flakes < v.flakes:
        yield s._replace(connected=NONE, flakes=s.flakes + 1)


def crash(v: Variant, s: State) -> Iterator[State]:
    if s.crashes < v.crashes:
        candidate = s.candidate if v.persists_first else NONE
        yield s._replace(connected=NONE, crashes=s.crashes + 1, turn=CANDIDATE, candidate=candidate)


SYSTEM: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Connect": connect,
    "Refuse": refuse,
    "Commit": commit,
    "GiveUp": give_up,
    "TryAgain": try_again,
}
ENVIRONMENT: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "ConnectUnseen": connect_unseen,
    "Flake": flake,
    "Offer": offer,
    "Drop": drop,
    "Crash": crash,
}

INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "S9": lambda v, s: bool({s.valid, s.candidate} & s.accepted)
}


def goal(v: Variant, s: State) -> bool:
    """L5: connected again, with new or old settings, and nothing left undecided."""
    return s.connected != NONE and s.candidate == NONE


def model(v: Variant = Variant()) -> Model[State]:
    """ConnSettings in one variant."""
    return assemble(State(), v, SYSTEM, ENVIRONMENT, INVARIANTS, goal)


BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "C1 server deletes on connect, client gives up at once": replace(
        BASE, deletes_on_connect=True, alternates=False
    ),
    "C2 server deletes on connect, candidate not on disk first": replace(
        BASE, deletes_on_connect=True, persists_first=False
    ),
}
