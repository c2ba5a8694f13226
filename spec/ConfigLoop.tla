----------------------------- MODULE ConfigLoop -----------------------------
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

IdleNewOffer(hash) ==
    /\ phase = "idle" /\ IsNewOffer(hash)
    /\ m' = Take(m, hash)
    /\ phase' = "applying"
    /\ process' = (IF process = "candidate" \/ (process = "trial" /\ m.trial = hash) THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = IF hash = newest THEN m.good ELSE newest

IdleFailedOffer(hash) ==
    /\ phase = "idle" /\ IsFailedOffer(hash)
    /\ m' = Fail(Take(m, hash))
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

IdleRunningOffer(hash) ==
    /\ phase = "idle" /\ IsRunningOffer(hash)
    /\ m' = Adopt(m, hash)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN hash ELSE 0}
    /\ newest' = hash

ApplyingNewOffer(hash) ==
    /\ phase = "applying" /\ IsNewOffer(hash)
    /\ m' = Take(m, hash)
    /\ phase' = "applying"
    /\ process' = (IF process = "candidate" \/ (process = "trial" /\ m.trial = hash) THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = IF hash = newest THEN m.good ELSE newest

ApplyingFailedOffer(hash) ==
    /\ phase = "applying" /\ IsFailedOffer(hash)
    /\ m' = Fail(Take(m, hash))
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

ApplyingRunningOffer(hash) ==
    /\ phase = "applying" /\ IsRunningOffer(hash)
    /\ m' = Adopt(m, hash)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN hash ELSE 0}
    /\ newest' = hash

VerifyingNewOffer(hash) ==
    /\ phase = "verifying" /\ IsNewOffer(hash)
    /\ m' = Take(m, hash)
    /\ phase' = "applying"
    /\ process' = (IF process = "candidate" \/ (process = "trial" /\ m.trial = hash) THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = IF hash = newest THEN m.good ELSE newest

VerifyingFailedOffer(hash) ==
    /\ phase = "verifying" /\ IsFailedOffer(hash)
    /\ m' = Fail(Take(m, hash))
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

VerifyingRunningOffer(hash) ==
    /\ phase = "verifying" /\ IsRunningOffer(hash)
    /\ m' = Adopt(m, hash)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN hash ELSE 0}
    /\ newest' = hash

ProbationNewOffer(hash) ==
    /\ phase = "probation" /\ IsNewOffer(hash)
    /\ m' = Take(m, hash)
    /\ phase' = "applying"
    /\ process' = (IF process = "candidate" \/ (process = "trial" /\ m.trial = hash) THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = IF hash = newest THEN m.good ELSE newest

ProbationFailedOffer(hash) ==
    /\ phase = "probation" /\ IsFailedOffer(hash)
    /\ m' = Fail(Take(m, hash))
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

ProbationRunningOffer(hash) ==
    /\ phase = "probation" /\ IsRunningOffer(hash)
    /\ m' = Adopt(m, hash)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN hash ELSE 0}
    /\ newest' = hash

RevertingNewOffer(hash) ==
    /\ phase = "reverting" /\ IsNewOffer(hash)
    /\ m' = Take(m, hash)
    /\ phase' = "applying"
    /\ process' = (IF process = "candidate" \/ (process = "trial" /\ m.trial = hash) THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = IF hash = newest THEN m.good ELSE newest

RevertingFailedOffer(hash) ==
    /\ phase = "reverting" /\ IsFailedOffer(hash)
    /\ m' = Fail(Take(m, hash))
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

RevertingRunningOffer(hash) ==
    /\ phase = "reverting" /\ IsRunningOffer(hash)
    /\ m' = Adopt(m, hash)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN hash ELSE 0}
    /\ newest' = hash

IdleGoodUp ==
    /\ phase = "idle" /\ IsGoodUp
    /\ m' = m
    /\ phase' = "idle"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

IdleGoodDown ==
    /\ phase = "idle" /\ IsGoodDown
    /\ m' = m
    /\ phase' = "idle"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

IdleStarted ==
    /\ phase = "idle" /\ IsStarted
    /\ m' = Kept(m)
    /\ phase' = "idle"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

