"""Identity: two processes that began with one uid (a cloned disk) end as two agents.

The server binds a uid to the connection of a process. It learns late that a connection is dead, so
a process that comes back may meet its own old connection; the sequence number tells it from a
clone. Processes are 1 and 2, uids 1 to a bound, 0 is none. Identity.tla says the same in TLA+.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from spec.search.explore import Model, assemble

PROCESSES = (1, 2)


class State(NamedTuple):
    """The names are the variables of Identity.tla; tuples are indexed by process - 1."""

    uid: tuple[int, int] = (1, 1)
    disk: tuple[int, int] = (1, 1)
    connected: tuple[bool, bool] = (False, False)
    report: tuple[int, int] = (0, 0)  # the uid of a report on its way, or 0
    assignment: tuple[int, int] = (0, 0)  # a new uid on its way, or 0
    bound: frozenset[tuple[int, int]] = frozenset()  # the server's (uid, process)
    dead: frozenset[tuple[int, int]] = frozenset()  # of these, connections it thinks alive
    continues: frozenset[tuple[int, int]] = frozenset()  # whose next number fits
    used: int = 1  # uids 1 to this were given out
    drops: int = 0
    crashes: int = 0
    orders: int = 0
    renamed: bool = False  # a process whose number fitted got another uid


@dataclass(frozen=True)
class Variant:
    """Bounds, and what may be wrong; the defaults are the rules of otx.

    Attributes:
        uids: How many there are.
        orders: Renames by the operator.
        checks: The server looks for another living connection of the same uid.
        evicts: It then closes that one, instead of renaming the newcomer.
        reads_numbers: It tells a returning process by its sequence number.
        obeys: The client uses the new uid from the next message on.
    """

    uids: int = 4
    drops: int = 1
    crashes: int = 1
    orders: int = 1
    checks: bool = True
    evicts: bool = False
    reads_numbers: bool = True
    obeys: bool = True


def put(pair: tuple[int, int], process: int, value: int) -> tuple[int, int]:
    """The pair with another value for this process."""
    return (value, pair[1]) if process == 1 else (pair[0], value)


def _connected(s: State, process: int, value: bool) -> tuple[bool, bool]:
    return (value, s.connected[1]) if process == 1 else (s.connected[0], value)


def connect(v: Variant, s: State, p: int) -> Iterator[State]:
    if not s.connected[p - 1]:
        yield s._replace(
            connected=_connected(s, p, True),
            report=put(s.report, p, s.uid[p - 1]),
            assignment=put(s.assignment, p, 0),
        )


def serve(v: Variant, s: State, p: int) -> Iterator[State]:
    uid = s.report[p - 1]
    if not uid or s.assignment[p - 1]:
        return
    s = s._replace(report=put(s.report, p, 0))
    others = {one for one in s.bound if one[0] == uid and (one[1] != p or one in s.dead)}
    fits = v.reads_numbers and (uid, p) in s.continues
    if not v.checks or not others or fits:
        yield _bind(s, uid, p, frozenset(others) if fits else frozenset())
    elif v.evicts:
        yield _evict(_bind(s, uid, p, frozenset(others)), others)
    elif s.used < v.uids:
        yield s._replace(
            used=s.used + 1,
            assignment=put(s.assignment, p, s.used + 1),
            renamed=s.renamed or (uid, p) in s.continues,
        )


def _bind(s: State, uid: int, p: int, replaced: frozenset[tuple[int, int]]) -> State:
    """The uid is this process's; what it was bound under before is gone."""
    earlier = {one for one in s.bound if one[1] == p}
    kept = {one for one in s.continues if one[0] != uid and one[1] != p}
    return s._replace(
        bound=(s.bound - replaced - earlier) | {(uid, p)},
        dead=s.dead - replaced - earlier,
        continues=frozenset(kept) | {(uid, p)},
    )


