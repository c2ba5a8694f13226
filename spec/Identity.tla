------------------------------ MODULE Identity ------------------------------
(* Two processes that began with one uid (a cloned disk) end as two agents.   *)
(* The server binds a uid to the connection of a process, and learns late     *)
(* that a connection is dead: whoever comes back may meet its own old one.    *)
(* Its sequence number tells it from a clone. Processes are 1 and 2, uids     *)
(* 1..Uids, 0 is none. search/identity.py is the same as a program.           *)
EXTENDS Integers, FiniteSets

CONSTANTS Uids, Drops, Crashes, Orders, Checks, Evicts, ReadsNumbers, Obeys

VARIABLES
    uid, disk, connected,  \* of each process
    report,                \* the uid of a report on its way, or 0
    assignment,            \* a new uid on its way, or 0
    bound,                 \* the server's pairs <<uid, process>>
    dead,                  \* those of them whose connection has ended
    continues,             \* those whose next number fits
    used,                  \* uids 1..used were given out
    drops, crashes, orders,
    renamed                \* a process whose number fitted got another uid

vars == <<uid, disk, connected, report, assignment, bound, dead, continues,
          used, drops, crashes, orders, renamed>>

Processes == {1, 2}

Init ==
    /\ uid = <<1, 1>> /\ disk = <<1, 1>> /\ connected = <<FALSE, FALSE>>
    /\ report = <<0, 0>> /\ assignment = <<0, 0>>
    /\ bound = {} /\ dead = {} /\ continues = {} /\ used = 1
    /\ drops = 0 /\ crashes = 0 /\ orders = 0 /\ renamed = FALSE

Connect(p) ==
    /\ ~connected[p]
    /\ connected' = [connected EXCEPT ![p] = TRUE]
    /\ report' = [report EXCEPT ![p] = uid[p]]
    /\ assignment' = [assignment EXCEPT ![p] = 0]
    /\ UNCHANGED <<uid, disk, bound, dead, continues, used, drops, crashes,
                   orders, renamed>>

\* The uid u is this process's; what it was bound under before is gone.
Bind(u, p, replaced) ==
    LET earlier == {one \in bound : one[2] = p}
        kept == {one \in continues : one[1] # u /\ one[2] # p}
    IN /\ bound' = (bound \ (replaced \union earlier)) \union {<<u, p>>}
       /\ dead' = dead \ (replaced \union earlier)
       /\ continues' = kept \union {<<u, p>>}

Serve(p) ==
    /\ report[p] # 0 /\ assignment[p] = 0
    /\ LET u == report[p]
           others == {one \in bound :
                        one[1] = u /\ (one[2] # p \/ one \in dead)}
           fits == ReadsNumbers /\ <<u, p>> \in continues
           evicted == {q \in Processes : \E one \in others : one[2] = q}
       IN \/ /\ ~Checks \/ others = {} \/ fits
             /\ Bind(u, p, IF fits THEN others ELSE {})
             /\ report' = [report EXCEPT ![p] = 0]
             /\ UNCHANGED <<connected, assignment, used, renamed>>
          \/ /\ Checks /\ others # {} /\ ~fits /\ Evicts
             /\ Bind(u, p, others)
             /\ connected' = [q \in Processes |->
                                 connected[q] /\ q \notin evicted]
             /\ report' = [q \in Processes |->
                              IF q = p \/ (q \in evicted /\ connected[q])
                              THEN 0 ELSE report[q]]
             /\ assignment' = [q \in Processes |->
                                  IF q \in evicted /\ connected[q]
                                  THEN 0 ELSE assignment[q]]
             /\ UNCHANGED <<used, renamed>>
          \/ /\ Checks /\ others # {} /\ ~fits /\ ~Evicts /\ used < Uids
             /\ used' = used + 1
             /\ assignment' = [assignment EXCEPT ![p] = used + 1]
             /\ renamed' = (renamed \/ <<u, p>> \in continues)
             /\ report' = [report EXCEPT ![p] = 0]
             /\ UNCHANGED <<connected, bound, dead, continues>>
    /\ UNCHANGED <<uid, disk, drops, crashes, orders>>

Receive(p) ==
    /\ assignment[p] # 0 /\ connected[p]
    /\ LET new == IF Obeys THEN assignment[p] ELSE uid[p]
       IN /\ uid' = [uid EXCEPT ![p] = new]
          /\ disk' = [disk EXCEPT ![p] = new]
          /\ report' = [report EXCEPT ![p] = new]
    /\ assignment' = [assignment EXCEPT ![p] = 0]
    /\ UNCHANGED <<connected, bound, dead, continues, used, drops, crashes,
                   orders, renamed>>

\* The server finds that a connection has been dead.
Notice(p) ==
    /\ \E one \in dead :
        /\ one[2] = p
        /\ bound' = bound \ {one}
        /\ dead' = dead \ {one}
    /\ UNCHANGED <<uid, disk, connected, report, assignment, continues, used,
                   drops, crashes, orders, renamed>>

Lost(p) ==
    /\ connected' = [connected EXCEPT ![p] = FALSE]
    /\ report' = [report EXCEPT ![p] = 0]
    /\ assignment' = [assignment EXCEPT ![p] = 0]
    /\ dead' = dead \union {one \in bound : one[2] = p}

Drop(p) ==
    /\ connected[p] /\ drops < Drops
    /\ Lost(p)
    /\ drops' = drops + 1
    /\ UNCHANGED <<uid, disk, bound, continues, used, crashes, orders, renamed>>

\* A new process: its numbers do not go on where the server expects.
Crash(p) ==
    /\ crashes < Crashes
    /\ Lost(p)
    /\ crashes' = crashes + 1
    /\ uid' = [uid EXCEPT ![p] = disk[p]]
    /\ continues' = {one \in continues : one[2] # p}
    /\ UNCHANGED <<disk, bound, used, drops, orders, renamed>>

\* The operator has the server give a process another uid.
Order(p) ==
    /\ \E one \in bound : one[2] = p /\ one \notin dead
    /\ used < Uids /\ assignment[p] = 0 /\ connected[p] /\ orders < Orders
    /\ orders' = orders + 1
    /\ used' = used + 1
    /\ assignment' = [assignment EXCEPT ![p] = used + 1]
    /\ UNCHANGED <<uid, disk, connected, report, bound, dead, continues, drops,
                   crashes, renamed>>

System ==
    \E p \in Processes : Connect(p) \/ Serve(p) \/ Receive(p) \/ Notice(p)

Environment == \E p \in Processes : Drop(p) \/ Crash(p) \/ Order(p)

Next == System \/ Environment

Spec == Init /\ [][Next]_vars /\ WF_vars(System)

\* At most one connection is bound to a uid.
S8 == \A one \in bound : \A other \in bound : one[1] = other[1] => one = other

\* Nobody is renamed for meeting a dead connection of its own.
S8b == ~renamed

\* L6: each process is known under the uid that it has, and under no other.
Goal ==
    /\ bound = {<<uid[p], p>> : p \in Processes}
    /\ dead = {}
    /\ \A p \in Processes : connected[p]

RestsAtGoal == ENABLED System \/ Goal

============================================================================
