"""The agent's own way of trying connection settings, in every order of failures: no lock-out.

The world is that of spec/search/connsettings.py; which settings are tried next, and what becomes of
the candidate, says the real `Trial`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from otx.opamp.client.settings import TRIES, Role, Trial, Verdict
from spec.search.explore import Action, Model, explore

NONE = ""
ATTEMPTS_APART = TRIES + 2
"""Attempts repeat from here on: candidate and current in turn."""


class State(NamedTuple):
    valid: str = "old"
    candidate: str = NONE
    connected: str = NONE
    attempts: int = 0
    accepted: frozenset[str] = frozenset({"old"})
    is_offered: bool = False
    flakes: int = 0
    crashes: int = 0
    verdict: Verdict | None = None


class Settings:
    """The model, for a server that drops the old settings on connect or on APPLIED."""

    def __init__(self, deletes_on_connect: bool, flakes: int, crashes: int) -> None:
        self.deletes_on_connect = deletes_on_connect
        self.most_flakes, self.most_crashes = flakes, crashes

    def model(self) -> Model[State]:
        system = {"Connect": self.connect, "Refuse": self.refuse}
        environment = {
            "ConnectUnseen": self.connect_unseen,
            "Flake": self.flake,
            "Offer": self.offer,
            "Drop": self.drop,
            "Crash": self.crash,
        }
        return Model(
            State(),
            (
                *(Action(name, step) for name, step in system.items()),
                *(Action(name, step, True) for name, step in environment.items()),
            ),
            {"S9": lambda s: bool({s.valid, s.candidate} & s.accepted)},
            lambda s: s.connected != NONE and s.candidate == NONE,
        )

    def connect(self, s: State) -> Iterator[State]:
        role, settings = attempt(s)
        if s.connected or settings not in s.accepted:
            return
        trial = of(s)
        verdict = trial.worked(role)
        s = self.taken(s, settings)._replace(connected=settings)
        if verdict is Verdict.APPLIED:
            accepted = s.accepted - {"old"}
            s = s._replace(valid=s.candidate, accepted=accepted)
        if verdict is not None:
            s = s._replace(candidate=NONE, attempts=0, verdict=verdict)
        yield s

    def connect_unseen(self, s: State) -> Iterator[State]:
        _, settings = attempt(s)
        if not s.connected and settings in s.accepted and s.flakes < self.most_flakes:
            yield failed(self.taken(s, settings)._replace(flakes=s.flakes + 1))

    def refuse(self, s: State) -> Iterator[State]:
        _, settings = attempt(s)
        if not s.connected and settings not in s.accepted:
            yield failed(s)

    def flake(self, s: State) -> Iterator[State]:
        if not s.connected and s.flakes < self.most_flakes:
            yield failed(s._replace(flakes=s.flakes + 1))

    def offer(self, s: State) -> Iterator[State]:
        if s.is_offered or s.connected != "old":
            return
        for settings in ("new", "bad"):
            accepted = s.accepted | {"new"} if settings == "new" else s.accepted
            yield s._replace(
                is_offered=True, candidate=settings, connected=NONE, attempts=0, accepted=accepted
            )

    def drop(self, s: State) -> Iterator[State]:
        if s.connected and s.flakes < self.most_flakes:
            yield s._replace(connected=NONE, flakes=s.flakes + 1)

    def crash(self, s: State) -> Iterator[State]:
        if s.crashes < self.most_crashes:
            yield s._replace(connected=NONE, attempts=0, crashes=s.crashes + 1)

    def taken(self, s: State, settings: str) -> State:
        is_new = settings == "new" and self.deletes_on_connect
        return s._replace(accepted=s.accepted - {"old"}) if is_new else s


def of(s: State) -> Trial:
    trial = Trial(has_candidate=s.candidate != NONE)
    for _ in range(s.attempts):
        trial.failed(trial.role(), "down")
    return trial


def attempt(s: State) -> tuple[Role, str]:
    role = of(s).role()
    return role, s.candidate if role is Role.CANDIDATE else s.valid


def failed(s: State) -> State:
    if s.candidate == NONE:
        return s
    following = s.attempts + 1
    return s._replace(attempts=following if following < ATTEMPTS_APART else following - 2)


@pytest.mark.parametrize("deletes_on_connect", [False, True])
@pytest.mark.parametrize(("flakes", "crashes"), [(0, 0), (1, 1), (3, 2)])
def test_nobody_is_locked_out(deletes_on_connect: bool, flakes: int, crashes: int) -> None:
    result = explore(Settings(deletes_on_connect, flakes, crashes).model())
    assert result.faults == [], [result.trace(result.fault_state(fault)) for fault in result.faults]


def test_settings_that_work_are_applied_and_others_fail() -> None:
    rests = [
        state
        for state in explore(Settings(False, 0, 0).model()).parents
        if state.connected and state.is_offered and not state.candidate
    ]
    assert {(state.valid, state.verdict) for state in rests} == {
        ("new", Verdict.APPLIED),
        ("old", Verdict.FAILED),
    }
