------------------------------ MODULE Throttle ------------------------------
(* A client that was told to wait is back not before it was told, and not     *)
(* much later. Time is a clock in units; jitter is any time from half the     *)
(* back-off to the whole. search/throttle.py is the same as a program.        *)
EXTENDS Integers

CONSTANTS
    Last, RetryAfter, Minimum, Cap, Refusals, Losses,
    Heeds, IsCapped, KeepsMinimum, IsSilent

VARIABLES
    clock, connected,
    due,                  \* when the next attempt is made
    told,                 \* the server wants none before
    failures, losses, refusals,
    early, spoke, atOnce  \* looked at by invariants only

vars == <<clock, connected, due, told, failures, losses, refusals, early,
          spoke, atOnce>>

Greatest(a, b) == IF a > b THEN a ELSE b
Least(a, b) == IF a < b THEN a ELSE b

Init ==
    /\ clock = 0 /\ connected = FALSE /\ due = 0 /\ told = 0
    /\ failures = 0 /\ losses = 0 /\ refusals = 0
    /\ early = FALSE /\ spoke = FALSE /\ atOnce = 0

\* Time passes, but not past an attempt that is due.
Tick ==
    /\ clock < Last
    /\ connected \/ clock < due
    /\ clock' = clock + 1 /\ atOnce' = 0
    /\ UNCHANGED <<connected, due, told, failures, losses, refusals, early,
                   spoke>>

IsAttempt == ~connected /\ clock >= due

Accept ==
    /\ IsAttempt
    /\ connected' = TRUE /\ failures' = 0
    /\ early' = (early \/ clock < told)
    /\ UNCHANGED <<clock, due, told, losses, refusals, spoke, atOnce>>

\* A fault: the client speaks while it waits.
Heartbeat ==
    /\ ~IsSilent /\ ~connected /\ ~spoke
    /\ spoke' = TRUE
    /\ UNCHANGED <<clock, connected, due, told, failures, losses, refusals,
                   early, atOnce>>

Backoff ==
    IF ~KeepsMinimum THEN 0
    ELSE IF IsCapped THEN Least(2 ^ failures, Cap) ELSE 2 ^ failures

\* 503, 429 or Unavailable, with a time or (0) without.
Refuse ==
    /\ IsAttempt /\ refusals < Refusals
    /\ \E time \in RetryAfter :
        LET least == IF time = 0 /\ KeepsMinimum THEN Minimum
                     ELSE IF Heeds THEN time ELSE 0
        IN /\ \E wait \in (Backoff \div 2)..Backoff :
               due' = clock + Greatest(least, wait)
           /\ told' = clock + time
    /\ failures' = failures + 1 /\ refusals' = refusals + 1
    /\ early' = (early \/ clock < told)
    /\ atOnce' = atOnce + 1
    /\ UNCHANGED <<clock, connected, losses, spoke>>

\* The connection ends: the first attempt is at once.
Lose ==
    /\ connected /\ losses < Losses
    /\ connected' = FALSE /\ losses' = losses + 1 /\ due' = clock
    /\ UNCHANGED <<clock, told, failures, refusals, early, spoke, atOnce>>

System == Tick \/ Accept \/ Heartbeat

Environment == Refuse \/ Lose

Next == System \/ Environment

Spec == Init /\ [][Next]_vars /\ WF_vars(System)

\* Not before the time that was told.
L7a == ~early

\* Not later than the cap, or the time.
L7b ==
    connected \/ \E most \in RetryAfter \union {Cap, Minimum} : due - clock <= most

\* No second attempt at once.
L7c == atOnce <= 1

\* Silence while there is no connection.
L7d == ~spoke

Goal == connected \/ due > Last \/ clock = Last

RestsAtGoal == ENABLED System \/ Goal

============================================================================
