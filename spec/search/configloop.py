"""ConfigLoop: the agent's configuration loop under anything that can happen to it.

The states hold the record of the real `ConfigMachine`. Where AgentLoop has a disk and a world, this
has neither: each event comes whenever the machine could take it, so what holds here holds in any
world. `configloop_tla` writes the same in TLA+.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from otx.opamp.config_machine import (
    PROVEN_ATTEMPTS,
    Actions,
    ConfigMachine,
    Failure,
    Offer,
    Record,
)
from otx.opamp.config_table import TABLE, Act, Event, Note, Phase, Process, Row, Status
from otx.opamp.effect import Once
from otx.opamp.opamp_pb2 import AgentConfigMap
from spec.search.explore import Model, assemble

NONE = 0
"""In place of a hash: none; as last good, the local configuration."""


class Memory(NamedTuple):
    """The machine's record; `m` in ConfigLoop.tla."""

    received: int = NONE
    status: str = "UNSET"
    candidate: int = NONE
    trial: int = NONE
    good: int = NONE
    attempts: int = 0
    failed: frozenset[int] = frozenset()


class State(NamedTuple):
    """The names are the variables of ConfigLoop.tla."""

    phase: str = Phase.IDLE.value
    m: Memory = Memory()
    process: str = Process.ABANDONED.value
    up: bool = False
    survived: frozenset[int] = frozenset({NONE})  # a trial, overtaken ones too; or what ran
    newest: int = NONE  # healthy, and neither failed nor to be verified again since


Rows = tuple[tuple[tuple[Phase, Event], Row], ...]


@dataclass(frozen=True)
class Variant:
    """Hashes are 1 to `hashes`; the rest is the agent's own."""

    hashes: int = 2
    rows: Rows = tuple(TABLE.items())


def _bytes(number: int) -> bytes:
    return bytes([number]) if number else b""


def _number(config_hash: bytes) -> int:
    return config_hash[0] if config_hash else NONE


def _machine(v: Variant, s: State) -> ConfigMachine:
    m = s.m
    machine = ConfigMachine(
        Record(
            phase=Phase(s.phase),
            received=_bytes(m.received),
            status=Status[m.status],
            candidate=_bytes(m.candidate),
            trial=_bytes(m.trial),
            good=_bytes(m.good),
            attempts=m.attempts,
            failures=tuple(Failure(_bytes(one), "") for one in sorted(m.failed)),
        ),
        dict(v.rows),
    )
    machine.process, machine.is_up = Process(s.process), s.up
    return machine


def _state(machine: ConfigMachine, s: State) -> State:
    record = machine.record
    memory = Memory(
        _number(record.received),
        record.status.name,
        _number(record.candidate),
        _number(record.trial),
        _number(record.good),
        record.attempts,
        frozenset(_number(one.hash) for one in record.failures),
    )
    return s._replace(
        phase=record.phase.value, m=memory, process=machine.process.value, up=machine.is_up
    )


def _told(v: Variant, s: State, tell: Callable[[ConfigMachine], Actions]) -> Iterator[State]:
    """What the machine is afterwards, where that is another state."""
    machine = _machine(v, s)
    tell(machine)
    then = _state(machine, s)
    if then != s:
        yield then


def offer(v: Variant, s: State) -> Iterator[State]:
    for config in range(1, v.hashes + 1):
        for runs_already in (False, True):
            envelope = Once(Offer(_bytes(config), AgentConfigMap()))

            def hand_in(
                machine: ConfigMachine,
                envelope: Once[Offer] = envelope,
                runs_already: bool = runs_already,
            ) -> Actions:
                return machine.offered(envelope, runs_already)

            for then in _told(v, s, hand_in):
                # Whoever asks for what survived, under another hash, has survived.
                is_good = then.m.good != s.m.good
                then = then._replace(survived=s.survived | {config}) if is_good else then
                yield then._replace(newest=_newest_after_offer(s, then, config))


def _newest_after_offer(s: State, then: State, config: int) -> int:
    if then.m.status == "APPLIED":
        return config
    return s.m.good if config == s.newest and then.m.candidate == config else s.newest


def validate(v: Variant, s: State) -> Iterator[State]:
    yield from _told(v, s, lambda machine: machine.validated(machine.record.candidate))
    for then in _told(v, s, lambda machine: machine.validated(machine.record.candidate, True)):
        if then.phase != s.phase:  # adopted, and with it what is known of what runs
            is_good = then.m.good != s.m.good
            survived = s.survived | {s.m.candidate} if is_good else s.survived
            yield then._replace(survived=survived, newest=s.m.candidate)
    yield from _told(v, s, lambda machine: machine.refused(machine.record.candidate, "refused"))


