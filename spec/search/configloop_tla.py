"""Writes ConfigLoop.tla from the table of the agent: `otx.opamp.config_table.TABLE`.

    python -m spec.search.configloop_tla > spec/ConfigLoop.tla

One action for each row that does something; the rest of the module is the same for any table.
"""

from otx.opamp.config_table import TABLE, Act, Event, Note, Phase, Process, Row

_NOTES = {
    Note.TAKE: "Take({m}, hash)",
    Note.ADOPT: "Adopt({m}, {adopted})",
    Note.COUNT: "Count({m})",
    Note.TRY: "Try({m})",
    Note.RETRY: "Retry({m})",
    Note.PROMOTE: "Promote({m})",
    Note.FAIL: "Fail({m})",
    Note.FAIL_TRIAL: "FailTrial({m})",
}
_PROCESS_AFTER = {
    Event.HEALTHY: '"trial"',
    Event.SURVIVED: '"good"',
    Event.NEW_OFFER: 'IF process = "candidate" \\/ (process = "trial" /\\ m.trial = hash)'
    ' THEN "abandoned" ELSE process',
    Event.RESTART: 'IF process = "trial" THEN "abandoned" ELSE process',
}
_OFFERS = (Event.NEW_OFFER, Event.FAILED_OFFER, Event.RUNNING_OFFER)
_STARTS = (Event.STARTED, Event.RESUMED, Event.INTERRUPTED)
_GROUPS = {
    "Offer": (*_OFFERS, Event.SAME_OFFER),
    "Validate": (Event.VALIDATED, Event.RUNNING_VALIDATED, Event.REFUSED),
    "Process": (
        Event.CANDIDATE_UP,
        Event.CANDIDATE_DOWN,
        Event.TRIAL_UP,
        Event.TRIAL_DOWN,
        Event.GOOD_UP,
        Event.GOOD_DOWN,
        Event.ABANDONED_DOWN,
    ),
    "Watch": (Event.HEALTHY, Event.SURVIVED),
    "Restart": (Event.RESTART,),
    "Start": _STARTS,
}


def row_name(phase: Phase, event: Event) -> str:
    """ApplyingRefused, for the row of that phase and event."""
    return phase.value.capitalize() + "".join(word.capitalize() for word in event.value.split())


def row_text(phase: Phase, event: Event, row: Row) -> str:
    """The action of one row."""
    is_offer, is_start = event in _OFFERS, event in _STARTS
    head = row_name(phase, event) + ("(hash)" if is_offer else "")
    when = "Is" + "".join(word.capitalize() for word in event.value.split())
    memory = "Kept(m)" if is_start else "m"
    # What is adopted is what was offered, at once or once it is validated.
    adopted = "m.candidate" if event is Event.RUNNING_VALIDATED else "hash"
    for note in row.notes:
        memory = _NOTES[note].format(m=memory, adopted=adopted)
    survivor = {Event.SURVIVED: "m.trial", Event.HEALTHY: "m.trial"}.get(event)
    if Note.ADOPT in row.notes:
        survivor = f'IF process = "good" THEN {adopted} ELSE 0'
    grown = f"survived \\union {{{survivor}}}" if survivor else "survived"
    return "\n".join(
        [
            f"{head} ==",
            f'    /\\ phase = "{phase.value}" /\\ {when}{"(hash)" if is_offer else ""}',
            f"    /\\ m' = {memory}",
            *_process_lines(event, row),
            f"    /\\ survived' = {grown}",
            f"    /\\ newest' = {_newest(phase, event)}",
        ]
    )


def _newest(phase: Phase, event: Event) -> str:
    """What was healthy last, and neither failed nor is to be verified again since."""
    is_undone = phase is Phase.PROBATION and event in (*_STARTS, Event.RESTART)
    if is_undone or event is Event.TRIAL_DOWN:
        return "m.good"
    return {
        Event.HEALTHY: "m.candidate",
        Event.RUNNING_OFFER: "hash",
        Event.RUNNING_VALIDATED: "m.candidate",
        Event.NEW_OFFER: "IF hash = newest THEN m.good ELSE newest",
    }.get(event, "newest")


