"""AgentLoop: the table that drives `otx agent`, run through everything that can happen to it.

Nothing is modelled of the loop itself: the states hold the machine's own record. Around it are a
disk, a process, a server that offers its assignment until the agent has it, and an environment that
assigns, ends the process and kills the agent between any two actions. A configuration is named by
what becomes of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from otx.opamp.config_machine import Action as Told
from otx.opamp.config_machine import Actions, ConfigMachine, Offer, Record
from otx.opamp.config_table import TABLE, Act, Event, Note, Phase, Process, Row, Status
from otx.opamp.effect import Once
from otx.opamp.opamp_pb2 import AgentConfigMap
from spec.search.explore import Model, assemble

GOOD, REFUSED, SICK, DIES = b"good", b"refused", b"sick", b"dies"
"""It works; validation refuses it; it is never healthy; it dies under observation."""
BASELINE = b""
RUNS = (Act.RUN_CANDIDATE, Act.RUN_GOOD, Act.RETRY_GOOD)

Table = Mapping[tuple[Phase, Event], Row]


class Due(NamedTuple):
    """Something the supervisor waits for, of the current launch."""

    what: str
    hash: bytes


class Todo(NamedTuple):
    """An action that was not carried out yet; launch 0 is the machine's current one, -1 older."""

    act: Act
    record: Record
    hash: bytes
    launch: int


class State(NamedTuple):
    """The agent, its disk, its process and its server."""

    record: Record = Record()
    process: Process = Process.ABANDONED
    is_up: bool = False
    todo: tuple[Todo, ...] = ()
    due: tuple[Due, ...] = ()
    running: bytes | None = None
    disk: Record = Record()
    assigned: bytes = BASELINE
    survivors: frozenset[bytes] = frozenset({BASELINE})
    proven: frozenset[bytes] = frozenset({BASELINE})  # healthy for the window, once
    assignments: int = 0
    crashes: int = 0
    deaths: int = 0
    lied: bool = False
    unsaved: bool = False
    relaunched: bool = False


@dataclass(frozen=True)
class Variant:
    """Bounds, and the table."""

    configs: tuple[bytes, ...] = (GOOD, REFUSED, SICK, DIES)
    assignments: int = 2
    crashes: int = 1
    deaths: int = 1
    table: tuple[tuple[tuple[Phase, Event], Row], ...] = tuple(TABLE.items())


def booted(v: Variant, s: State) -> State:
    """The agent starts from its disk; nothing else is left."""
    machine = ConfigMachine(s.disk, dict(v.table))
    return _after(s._replace(todo=(), due=(), running=None), machine, 0, machine.start())


def _machine(v: Variant, s: State) -> ConfigMachine:
    machine = ConfigMachine(s.record, dict(v.table))
    machine.process, machine.is_up = s.process, s.is_up
    return machine


def _after(s: State, machine: ConfigMachine, before: int, actions: Actions) -> State:
    """The state once the machine was told something; launches count from the current one."""
    told = [one.take() for one in actions]
    begun = max((one.launch for one in told if one.act in RUNS), default=before) - before
    earlier = tuple(one._replace(launch=max(-1, one.launch - begun)) for one in s.todo)
    # What is told of an older launch changes nothing, so it need not be waited for.
    due = s.due if not begun else tuple(one for one in s.due if one.what == "validated")
    return s._replace(
        record=machine.record,
        process=machine.process,
        is_up=machine.is_up,
        todo=(*earlier, *(_todo(one, before + begun) for one in told)),
        due=due,
    )


def _todo(told: Told, current: int) -> Todo:
    return Todo(told.act, told.record, told.hash, told.launch - current)


def _tell(v: Variant, s: State, tell: Callable[[ConfigMachine], Actions]) -> State:
    machine = _machine(v, s)
    return _after(s, machine, 0, tell(machine))