def _evict(s: State, others: set[tuple[int, int]]) -> State:
    for _, process in others:
        if s.connected[process - 1]:
            s = s._replace(
                connected=_connected(s, process, False),
                report=put(s.report, process, 0),
                assignment=put(s.assignment, process, 0),
            )
    return s


def receive(v: Variant, s: State, p: int) -> Iterator[State]:
    new = s.assignment[p - 1]
    if new and s.connected[p - 1]:
        uid = new if v.obeys else s.uid[p - 1]
        yield s._replace(
            assignment=put(s.assignment, p, 0),
            uid=put(s.uid, p, uid),
            disk=put(s.disk, p, uid),
            report=put(s.report, p, uid),
        )


def notice(v: Variant, s: State, p: int) -> Iterator[State]:
    """The server finds that a connection has been dead."""
    for one in sorted(s.dead):
        if one[1] == p:
            yield s._replace(bound=s.bound - {one}, dead=s.dead - {one})


def drop(v: Variant, s: State, p: int) -> Iterator[State]:
    if s.connected[p - 1] and s.drops < v.drops:
        yield _lost(s, p)._replace(drops=s.drops + 1)


def crash(v: Variant, s: State, p: int) -> Iterator[State]:
    if s.crashes < v.crashes:
        s = _lost(s, p)
        yield s._replace(
            crashes=s.crashes + 1,
            uid=put(s.uid, p, s.disk[p - 1]),
            continues=frozenset(one for one in s.continues if one[1] != p),
        )


def _lost(s: State, p: int) -> State:
    return s._replace(
        connected=_connected(s, p, False),
        report=put(s.report, p, 0),
        assignment=put(s.assignment, p, 0),
        dead=s.dead | {one for one in s.bound if one[1] == p},
    )


def order(v: Variant, s: State, p: int) -> Iterator[State]:
    """The operator has the server give a process another uid."""
    is_known = any(one[1] == p and one not in s.dead for one in s.bound)
    is_free = s.used < v.uids and not s.assignment[p - 1] and s.connected[p - 1]
    if is_known and is_free and s.orders < v.orders:
        yield s._replace(
            orders=s.orders + 1,
            used=s.used + 1,
            assignment=put(s.assignment, p, s.used + 1),
        )


SYSTEM: dict[str, Callable[[Variant, State, int], Iterator[State]]] = {
    "Connect": connect,
    "Serve": serve,
    "Receive": receive,
    "Notice": notice,
}
ENVIRONMENT: dict[str, Callable[[Variant, State, int], Iterator[State]]] = {
    "Drop": drop,
    "Crash": crash,
    "Order": order,
}


def _at_most_one(v: Variant, s: State) -> bool:
    uids = [uid for uid, _ in s.bound]
    return len(uids) == len(set(uids))


INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "S8": _at_most_one,
    "S8b": lambda v, s: not s.renamed,
}
"""S8b: nobody is renamed for meeting a dead connection of its own."""


def goal(v: Variant, s: State) -> bool:
    """L6: each process is known under the uid that it has, and under no other."""
    return s.bound == {(s.uid[p - 1], p) for p in PROCESSES} and not s.dead and all(s.connected)


def model(v: Variant = Variant()) -> Model[State]:
    """Identity in one variant."""
    system = {name: _of_either(step) for name, step in SYSTEM.items()}
    environment = {name: _of_either(step) for name, step in ENVIRONMENT.items()}
    return assemble(State(), v, system, environment, INVARIANTS, goal)


def _of_either(
    step: Callable[[Variant, State, int], Iterator[State]],
) -> Callable[[Variant, State], Iterator[State]]:
    return lambda v, s: (then for p in PROCESSES for then in step(v, s, p))


BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "I1 duplicates are not looked for": replace(BASE, checks=False),
    "I2 the older one is closed": replace(BASE, evicts=True),
    "I3 numbers are not looked at": replace(BASE, reads_numbers=False),
    "I4 the client keeps its uid": replace(BASE, obeys=False),
}