def _process_lines(event: Event, row: Row) -> list[str]:
    if Act.RUN_CANDIDATE in row.acts:
        after, up = '"candidate"', "FALSE"
    elif {Act.RUN_GOOD, Act.RETRY_GOOD} & set(row.acts):
        is_failed = Note.FAIL_TRIAL in row.notes
        after, up = '"good"' if is_failed else "Newest", "FALSE"
    else:
        after = _PROCESS_AFTER.get(event, "process")
        after = '"abandoned"' if event in _STARTS else after
        ups = {"Up": "TRUE", "Down": "FALSE"}
        up = ups.get(event.name.rsplit("_")[-1].capitalize(), "up")
        up = "FALSE" if event in _STARTS else up
    if row.to is not None:
        return [f'    /\\ phase\' = "{row.to.value}"', f"    /\\ process' = ({after})",
                f"    /\\ up' = {up}"]  # fmt: skip
    return [
        "    /\\ phase' = Back",
        '    /\\ process\' = IF Back = "reverting" THEN Newest ELSE process',
        '    /\\ up\' = (Back # "reverting" /\\ up)',
    ]


def module_text() -> str:
    """ConfigLoop.tla."""
    rows = "\n\n".join(row_text(*key, row) for key, row in TABLE.items() if row.acts)
    others = f"{_other_text('Up')}\n\n{_other_text('Down')}"
    groups = "\n\n".join(_group_text(name, events) for name, events in _GROUPS.items())
    return f"{_HEAD}{rows}\n\n{others}\n\n{groups}{_FOOT}"


def _group_text(name: str, events: tuple[Event, ...]) -> str:
    rows = [key for key in TABLE if key[1] in events and key[1] is not Event.SAME_OFFER]
    calls = [row_name(*key) + ("(hash)" if key[1] in _OFFERS else "") for key in rows]
    body = "\n".join(f"    \\/ {call}" for call in calls)
    if name == "Offer":
        body = "    \\E hash \\in 1..Hashes :\n" + body.replace("    \\/", "        \\/")
    if name == "Process":
        body += "\n    \\/ OtherUp\n    \\/ OtherDown"
    return f"{name} ==\n{body}"


def _other_text(way: str) -> str:
    """What is told of a process where no row says what follows: only that it is up, or not."""
    events = {f"{one.value.upper()}_{way.upper()}": one for one in Process}
    rowless = [
        f'<<"{phase.value}", "{process.value}">>'
        for phase in Phase
        for name, process in events.items()
        if name not in Event.__members__ or (phase, Event[name]) not in TABLE
    ]
    pairs = ",\n         ".join(rowless)
    return "\n".join(
        [
            f"Other{way} ==",
            f"    /\\ <<phase, process>> \\in\n        {{{pairs}}}",
            f"    /\\ up' = {'TRUE' if way == 'Up' else 'FALSE'}",
            "    /\\ UNCHANGED <<phase, m, process, survived, newest>>",
        ]
    )


