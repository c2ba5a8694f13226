------------------------------ MODULE CfgSync ------------------------------
(* A client and a server of OpAMP agree on one configuration, over a          *)
(* connection that may end. One FIFO each way, in which messages may arrive   *)
(* twice or change places; two servers. Configurations are 1..Configs, 0 is   *)
(* none, those in Bad cannot start. A client that crashes keeps what is  *)
(* on its disk, a server that restarts keeps nothing. Sequence numbers are    *)
(* modulo more than can be lost. search/cfgsync.py is the same as a program.  *)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Configs, Bad, Capacity,                  \* bounds
    Drops, Crashes, Restarts, Changes,       \* what the environment may do
    Duplicates, Reorders, Switches,
    ChecksSequence, IsIdempotent, AnswersAll, AppliedWhenWritten,
    GoodWhenLaunched, KeepsStatus, ReportsOld, KeepsNeed, RemembersFailed,
    StartsAtZero, OwnHash, Reverts           \* what may be wrong, see search/

VARIABLES
    connected,
    sequence, received, status, running, candidate, launched,
    dirty, wantsFull, first, sentFull,       \* the client's memory
    diskReceived, diskStatus, lastGood,      \* its disk
    assigned, knownReceived, knownStatus, knownSequence, needFull,
    knownFailed, sentOffer,                  \* the server
    other,                                   \* what another server knows
    toServer, toClient,                      \* on the way, oldest first
    drops, crashes, restarts, changes,
    duplicates, reorders, switches,          \* spent
    offered, decided, newestOffer, relaunched \* looked at by invariants only

memory == <<sequence, received, status, running, candidate, launched, dirty,
            wantsFull, first, sentFull>>
disk == <<diskReceived, diskStatus, lastGood>>
known == <<knownReceived, knownStatus, knownSequence, needFull, knownFailed>>
server == <<assigned, knownReceived, knownStatus, knownSequence, needFull,
            knownFailed, sentOffer, other>>
wire == <<duplicates, reorders, switches>>
spent == <<drops, crashes, restarts, changes, duplicates, reorders, switches>>
seen == <<offered, decided, newestOffer, relaunched>>
vars == <<connected, memory, disk, server, toServer, toClient, spent, seen>>

Nothing == 0 - 1
Modulus == Capacity * (Drops + Crashes + Restarts + Switches) + Crashes + 3

Unheard == [knownReceived |-> Nothing, knownStatus |-> "UNSET",
            knownSequence |-> Nothing, needFull |-> TRUE, knownFailed |-> {}]

Init ==
    /\ connected = FALSE
    /\ sequence = 0 /\ received = 0 /\ status = "UNSET" /\ running = 0
    /\ candidate = 0 /\ launched = FALSE /\ dirty = FALSE
    /\ wantsFull = FALSE /\ first = TRUE /\ sentFull = FALSE
    /\ diskReceived = 0 /\ diskStatus = "UNSET" /\ lastGood = 0
    /\ assigned = 1 /\ knownReceived = Nothing /\ knownStatus = "UNSET"
    /\ knownSequence = Nothing /\ needFull = TRUE /\ knownFailed = {}
    /\ sentOffer = 0 /\ other = Unheard
    /\ toServer = <<>> /\ toClient = <<>>
    /\ drops = 0 /\ crashes = 0 /\ restarts = 0 /\ changes = 0
    /\ duplicates = 0 /\ reorders = 0 /\ switches = 0
    /\ offered = {} /\ decided = {} /\ newestOffer = 0 /\ relaunched = FALSE

----------------------------------------------------------------------------
(* The client. *)

Connect ==
    /\ ~connected
    /\ connected' = TRUE /\ first' = TRUE /\ sentOffer' = 0
    /\ UNCHANGED <<sequence, received, status, running, candidate, launched,
                   dirty, wantsFull, sentFull, disk, assigned, known, other,
                   toServer, toClient, spent, seen>>