IdleRestart ==
    /\ phase = "idle" /\ IsRestart
    /\ m' = m
    /\ phase' = "idle"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingValidated ==
    /\ phase = "applying" /\ IsValidated
    /\ m' = m
    /\ phase' = "applying"
    /\ process' = ("candidate")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingRunningValidated ==
    /\ phase = "applying" /\ IsRunningValidated
    /\ m' = Adopt(m, m.candidate)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived \union {IF process = "good" THEN m.candidate ELSE 0}
    /\ newest' = m.candidate

ApplyingRefused ==
    /\ phase = "applying" /\ IsRefused
    /\ m' = Fail(m)
    /\ phase' = Back
    /\ process' = IF Back = "reverting" THEN Newest ELSE process
    /\ up' = (Back # "reverting" /\ up)
    /\ survived' = survived
    /\ newest' = newest

ApplyingCandidateUp ==
    /\ phase = "applying" /\ IsCandidateUp
    /\ m' = m
    /\ phase' = "verifying"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

ApplyingCandidateDown ==
    /\ phase = "applying" /\ IsCandidateDown
    /\ m' = Fail(m)
    /\ phase' = "reverting"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingSurvived ==
    /\ phase = "applying" /\ IsSurvived
    /\ m' = Promote(m)
    /\ phase' = "applying"
    /\ process' = ("good")
    /\ up' = up
    /\ survived' = survived \union {m.trial}
    /\ newest' = newest

ApplyingTrialUp ==
    /\ phase = "applying" /\ IsTrialUp
    /\ m' = m
    /\ phase' = "applying"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

ApplyingTrialDown ==
    /\ phase = "applying" /\ IsTrialDown
    /\ m' = FailTrial(m)
    /\ phase' = "applying"
    /\ process' = ("good")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = m.good

ApplyingGoodUp ==
    /\ phase = "applying" /\ IsGoodUp
    /\ m' = m
    /\ phase' = "applying"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

ApplyingGoodDown ==
    /\ phase = "applying" /\ IsGoodDown
    /\ m' = m
    /\ phase' = "applying"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingAbandonedDown ==
    /\ phase = "applying" /\ IsAbandonedDown
    /\ m' = m
    /\ phase' = "applying"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingResumed ==
    /\ phase = "applying" /\ IsResumed
    /\ m' = Count(Kept(m))
    /\ phase' = "applying"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ApplyingInterrupted ==
    /\ phase = "applying" /\ IsInterrupted
    /\ m' = Fail(Kept(m))
    /\ phase' = "reverting"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

VerifyingHealthy ==
    /\ phase = "verifying" /\ IsHealthy
    /\ m' = Try(m)
    /\ phase' = "probation"
    /\ process' = ("trial")
    /\ up' = up
    /\ survived' = survived \union {m.trial}
    /\ newest' = m.candidate

VerifyingCandidateDown ==
    /\ phase = "verifying" /\ IsCandidateDown
    /\ m' = Fail(m)
    /\ phase' = "reverting"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

VerifyingResumed ==
    /\ phase = "verifying" /\ IsResumed
    /\ m' = Count(Kept(m))
    /\ phase' = "applying"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

VerifyingInterrupted ==
    /\ phase = "verifying" /\ IsInterrupted
    /\ m' = Fail(Kept(m))
    /\ phase' = "reverting"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

ProbationSurvived ==
    /\ phase = "probation" /\ IsSurvived
    /\ m' = Promote(m)
    /\ phase' = "idle"
    /\ process' = ("good")
    /\ up' = up
    /\ survived' = survived \union {m.trial}
    /\ newest' = newest

ProbationTrialUp ==
    /\ phase = "probation" /\ IsTrialUp
    /\ m' = m
    /\ phase' = "probation"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

ProbationTrialDown ==
    /\ phase = "probation" /\ IsTrialDown
    /\ m' = FailTrial(m)
    /\ phase' = "reverting"
    /\ process' = ("good")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = m.good

ProbationResumed ==
    /\ phase = "probation" /\ IsResumed
    /\ m' = Count(Retry(Kept(m)))
    /\ phase' = "applying"
    /\ process' = ("abandoned")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = m.good

ProbationInterrupted ==
    /\ phase = "probation" /\ IsInterrupted
    /\ m' = FailTrial(Kept(m))
    /\ phase' = "reverting"
    /\ process' = ("good")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = m.good

ProbationRestart ==
    /\ phase = "probation" /\ IsRestart
    /\ m' = Retry(m)
    /\ phase' = "applying"
    /\ process' = (IF process = "trial" THEN "abandoned" ELSE process)
    /\ up' = up
    /\ survived' = survived
    /\ newest' = m.good

