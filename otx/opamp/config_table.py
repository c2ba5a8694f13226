"""The agent's configuration loop as a table: what follows when an offer or its process does what.

`otx.opamp.config_machine` runs it. `TABLE` is the whole behaviour; spec/ has the same loop in TLA+
and for a searcher, and both are checked against it.

         new offer                validated, launched           healthy for the window
    IDLE ---------> APPLYING ------------------------> VERIFYING ----------------> PROBATION
     ^ ^               | refused: what ran goes on,         | crash, unhealthy,      |  |
     | |               v FAILED                             v time-out: FAILED       |  |
     | +--- IDLE or PROBATION                           REVERTING <------------------+  |
     +--------------------------------------------------- last good runs     crash: FAILED
     +----------------------------------------------------------------------------------+
                                                survived the observation window: last good

A newer offer leads to APPLYING from anywhere. The process is one of four: the last good one, the
candidate, the trial (a candidate that is APPLIED and under observation) or an abandoned one whose
offer was overtaken. A trial that is overtaken stays in the record until the candidate is healthy,
for it is what runs again when the candidate fails. Last good is replaced only when a trial survived
or was well until a healthy candidate took its place, in the same record as the rest, so there is no
moment at which a crash finds no configuration that has worked. A record is saved before anything is
done or said that rests on it.
"""

from enum import Enum
from typing import NamedTuple


class Phase(Enum):
    """How far the newest offer has come."""

    IDLE = "idle"
    APPLYING = "applying"
    """Saved; validated while what ran before runs on; then launched."""
    VERIFYING = "verifying"
    """The candidate runs, its health is watched."""
    PROBATION = "probation"
    """It runs, was healthy, is APPLIED; a crash in the observation window still undoes it."""
    REVERTING = "reverting"
    """It is FAILED; the trial that it overtook, else last good, is being started."""


class Status(Enum):
    """What remote_config_status says of the hash received last."""

    UNSET = 0
    APPLIED = 1
    APPLYING = 2
    FAILED = 3


class Process(Enum):
    """Which configuration the supervised process has."""

    GOOD = "good"
    CANDIDATE = "candidate"
    TRIAL = "trial"
    ABANDONED = "abandoned"
    """A candidate that was overtaken, or no process at all."""


class Event(Enum):
    """What happened, told apart by what the record and the process say."""

    NEW_OFFER = "new offer"
    SAME_OFFER = "same offer"
    """The hash received last, whatever became of it."""
    FAILED_OFFER = "failed offer"
    """Another hash than received last, and it failed before in this run of the agent."""
    RUNNING_OFFER = "running offer"
    """Another hash, and what it asks for runs already."""
    VALIDATED = "validated"
    RUNNING_VALIDATED = "running validated"
    """It passed, and what it asks for is what runs."""
    REFUSED = "refused"
    """By policy or by static validation: nothing was launched."""
    CANDIDATE_UP = "candidate up"
    CANDIDATE_DOWN = "candidate down"
    """Launch failed, crashed, unhealthy, or not healthy in time."""
    HEALTHY = "healthy"
    """For the whole health window."""
    SURVIVED = "survived"
    """The observation window."""
    TRIAL_UP = "trial up"
    """It runs again, after what had overtaken it failed or while that waits."""
    TRIAL_DOWN = "trial down"
    GOOD_UP = "good up"
    GOOD_DOWN = "good down"
    ABANDONED_DOWN = "abandoned down"
    STARTED = "started"
    """The agent's process began, and no offer was under way."""
    RESUMED = "resumed"
    """It began in the midst of an offer that may be tried again."""
    INTERRUPTED = "interrupted"
    """It began in the midst of an offer that was tried often enough."""
    RESTART = "restart"
    """The supervised process is to be started anew: by command, or its local part changed."""


class Note(Enum):
    """A change of the record."""

    TAKE = "the offer becomes candidate, received, APPLYING; attempts are 1"
    ADOPT = "what runs gets the offer's hash, received, APPLIED"
    COUNT = "one attempt more"
    TRY = "candidate becomes trial, the one before last good; APPLIED if it was received last"
    RETRY = "trial becomes candidate; APPLYING if it is what was received last"
    PROMOTE = "trial becomes last good; attempts are 0"
    FAIL = "candidate is remembered as failed; FAILED if it is what was received last"
    FAIL_TRIAL = "trial is remembered as failed; FAILED if it is what was received last"


class Act(Enum):
    """Something the supervisor does."""

    SAVE = "write the record (and the offer's content before it), durably"
    REPORT = "status and effective configuration may have changed: tell the client core"
    VALIDATE = "policy and static validation of the candidate; answer validated or refused"
    RUN_CANDIDATE = "end the process, start the candidate; answer up or down"
    WATCH = "the health window begins; answer healthy or down"
    OBSERVE = "the observation window begins; answer survived or down"
    RUN_GOOD = "end the process, start the trial, else last good; answer up or down"
    RETRY_GOOD = "the same after a back-off"


class Row(NamedTuple):
    """What follows on an event; `to` None: back to what runs (`back`)."""

    to: Phase | None
    notes: tuple[Note, ...] = ()
    acts: tuple[Act, ...] = ()


_P, _E, _N, _A = Phase, Event, Note, Act
_TOLD = (_A.SAVE, _A.REPORT)
_OVER = (_A.SAVE, _A.REPORT, _A.RUN_GOOD)