Send ==
    /\ connected
    /\ first \/ dirty \/ wantsFull
    /\ Len(toServer) < Capacity
    /\ LET isFull == wantsFull \/ ~sentFull
           hash == IF received = 0 THEN OwnHash ELSE received
           says == IF isFull \/ dirty THEN <<hash, status>> ELSE <<>>
       IN toServer' = Append(toServer, [sequence |-> sequence,
                                        isFull |-> isFull, status |-> says])
    /\ sequence' = (sequence + 1) % Modulus
    /\ first' = FALSE /\ dirty' = FALSE /\ wantsFull' = FALSE
    /\ sentFull' = TRUE
    \* Whatever the other server knows, this number is not the next it expects.
    /\ other' = [knownReceived |-> other.knownReceived,
                 knownStatus |-> other.knownStatus,
                 knownSequence |-> Nothing, needFull |-> other.needFull,
                 knownFailed |-> other.knownFailed]
    /\ UNCHANGED <<connected, received, status, running, candidate, launched,
                   disk, assigned, known, sentOffer, toClient, spent, seen>>

\* An offer that the client has no status for starts anew, whatever was under way.
Receive ==
    /\ connected
    /\ toClient # <<>>
    /\ LET message == Head(toClient)
           offer == message.offer
           isNewer == offer # 0 /\ offer # newestOffer
           isTaken == /\ offer # 0
                      /\ ~(IsIdempotent /\ offer = received /\ status # "UNSET")
       IN /\ wantsFull' = (wantsFull \/ message.asks)
          /\ newestOffer' = IF isNewer THEN offer ELSE newestOffer
          /\ decided' = IF isNewer THEN {} ELSE decided
          /\ received' = IF isTaken THEN offer ELSE received
          /\ status' = IF isTaken THEN "APPLYING" ELSE status
          /\ candidate' = IF isTaken THEN offer ELSE candidate
          /\ launched' = IF isTaken THEN FALSE ELSE launched
          /\ diskReceived' = IF isTaken THEN offer ELSE diskReceived
          /\ diskStatus' = IF isTaken THEN "APPLYING" ELSE diskStatus
          /\ dirty' = (dirty \/ isTaken \/ AnswersAll)
    /\ toClient' = Tail(toClient)
    /\ UNCHANGED <<connected, sequence, running, first, sentFull, lastGood,
                   server, toServer, spent, offered, relaunched>>

Launch ==
    /\ candidate # 0 /\ ~launched
    /\ launched' = TRUE
    /\ running' = candidate
    /\ relaunched' = (relaunched \/ candidate \in decided)
    /\ lastGood' = IF GoodWhenLaunched THEN candidate ELSE lastGood
    /\ status' = IF AppliedWhenWritten THEN "APPLIED" ELSE status
    /\ diskStatus' = IF AppliedWhenWritten THEN "APPLIED" ELSE diskStatus
    /\ dirty' = (dirty \/ AppliedWhenWritten)
    /\ UNCHANGED <<connected, sequence, received, candidate, wantsFull, first,
                   sentFull, diskReceived, server, toServer, toClient, spent,
                   offered, decided, newestOffer>>

\* The health window is over: the status and last good change as one.
Verdict ==
    /\ candidate # 0 /\ launched
    /\ LET isBad == candidate \in Bad
           said == IF isBad THEN "FAILED" ELSE "APPLIED"
       IN /\ status' = said
          /\ diskStatus' = said
          /\ running' = IF isBad /\ Reverts THEN lastGood ELSE candidate
          /\ lastGood' = IF isBad THEN lastGood ELSE candidate
    /\ candidate' = 0 /\ launched' = FALSE /\ dirty' = TRUE
    /\ decided' = decided \union {candidate}
    /\ UNCHANGED <<connected, sequence, received, wantsFull, first, sentFull,
                   diskReceived, server, toServer, toClient, spent, offered,
                   newestOffer, relaunched>>

\* A fault: what runs after a rollback is reported, not what was received.
ReportOld ==
    /\ ReportsOld = "at once" \/ (ReportsOld = "after" /\ ~dirty)
    /\ status = "FAILED" /\ lastGood # 0 /\ candidate = 0
    /\ received' = lastGood /\ status' = "APPLIED"
    /\ diskReceived' = lastGood /\ diskStatus' = "APPLIED"
    /\ dirty' = TRUE
    /\ UNCHANGED <<connected, sequence, running, candidate, launched,
                   wantsFull, first, sentFull, lastGood, server, toServer,
                   toClient, spent, seen>>

----------------------------------------------------------------------------
(* The server. *)

ShouldOffer(has, failed) ==
    /\ has # Nothing
    /\ has # assigned
    /\ ~(RemembersFailed /\ assigned \in failed)

\* It asks until a complete report is in, across connections.
Serve ==
    /\ connected
    /\ toServer # <<>>
    /\ Len(toClient) < Capacity
    /\ LET report == Head(toServer)
           says == report.status
           isSaid == says # <<>>
           has == IF isSaid THEN says[1] ELSE knownReceived
           failed == IF isSaid /\ says[2] = "FAILED"
                     THEN knownFailed \union {says[1]} ELSE knownFailed
           follows == /\ knownSequence # Nothing
                      /\ report.sequence = (knownSequence + 1) % Modulus
           needs == /\ ~report.isFull
                    /\ (ChecksSequence /\ ~follows) \/ (KeepsNeed /\ needFull)
           asks == needs /\ ChecksSequence
           offer == IF ~asks /\ ShouldOffer(has, failed) THEN assigned ELSE 0
       IN /\ knownReceived' = has
          /\ knownStatus' = IF isSaid THEN says[2] ELSE knownStatus
          /\ knownFailed' = failed
          /\ knownSequence' = report.sequence
          /\ needFull' = needs
          /\ toClient' = Append(toClient, [asks |-> asks, offer |-> offer])
          /\ offered' = IF offer # 0 THEN offered \union {offer} ELSE offered
          /\ sentOffer' = IF offer # 0 THEN offer ELSE sentOffer
    /\ toServer' = Tail(toServer)
    /\ UNCHANGED <<connected, memory, disk, assigned, other, spent, decided,
                   newestOffer, relaunched>>

Push ==
    /\ connected /\ ~needFull /\ sentOffer # assigned
    /\ ShouldOffer(knownReceived, knownFailed)
    /\ Len(toClient) < Capacity
    /\ toClient' = Append(toClient, [asks |-> FALSE, offer |-> assigned])
    /\ offered' = offered \union {assigned}
    /\ sentOffer' = assigned
    /\ UNCHANGED <<connected, memory, disk, assigned, known, other, toServer,
                   spent, decided, newestOffer, relaunched>>

----------------------------------------------------------------------------
(* The environment. *)

Drop ==
    /\ connected /\ drops < Drops
    /\ connected' = FALSE /\ toServer' = <<>> /\ toClient' = <<>>
    /\ drops' = drops + 1
    /\ UNCHANGED <<memory, disk, server, crashes, restarts, changes, wire, seen>>

\* A new process of the client: its numbers do not go on where the server expects.
Crash ==
    /\ crashes < Crashes
    /\ crashes' = crashes + 1
    /\ connected' = FALSE /\ toServer' = <<>> /\ toClient' = <<>>
    /\ sequence' = IF StartsAtZero THEN 0 ELSE (sequence + 1) % Modulus
    /\ LET hash == IF KeepsStatus THEN diskReceived ELSE 0
           said == IF KeepsStatus THEN diskStatus ELSE "UNSET"
       IN /\ received' = hash /\ status' = said
          /\ candidate' = IF said = "APPLYING" THEN hash ELSE 0
    /\ running' = lastGood
    /\ launched' = FALSE /\ dirty' = FALSE /\ wantsFull' = FALSE
    /\ first' = TRUE /\ sentFull' = FALSE
    /\ UNCHANGED <<disk, server, drops, restarts, changes, wire, seen>>

Restart ==
    /\ restarts < Restarts
    /\ restarts' = restarts + 1
    /\ connected' = FALSE /\ toServer' = <<>> /\ toClient' = <<>>
    /\ knownReceived' = Nothing /\ knownStatus' = "UNSET"
    /\ knownSequence' = Nothing /\ needFull' = TRUE /\ knownFailed' = {}
    /\ UNCHANGED <<memory, disk, assigned, sentOffer, other, drops, crashes,
                   changes, wire, seen>>

Assign ==
    /\ changes < Changes
    /\ \E config \in 1..Configs :
        /\ config # assigned
        /\ assigned' = config
    /\ changes' = changes + 1
    /\ UNCHANGED <<connected, memory, disk, known, sentOffer, other, toServer,
                   toClient, drops, crashes, restarts, wire, seen>>

\* A report arrives twice, as by a retry over HTTP.
Duplicate ==
    /\ toServer # <<>> /\ Len(toServer) < Capacity
    /\ duplicates < Duplicates
    /\ toServer' = <<Head(toServer)>> \o toServer
    /\ duplicates' = duplicates + 1
    /\ UNCHANGED <<connected, memory, disk, server, toClient, drops, crashes,
                   restarts, changes, reorders, switches, seen>>

\* A push and an answer change places.
Reorder ==
    /\ Len(toClient) > 1 /\ reorders < Reorders
    /\ toClient' = <<toClient[2], toClient[1]>> \o Tail(Tail(toClient))
    /\ reorders' = reorders + 1
    /\ UNCHANGED <<connected, memory, disk, server, toServer, drops, crashes,
                   restarts, changes, duplicates, switches, seen>>

\* The client goes to the other server, whose operator is the same.
Switch ==
    /\ switches < Switches
    /\ switches' = switches + 1
    /\ connected' = FALSE /\ toServer' = <<>> /\ toClient' = <<>>
    /\ other' = [knownReceived |-> knownReceived, knownStatus |-> knownStatus,
                 knownSequence |-> knownSequence, needFull |-> needFull,
                 knownFailed |-> knownFailed]
    /\ knownReceived' = other.knownReceived
    /\ knownStatus' = other.knownStatus
    /\ knownSequence' = other.knownSequence
    /\ needFull' = other.needFull
    /\ knownFailed' = other.knownFailed
    /\ UNCHANGED <<memory, disk, assigned, sentOffer, drops, crashes, restarts,
                   changes, duplicates, reorders, seen>>