def carry_out(v: Variant, s: State) -> Iterator[State]:
    """The oldest action."""
    if not s.todo:
        return
    todo, s = s.todo[0], s._replace(todo=s.todo[1:])
    if todo.act is Act.SAVE:
        yield s._replace(disk=todo.record)
    elif todo.act is Act.REPORT:
        yield _reported(s, todo.record)
    elif todo.act in RUNS:
        again = todo.act is Act.RUN_CANDIDATE and todo.record.why_failed(todo.hash) is not None
        due = tuple(one for one in s.due if one.what == "validated")
        up = (Due("up", todo.hash),) if todo.launch == 0 else ()
        running = None if todo.launch == 0 else todo.hash
        yield s._replace(running=running, due=(*due, *up), relaunched=s.relaunched or again)
    else:
        what = {Act.VALIDATE: "validated", Act.WATCH: "healthy", Act.OBSERVE: "survived"}[todo.act]
        due = tuple(one for one in s.due if what != "validated" or one.what != what)
        is_current = what == "validated" or todo.launch == 0
        yield s._replace(due=(*due, Due(what, todo.hash)) if is_current else due)


def _reported(s: State, record: Record) -> State:
    is_applied = record.status is Status.APPLIED
    is_true = record.received in s.proven and s.running in (None, record.received)
    is_saved = (s.disk.received, s.disk.status) == (record.received, record.status)
    # What was overtaken by a newer record is reported with that one's action.
    is_old = record != s.record
    return s._replace(
        lied=s.lied or (is_applied and not is_true and not is_old),
        unsaved=s.unsaved or (not is_saved and not is_old),
    )


def happen(v: Variant, s: State) -> Iterator[State]:
    """Anything that is awaited comes, as the configuration has it."""
    for place, due in enumerate(s.due):
        rest = s._replace(due=s.due[:place] + s.due[place + 1 :])
        yield _outcome(v, rest, due)


def _outcome(v: Variant, s: State, due: Due) -> State:
    config = due.hash
    if due.what == "validated":
        if config == REFUSED:
            return _tell(v, s, lambda machine: machine.refused(config, "refused"))
        return _tell(v, s, lambda machine: machine.validated(config))
    if due.what == "up":
        return _tell(v, s._replace(running=config), lambda machine: machine.up(0))
    is_end = (config, due.what) in ((SICK, "healthy"), (DIES, "survived"))
    if is_end:
        return _tell(v, s._replace(running=None), lambda machine: machine.down(0, "ended"))
    if due.what == "healthy":
        proven = s.proven | {config} if s.process is Process.CANDIDATE else s.proven
        # What was well until it was overtaken counts as survivor once this one is healthy.
        survivors = (
            s.survivors | {s.record.trial} if s.process is Process.CANDIDATE else s.survivors
        )
        s = s._replace(proven=proven, survivors=survivors)
        return _tell(v, s, lambda machine: machine.healthy(0))
    survivors = s.survivors | {config} if s.process is Process.TRIAL else s.survivors
    return _tell(v, s._replace(survivors=survivors), lambda machine: machine.survived(0))


def offer(v: Variant, s: State) -> Iterator[State]:
    """The server offers what it assigned until the agent says that it has received it."""
    if s.assigned != BASELINE and s.record.received != s.assigned:
        yield _offered(v, s)


def _offered(v: Variant, s: State) -> State:
    envelope = Once(Offer(s.assigned, AgentConfigMap()))
    return _tell(v, s, lambda machine: machine.offered(envelope))


def assign(v: Variant, s: State) -> Iterator[State]:
    if s.assignments < v.assignments:
        for config in v.configs:
            if config != s.assigned:
                yield s._replace(assigned=config, assignments=s.assignments + 1)


def offer_again(v: Variant, s: State) -> Iterator[State]:
    """A duplicate of what the agent has received: it changes nothing."""
    if s.assigned != BASELINE and s.record.received == s.assigned and not s.todo:
        then = _offered(v, s)
        if then != s:
            yield then