RevertingGoodUp ==
    /\ phase = "reverting" /\ IsGoodUp
    /\ m' = m
    /\ phase' = "idle"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

RevertingGoodDown ==
    /\ phase = "reverting" /\ IsGoodDown
    /\ m' = m
    /\ phase' = "idle"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

RevertingTrialUp ==
    /\ phase = "reverting" /\ IsTrialUp
    /\ m' = m
    /\ phase' = "probation"
    /\ process' = (process)
    /\ up' = TRUE
    /\ survived' = survived
    /\ newest' = newest

RevertingTrialDown ==
    /\ phase = "reverting" /\ IsTrialDown
    /\ m' = FailTrial(m)
    /\ phase' = "reverting"
    /\ process' = ("good")
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = m.good

RevertingStarted ==
    /\ phase = "reverting" /\ IsStarted
    /\ m' = Kept(m)
    /\ phase' = "reverting"
    /\ process' = (Newest)
    /\ up' = FALSE
    /\ survived' = survived
    /\ newest' = newest

OtherUp ==
    /\ <<phase, process>> \in
        {<<"idle", "candidate">>,
         <<"idle", "trial">>,
         <<"idle", "abandoned">>,
         <<"applying", "abandoned">>,
         <<"verifying", "good">>,
         <<"verifying", "candidate">>,
         <<"verifying", "trial">>,
         <<"verifying", "abandoned">>,
         <<"probation", "good">>,
         <<"probation", "candidate">>,
         <<"probation", "abandoned">>,
         <<"reverting", "candidate">>,
         <<"reverting", "abandoned">>}
    /\ up' = TRUE
    /\ UNCHANGED <<phase, m, process, survived, newest>>

OtherDown ==
    /\ <<phase, process>> \in
        {<<"idle", "candidate">>,
         <<"idle", "trial">>,
         <<"idle", "abandoned">>,
         <<"verifying", "good">>,
         <<"verifying", "trial">>,
         <<"verifying", "abandoned">>,
         <<"probation", "good">>,
         <<"probation", "candidate">>,
         <<"probation", "abandoned">>,
         <<"reverting", "candidate">>,
         <<"reverting", "abandoned">>}
    /\ up' = FALSE
    /\ UNCHANGED <<phase, m, process, survived, newest>>

Offer ==
    \E hash \in 1..Hashes :
        \/ IdleNewOffer(hash)
        \/ IdleFailedOffer(hash)
        \/ IdleRunningOffer(hash)
        \/ ApplyingNewOffer(hash)
        \/ ApplyingFailedOffer(hash)
        \/ ApplyingRunningOffer(hash)
        \/ VerifyingNewOffer(hash)
        \/ VerifyingFailedOffer(hash)
        \/ VerifyingRunningOffer(hash)
        \/ ProbationNewOffer(hash)
        \/ ProbationFailedOffer(hash)
        \/ ProbationRunningOffer(hash)
        \/ RevertingNewOffer(hash)
        \/ RevertingFailedOffer(hash)
        \/ RevertingRunningOffer(hash)

Validate ==
    \/ ApplyingValidated
    \/ ApplyingRunningValidated
    \/ ApplyingRefused

Process ==
    \/ IdleGoodUp
    \/ IdleGoodDown
    \/ ApplyingCandidateUp
    \/ ApplyingCandidateDown
    \/ ApplyingTrialUp
    \/ ApplyingTrialDown
    \/ ApplyingGoodUp
    \/ ApplyingGoodDown
    \/ ApplyingAbandonedDown
    \/ VerifyingCandidateDown
    \/ ProbationTrialUp
    \/ ProbationTrialDown
    \/ RevertingGoodUp
    \/ RevertingGoodDown
    \/ RevertingTrialUp
    \/ RevertingTrialDown
    \/ OtherUp
    \/ OtherDown

Watch ==
    \/ ApplyingSurvived
    \/ VerifyingHealthy
    \/ ProbationSurvived

Restart ==
    \/ IdleRestart
    \/ ProbationRestart

Start ==
    \/ IdleStarted
    \/ ApplyingResumed
    \/ ApplyingInterrupted
    \/ VerifyingResumed
    \/ VerifyingInterrupted
    \/ ProbationResumed
    \/ ProbationInterrupted
    \/ RevertingStarted

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