_OFFERS: dict[Event, Row] = {
    _E.NEW_OFFER: Row(_P.APPLYING, (_N.TAKE,), (*_TOLD, _A.VALIDATE)),
    _E.FAILED_OFFER: Row(None, (_N.TAKE, _N.FAIL), _TOLD),
    _E.RUNNING_OFFER: Row(None, (_N.ADOPT,), _TOLD),
}
"""Whatever the phase: the newest offer wins."""

TABLE: dict[tuple[Phase, Event], Row] = {
    **{(phase, event): row for phase in Phase for event, row in _OFFERS.items()},
    **{(phase, _E.SAME_OFFER): Row(phase) for phase in Phase},
    # Nothing is under way: last good runs, or is being brought back.
    (_P.IDLE, _E.GOOD_UP): Row(_P.IDLE, (), (_A.REPORT,)),
    (_P.IDLE, _E.GOOD_DOWN): Row(_P.IDLE, (), (_A.REPORT, _A.RETRY_GOOD)),
    (_P.IDLE, _E.STARTED): Row(_P.IDLE, (), (_A.RUN_GOOD,)),
    (_P.IDLE, _E.RESTART): Row(_P.IDLE, (), (_A.RUN_GOOD,)),
    # Before the launch what ran before runs on, and may end meanwhile.
    (_P.APPLYING, _E.VALIDATED): Row(_P.APPLYING, (), (_A.RUN_CANDIDATE,)),
    (_P.APPLYING, _E.RUNNING_VALIDATED): Row(None, (_N.ADOPT,), _TOLD),
    (_P.APPLYING, _E.REFUSED): Row(None, (_N.FAIL,), _TOLD),
    (_P.APPLYING, _E.CANDIDATE_UP): Row(_P.VERIFYING, (), (_A.WATCH,)),
    (_P.APPLYING, _E.CANDIDATE_DOWN): Row(_P.REVERTING, (_N.FAIL,), _OVER),
    (_P.APPLYING, _E.SURVIVED): Row(_P.APPLYING, (_N.PROMOTE,), (_A.SAVE,)),
    (_P.APPLYING, _E.TRIAL_UP): Row(_P.APPLYING, (), (_A.REPORT, _A.OBSERVE)),
    (_P.APPLYING, _E.TRIAL_DOWN): Row(_P.APPLYING, (_N.FAIL_TRIAL,), (_A.SAVE, _A.RUN_GOOD)),
    (_P.APPLYING, _E.GOOD_UP): Row(_P.APPLYING, (), (_A.REPORT,)),
    (_P.APPLYING, _E.GOOD_DOWN): Row(_P.APPLYING, (), (_A.RETRY_GOOD,)),
    (_P.APPLYING, _E.ABANDONED_DOWN): Row(_P.APPLYING, (), (_A.RUN_GOOD,)),
    (_P.APPLYING, _E.RESUMED): Row(
        _P.APPLYING, (_N.COUNT,), (_A.SAVE, _A.REPORT, _A.RUN_GOOD, _A.VALIDATE)
    ),
    (_P.APPLYING, _E.INTERRUPTED): Row(_P.REVERTING, (_N.FAIL,), _OVER),
    (_P.VERIFYING, _E.HEALTHY): Row(_P.PROBATION, (_N.TRY,), (*_TOLD, _A.OBSERVE)),
    (_P.VERIFYING, _E.CANDIDATE_DOWN): Row(_P.REVERTING, (_N.FAIL,), _OVER),
    (_P.VERIFYING, _E.RESUMED): Row(
        _P.APPLYING, (_N.COUNT,), (_A.SAVE, _A.REPORT, _A.RUN_GOOD, _A.VALIDATE)
    ),
    (_P.VERIFYING, _E.INTERRUPTED): Row(_P.REVERTING, (_N.FAIL,), _OVER),
    (_P.PROBATION, _E.SURVIVED): Row(_P.IDLE, (_N.PROMOTE,), (_A.SAVE,)),
    (_P.PROBATION, _E.TRIAL_UP): Row(_P.PROBATION, (), (_A.REPORT, _A.OBSERVE)),
    (_P.PROBATION, _E.TRIAL_DOWN): Row(_P.REVERTING, (_N.FAIL_TRIAL,), _OVER),
    # After a start nothing runs: the trial is verified again, and not called APPLIED until it is.
    (_P.PROBATION, _E.RESUMED): Row(
        _P.APPLYING, (_N.RETRY, _N.COUNT), (_A.SAVE, _A.REPORT, _A.VALIDATE)
    ),
    (_P.PROBATION, _E.INTERRUPTED): Row(_P.REVERTING, (_N.FAIL_TRIAL,), _OVER),
    (_P.PROBATION, _E.RESTART): Row(_P.APPLYING, (_N.RETRY,), (*_TOLD, _A.VALIDATE)),
    (_P.REVERTING, _E.GOOD_UP): Row(_P.IDLE, (), _TOLD),
    (_P.REVERTING, _E.GOOD_DOWN): Row(_P.IDLE, (), (*_TOLD, _A.RETRY_GOOD)),
    (_P.REVERTING, _E.TRIAL_UP): Row(_P.PROBATION, (), (*_TOLD, _A.OBSERVE)),
    (_P.REVERTING, _E.TRIAL_DOWN): Row(_P.REVERTING, (_N.FAIL_TRIAL,), _OVER),
    (_P.REVERTING, _E.STARTED): Row(_P.REVERTING, (), (_A.RUN_GOOD,)),
}
"""Everything else is stale or needs no answer: the phase stays and nothing is done."""


def back(process: Process) -> Phase:
    """Where an offer leads that was not launched: to what runs, else to what was healthy last."""
    return {Process.GOOD: Phase.IDLE, Process.TRIAL: Phase.PROBATION}.get(process, Phase.REVERTING)