def process(v: Variant, s: State) -> Iterator[State]:
    yield from _told(v, s, lambda machine: machine.up(0))
    for then in _told(v, s, lambda machine: machine.down(0, "ended")):
        yield then._replace(newest=s.m.good) if s.process == "trial" else then


def watch(v: Variant, s: State) -> Iterator[State]:
    for then in _told(v, s, lambda machine: machine.healthy(0)):
        survived = s.survived | {s.m.trial}
        yield then._replace(survived=survived, newest=s.m.candidate)
    for then in _told(v, s, lambda machine: machine.survived(0)):
        yield then._replace(survived=s.survived | {s.m.trial})


def restart(v: Variant, s: State) -> Iterator[State]:
    for then in _told(v, s, lambda machine: machine.restart()):
        yield then._replace(newest=s.m.good) if s.phase == "probation" else then


def start(v: Variant, s: State) -> Iterator[State]:
    """The agent's process begins anew, with the record alone."""
    fresh = s._replace(process=Process.ABANDONED.value, up=False)
    machine = _machine(v, fresh)
    machine.start()
    then = _state(machine, s)
    then = then._replace(newest=s.m.good) if s.phase == "probation" else then
    if then != s:
        yield then


SYSTEM: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Offer": offer,
    "Validate": validate,
    "Process": process,
    "Watch": watch,
}
ENVIRONMENT: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Restart": restart,
    "Start": start,
}
INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "Applied": lambda v, s: s.m.status != "APPLIED" or s.m.received in (s.m.trial, s.m.good),
    "Good": lambda v, s: s.m.good in s.survived,
    "Idle": lambda v, s: (
        s.phase != "idle"
        or (s.m.candidate == NONE and s.m.trial == NONE and s.m.status != "APPLYING")
    ),
    "Probation": lambda v, s: (
        s.phase != "probation" or (s.m.trial != NONE and s.process in ("trial", "abandoned"))
    ),
    "Attempts": lambda v, s: s.m.attempts <= PROVEN_ATTEMPTS,
    "NewestRuns": lambda v, s: s.newest == (s.m.trial or s.m.good),
}
"""Applied: what is APPLIED is last good or on trial. Good: last good has survived. NewestRuns:
what a failed offer leads back to is the newest configuration that was healthy. And so on."""


def goal(v: Variant, s: State) -> bool:
    """There is always something that can happen, so nothing rests here."""
    return True


def model(v: Variant = Variant()) -> Model[State]:
    """The loop with so many hashes."""
    found = assemble(State(), v, SYSTEM, ENVIRONMENT, INVARIANTS, goal)
    # Offers come again and again in any order: cycles are no fault.
    return Model(found.first, found.actions, found.invariants, None, must_rest=False)


def changed(phase: Phase, event: Event, row: Row) -> Variant:
    """A table with another row, and one hash, which is enough to show it."""
    return Variant(hashes=1, rows=tuple({**TABLE, (phase, event): row}.items()))


_HEALTHY = TABLE[Phase.VERIFYING, Event.HEALTHY]
_RESUMED = TABLE[Phase.PROBATION, Event.RESUMED]
BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "L1 the trial is given up at once": changed(
        Phase.VERIFYING, Event.HEALTHY, _HEALTHY._replace(notes=(Note.TRY, Note.FAIL_TRIAL))
    ),
    "L2 last good when healthy": changed(
        Phase.VERIFYING, Event.HEALTHY, _HEALTHY._replace(notes=(Note.TRY, Note.PROMOTE))
    ),
    "L3 an interrupted offer is left where it is": changed(
        Phase.APPLYING, Event.INTERRUPTED, Row(Phase.IDLE, (), (Act.RUN_GOOD,))
    ),
    "L4 probation without a trial": changed(
        Phase.VERIFYING, Event.HEALTHY, _HEALTHY._replace(notes=())
    ),
    "L5 attempts are counted twice": changed(
        Phase.PROBATION,
        Event.RESUMED,
        _RESUMED._replace(notes=(Note.RETRY, Note.COUNT, Note.COUNT)),
    ),
    "L6 the trial is given up at the launch of the next": replace(
        changed(
            Phase.APPLYING,
            Event.VALIDATED,
            Row(Phase.APPLYING, (Note.FAIL_TRIAL,), (Act.RUN_CANDIDATE,)),
        ),
        hashes=2,
    ),
}