def crash(v: Variant, s: State) -> Iterator[State]:
    if s.crashes < v.crashes:
        yield booted(v, s._replace(crashes=s.crashes + 1))


def die(v: Variant, s: State) -> Iterator[State]:
    """The process ends, whatever it has."""
    if s.deaths < v.deaths and s.is_up:
        due = tuple(one for one in s.due if one.what == "validated")
        ended = s._replace(deaths=s.deaths + 1, running=None, due=due)
        yield _tell(v, ended, lambda machine: machine.down(0, "ended"))


SYSTEM: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "CarryOut": carry_out,
    "Happen": happen,
    "Offer": offer,
}
ENVIRONMENT: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Assign": assign,
    "OfferAgain": offer_again,
    "Crash": crash,
    "Die": die,
}

INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "S2": lambda v, s: not s.lied,
    "S3": lambda v, s: s.record.status is not Status.APPLIED or s.record.received in (GOOD, DIES),
    "S4": lambda v, s: s.disk.good in s.survivors,
    "S6": lambda v, s: not s.relaunched,
    "W": lambda v, s: not s.unsaved,
}
"""W: nothing is reported that is not on disk. The others are those of ../README.md."""


def goal(v: Variant, s: State) -> bool:
    """What was assigned has its verdict, on disk, and last good runs."""
    if s.running != s.disk.good or s.disk.phase is not Phase.IDLE:
        return False
    if s.assigned == BASELINE:
        return s.disk.status is Status.UNSET
    if s.disk.received != s.assigned:
        return False
    if s.disk.status is Status.APPLIED:
        return s.running == s.assigned and s.assigned in s.survivors
    has_cause = s.assigned != GOOD or s.crashes + s.deaths > 0
    return s.disk.status is Status.FAILED and bool(s.disk.reason) and has_cause


def model(v: Variant = Variant()) -> Model[State]:
    """The table of one variant."""
    return assemble(booted(v, State()), v, SYSTEM, ENVIRONMENT, INVARIANTS, goal)


def changed(*rows: tuple[Phase, Event, Row]) -> Variant:
    """A table with other rows, in a world that is no rougher than needed."""
    table = {**TABLE, **{(phase, event): row for phase, event, row in rows}}
    return Variant(table=tuple(table.items()), assignments=1, deaths=0)


_P, _E = Phase, Event
_HEALTHY = TABLE[_P.VERIFYING, _E.HEALTHY]
_OFFERED = TABLE[_P.IDLE, _E.NEW_OFFER]
_ENDED = TABLE[_P.PROBATION, _E.TRIAL_DOWN]
BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "A1 last good when healthy": changed(
        (_P.VERIFYING, _E.HEALTHY, _HEALTHY._replace(notes=(*_HEALTHY.notes, Note.PROMOTE)))
    ),
    "A2 APPLIED at the launch": changed(
        (_P.APPLYING, _E.CANDIDATE_UP, Row(_P.PROBATION, _HEALTHY.notes, _HEALTHY.acts))
    ),
    "A3 reported, then saved": changed(
        (_P.VERIFYING, _E.HEALTHY, _HEALTHY._replace(acts=(Act.REPORT, Act.SAVE, Act.OBSERVE)))
    ),
    "A4 last good is not started again": changed(
        (_P.PROBATION, _E.TRIAL_DOWN, _ENDED._replace(acts=(Act.SAVE, Act.REPORT)))
    ),
    "A5 what failed is tried again": replace(
        changed((_P.IDLE, _E.FAILED_OFFER, _OFFERED)),
        configs=(GOOD, SICK),
        assignments=3,
        crashes=0,
    ),
    "A6 survival is not saved": changed(
        (_P.PROBATION, _E.SURVIVED, TABLE[_P.PROBATION, _E.SURVIVED]._replace(acts=()))
    ),
    "A7 a trial is forgotten at a start": changed(
        (_P.PROBATION, _E.RESUMED, Row(_P.IDLE, (Note.RETRY,), (Act.RUN_GOOD,)))
    ),
}