----------------------------------------------------------------------------

System ==
    Connect \/ Send \/ Receive \/ Launch \/ Verdict \/ ReportOld \/ Serve
    \/ Push

Environment ==
    Drop \/ Crash \/ Restart \/ Assign \/ Duplicate \/ Reorder \/ Switch

Next == System \/ Environment

Spec == Init /\ [][Next]_vars /\ WF_vars(System)

----------------------------------------------------------------------------
(* Safety. *)

\* The server holds no status for a hash that it did not offer.
S1 == knownReceived \in offered \union {Nothing, 0}

\* APPLIED means: this runs.
S2 == (status = "APPLIED" /\ received # 0) => running = received

\* APPLIED is not said of what cannot start.
S3 == status = "APPLIED" => received \notin Bad

\* Last good has passed, or is the local configuration.
S4 == lastGood \notin Bad

\* With nothing under way last good runs, or the local configuration.
S5 == candidate = 0 => running \in {0, lastGood}

\* What has a verdict is launched again only after the operator changed his mind.
S6 == ~relaunched

\* Where the system rests the server knows the outcome, and the right thing runs.
Goal ==
    /\ connected
    /\ knownReceived # Nothing
    /\ IF assigned \in Bad
       THEN /\ \/ knownReceived = assigned /\ knownStatus = "FAILED"
               \/ ReportsOld # "" /\ assigned \in knownFailed
            /\ running = lastGood
       ELSE /\ knownReceived = assigned /\ knownStatus = "APPLIED"
            /\ running = assigned

RestsAtGoal == ENABLED System \/ Goal

============================================================================
