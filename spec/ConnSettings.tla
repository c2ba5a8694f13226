---------------------------- MODULE ConnSettings ----------------------------
(* An offer of connection settings, from candidate to valid or back, without  *)
(* a client that locks itself out. Settings are "old", "new" (which work) or  *)
(* "bad" (which do not). search/connsettings.py is the same as a program.     *)
EXTENDS Integers

CONSTANTS Flakes, Crashes, Tries, DeletesOnConnect, Alternates, PersistsFirst

VARIABLES
    valid, candidate,      \* on the client's disk
    connected,             \* with which settings, or "none"
    turn,                  \* what is tried next, where there is a candidate
    accepted,              \* what the server takes
    offered, tries, flakes, crashes

vars == <<valid, candidate, connected, turn, accepted, offered, tries, flakes,
          crashes>>

Init ==
    /\ valid = "old" /\ candidate = "none" /\ connected = "none"
    /\ turn = "candidate" /\ accepted = {"old"} /\ offered = FALSE
    /\ tries = 0 /\ flakes = 0 /\ crashes = 0

InUse == IF candidate # "none" /\ turn = "candidate" THEN candidate ELSE valid

Least(a, b) == IF a < b THEN a ELSE b

\* What the client makes of an attempt that failed.
Failed ==
    IF InUse # candidate
    THEN turn' = "candidate" /\ UNCHANGED <<candidate, tries>>
    ELSE IF Alternates
         THEN /\ turn' = "valid" /\ tries' = Least(Tries, tries + 1)
              /\ UNCHANGED candidate
         ELSE candidate' = "none" /\ UNCHANGED <<turn, tries>>

\* What the server makes of an attempt that it takes.
Taken ==
    accepted' = IF InUse = "new" /\ DeletesOnConnect
                THEN accepted \ {"old"} ELSE accepted

Connect ==
    /\ connected = "none" /\ InUse \in accepted
    /\ Taken
    /\ connected' = InUse
    /\ UNCHANGED <<valid, candidate, turn, offered, tries, flakes, crashes>>

Refuse ==
    /\ connected = "none" /\ InUse \notin accepted
    /\ Failed
    /\ UNCHANGED <<valid, connected, accepted, offered, flakes, crashes>>

\* Connected with the candidate: it becomes valid, and the client says APPLIED.
Commit ==
    /\ connected # "none" /\ connected = candidate
    /\ valid' = candidate /\ candidate' = "none"
    /\ accepted' = IF DeletesOnConnect THEN accepted ELSE accepted \ {"old"}
    /\ turn' = "candidate" /\ tries' = 0
    /\ UNCHANGED <<connected, offered, flakes, crashes>>

IsBack == connected # "none" /\ connected = valid /\ candidate # "none"

\* Connected with the old ones after enough attempts: the candidate is FAILED.
GiveUp ==
    /\ IsBack /\ tries >= Tries
    /\ candidate' = "none" /\ turn' = "candidate" /\ tries' = 0
    /\ UNCHANGED <<valid, connected, accepted, offered, flakes, crashes>>

TryAgain ==
    /\ IsBack /\ tries < Tries
    /\ connected' = "none" /\ turn' = "candidate"
    /\ UNCHANGED <<valid, candidate, accepted, offered, tries, flakes, crashes>>

\* The server takes it, and the connection ends before the client knows.
ConnectUnseen ==
    /\ connected = "none" /\ InUse \in accepted /\ flakes < Flakes
    /\ Taken
    /\ Failed
    /\ flakes' = flakes + 1
    /\ UNCHANGED <<valid, connected, offered, crashes>>

Flake ==
    /\ connected = "none" /\ flakes < Flakes
    /\ Failed
    /\ flakes' = flakes + 1
    /\ UNCHANGED <<valid, connected, accepted, offered, crashes>>

Offer ==
    /\ ~offered /\ connected = "old" /\ candidate = "none"
    /\ \E settings \in {"new", "bad"} :
        /\ candidate' = settings
        /\ accepted' = IF settings = "new" THEN accepted \union {"new"}
                       ELSE accepted
    /\ offered' = TRUE /\ connected' = "none" /\ turn' = "candidate"
    /\ UNCHANGED <<valid, tries, flakes, crashes>>

Drop ==
    /\ connected # "none" /\ flakes < Flakes
    /\ connected' = "none" /\ flakes' = flakes + 1
    /\ UNCHANGED <<valid, candidate, turn, accepted, offered, tries, crashes>>

Crash ==
    /\ crashes < Crashes
    /\ crashes' = crashes + 1
    /\ connected' = "none" /\ turn' = "candidate"
    /\ candidate' = IF PersistsFirst THEN candidate ELSE "none"
    /\ UNCHANGED <<valid, accepted, offered, tries, flakes>>

System == Connect \/ Refuse \/ Commit \/ GiveUp \/ TryAgain

Environment == ConnectUnseen \/ Flake \/ Offer \/ Drop \/ Crash

Next == System \/ Environment

Spec == Init /\ [][Next]_vars /\ WF_vars(System)

\* The client always has settings that the server takes.
S9 == valid \in accepted \/ candidate \in accepted

\* L5: connected again, with new or old settings, and nothing left undecided.
Goal == connected # "none" /\ candidate = "none"

RestsAtGoal == ENABLED System \/ Goal

============================================================================