_HEAD = r"""----------------------------- MODULE ConfigLoop -----------------------------
(* The configuration loop of the agent, under anything that can happen to it. *)
(* Written by search/configloop_tla.py from the table that drives `otx agent` *)
(* (otx/opamp/config_table.py): an action for each row, and a test that it is *)
(* up to date. Hashes are 1..Hashes, 0 is none, or the local configuration.   *)
EXTENDS Integers

CONSTANTS Hashes, Unproven, Proven

VARIABLES
    phase,
    m,          \* the record: all of it is on disk
    process,    \* which configuration the process has
    up,         \* whether it runs
    survived,   \* looked at by an invariant only, as is newest:
    newest      \* healthy, and neither failed nor to be verified again since

vars == <<phase, m, process, up, survived, newest>>

Init ==
    /\ phase = "idle"
    /\ m = [received |-> 0, status |-> "UNSET", candidate |-> 0, trial |-> 0,
            good |-> 0, attempts |-> 0, failed |-> {}]
    /\ process = "abandoned" /\ up = FALSE
    /\ survived = {0} /\ newest = 0

----------------------------------------------------------------------------
(* Changes of the record. *)

Take(r, hash) ==
    [received |-> hash, status |-> "APPLYING", candidate |-> hash,
     trial |-> IF r.trial = hash THEN 0 ELSE r.trial, good |-> r.good,
     attempts |-> 1, failed |-> r.failed]

Adopt(r, hash) ==
    [received |-> hash, status |-> "APPLIED", candidate |-> 0,
     trial |-> IF process = "trial" THEN hash ELSE 0,
     good |-> IF process = "trial" THEN r.good ELSE hash,
     attempts |-> r.attempts, failed |-> r.failed \ {hash}]

Count(r) ==
    [received |-> r.received, status |-> r.status, candidate |-> r.candidate,
     trial |-> r.trial, good |-> r.good, attempts |-> r.attempts + 1,
     failed |-> r.failed]

Try(r) ==
    [received |-> r.received,
     status |-> IF r.received = r.candidate THEN "APPLIED" ELSE r.status,
     candidate |-> 0, trial |-> r.candidate,
     good |-> IF r.trial # 0 THEN r.trial ELSE r.good,
     attempts |-> r.attempts, failed |-> r.failed]

Retry(r) ==
    [received |-> r.received,
     status |-> IF r.received = r.trial THEN "APPLYING" ELSE r.status,
     candidate |-> r.trial, trial |-> 0, good |-> r.good,
     attempts |-> r.attempts, failed |-> r.failed]

Promote(r) ==
    [received |-> r.received, status |-> r.status, candidate |-> r.candidate,
     trial |-> 0, good |-> r.trial, attempts |-> 0, failed |-> r.failed]

Fail(r) ==
    [received |-> r.received,
     status |-> IF r.received = r.candidate THEN "FAILED" ELSE r.status,
     candidate |-> 0, trial |-> r.trial, good |-> r.good,
     attempts |-> r.attempts, failed |-> r.failed \union {r.candidate}]

FailTrial(r) ==
    [received |-> r.received,
     status |-> IF r.received = r.trial THEN "FAILED" ELSE r.status,
     candidate |-> r.candidate, trial |-> 0, good |-> r.good,
     attempts |-> r.attempts, failed |-> r.failed \union {r.trial}]

\* At a start only what was received last is remembered as failed.
Kept(r) ==
    [received |-> r.received, status |-> r.status, candidate |-> r.candidate,
     trial |-> r.trial, good |-> r.good, attempts |-> r.attempts,
     failed |-> {one \in r.failed : one = r.received}]

----------------------------------------------------------------------------
(* When an event can come. *)

HasRunning == up /\ (process = "good" \/ process = "trial")

Runs(hash) ==
    up /\ (   (process = "good" /\ hash = m.good)
           \/ (process = "trial" /\ hash = m.trial))

IsNewOffer(hash) == hash # m.received /\ ~Runs(hash) /\ hash \notin m.failed
IsFailedOffer(hash) == hash # m.received /\ ~Runs(hash) /\ hash \in m.failed
\* By its hash, or because what it asks for is the same.
IsRunningOffer(hash) == hash # m.received /\ HasRunning
IsValidated == process # "candidate"
IsRunningValidated == HasRunning
IsRefused == process # "candidate"
IsCandidateUp == process = "candidate"
IsCandidateDown == process = "candidate"
IsHealthy == process = "candidate"
IsSurvived == process = "trial"
IsTrialUp == process = "trial"
IsTrialDown == process = "trial"
IsGoodUp == process = "good"
IsGoodDown == process = "good"
IsAbandonedDown == process = "abandoned"
IsStarted == TRUE
Allowed == IF phase = "probation" THEN Proven ELSE Unproven
IsResumed == m.attempts < Allowed
IsInterrupted == m.attempts >= Allowed
IsRestart == TRUE

\* What is started when nothing newer may run.
Newest == IF m.trial # 0 THEN "trial" ELSE "good"

\* Back to what runs.
Back ==
    IF process = "good" THEN "idle"
    ELSE IF process = "trial" THEN "probation" ELSE "reverting"

----------------------------------------------------------------------------
(* The rows. *)

"""
_FOOT = r"""

System == Offer \/ Validate \/ Process \/ Watch

Environment == Restart \/ Start

Next == System \/ Environment

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------

\* What is APPLIED is last good, or on trial.
Applied == m.status = "APPLIED" => m.received \in {m.trial, m.good}

\* Last good has survived its observation, was well until a healthy one took its
\* place, or is the local configuration.
Good == m.good \in survived

\* With nothing under way nothing is on trial, and nothing is called APPLYING.
Idle == phase = "idle" =>
            m.candidate = 0 /\ m.trial = 0 /\ m.status # "APPLYING"

\* Under observation there is something to observe.
Probation == phase = "probation" =>
                 m.trial # 0 /\ process \in {"trial", "abandoned"}

Attempts == m.attempts <= Proven

\* What a failed offer leads back to is the newest that was healthy.
NewestRuns == newest = (IF m.trial # 0 THEN m.trial ELSE m.good)

Goal == TRUE

============================================================================
"""

if __name__ == "__main__":
    print(module_text(), end="")
