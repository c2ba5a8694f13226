"""CfgSync: a client and a server agree on one configuration, over a connection that may end.

One FIFO each way, in which messages may be lost with the connection, arrive twice or change places,
and a second server to go to. Configurations are numbers from 1 on, 0 is none, and some of them
cannot start. A client that crashes keeps what is on its disk; a server that restarts keeps nothing.
Sequence numbers are modulo M, which is more than can be lost. CfgSync.tla says the same in TLA+.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from spec.search.explore import Model, assemble

NOTHING = -1
"""In place of a number: the server knows none."""
UNSET, APPLYING, APPLIED, FAILED = "UNSET", "APPLYING", "APPLIED", "FAILED"


class Report(NamedTuple):
    """A message of the client; `status` is (hash, status), or () where it says nothing of it."""

    sequence: int
    is_full: bool
    status: tuple[int, str] | tuple[()]


class Message(NamedTuple):
    """A message of the server: whether it asks for full state, and the offer in it or 0."""

    asks: bool
    offer: int


class Knowledge(NamedTuple):
    """What the other server knows, which the client is not connected to."""

    knownReceived: int = NOTHING  # noqa: N815 # as in CfgSync.tla
    knownStatus: str = UNSET  # noqa: N815
    knownSequence: int = NOTHING  # noqa: N815
    needFull: bool = True  # noqa: N815
    knownFailed: frozenset[int] = frozenset()  # noqa: N815


class State(NamedTuple):
    """Everything there is; the names are the variables of CfgSync.tla."""

    connected: bool = False
    # The client's memory.
    sequence: int = 0
    received: int = 0
    status: str = UNSET
    running: int = 0
    candidate: int = 0
    launched: bool = False
    dirty: bool = False
    wantsFull: bool = False  # noqa: N815 # as in CfgSync.tla
    first: bool = True
    sentFull: bool = False  # noqa: N815
    # The client's disk.
    diskReceived: int = 0  # noqa: N815
    diskStatus: str = UNSET  # noqa: N815
    lastGood: int = 0  # noqa: N815
    # The server.
    assigned: int = 1
    knownReceived: int = NOTHING  # noqa: N815
    knownStatus: str = UNSET  # noqa: N815
    knownSequence: int = NOTHING  # noqa: N815
    needFull: bool = True  # noqa: N815
    knownFailed: frozenset[int] = frozenset()  # noqa: N815
    sentOffer: int = 0  # noqa: N815
    other: Knowledge = Knowledge()
    # What is on the way, oldest first.
    toServer: tuple[Report, ...] = ()  # noqa: N815
    toClient: tuple[Message, ...] = ()  # noqa: N815
    # What was spent of each budget.
    drops: int = 0
    crashes: int = 0
    restarts: int = 0
    changes: int = 0
    duplicates: int = 0
    reorders: int = 0
    switches: int = 0
    # What only the invariants look at.
    offered: frozenset[int] = frozenset()
    decided: frozenset[int] = frozenset()
    newestOffer: int = 0  # noqa: N815
    relaunched: bool = False


@dataclass(frozen=True)
class Variant:
    """Bounds, and what may be wrong with either side; the defaults are the rules of otx.

    Attributes:
        configs: Configurations are 1 to this number.
        bad: Those that cannot start.
        capacity: Messages that fit each way.
        drops, crashes, restarts, changes: What the environment may do, how often.
        duplicates, reorders: Reports that arrive twice (a retry over HTTP); messages of the server
            that change places.
        switches: Times that the client goes to the other of two servers, whose operator is one.
        checks_sequence: The server asks for full state when a number does not follow.
        is_idempotent: The client does nothing about an offer that it has a status for.
        answers_all: The client reports after every message.
        applied_when_written: APPLIED before the process runs.
        good_when_launched: Last good before the verdict.
        keeps_status: The status is on the client's disk.
        reports_old: APPLIED of the old one after a rollback: "" never, "at once", "after" FAILED.
        keeps_need: The server asks for full state until it has it.
        remembers_failed: The server does not offer what was reported FAILED.
        starts_at_zero: Each process of the client counts from 0.
        own_hash: A hash that the client makes for its local configuration, or 0.
        reverts: After FAILED last good runs.
    """

    configs: int = 2
    bad: frozenset[int] = frozenset({2})
    capacity: int = 2
    drops: int = 1
    crashes: int = 1
    restarts: int = 1
    changes: int = 1
    duplicates: int = 0
    reorders: int = 0
    switches: int = 0
    checks_sequence: bool = True
    is_idempotent: bool = True
    answers_all: bool = False
    applied_when_written: bool = False
    good_when_launched: bool = False
    keeps_status: bool = True
    reports_old: str = ""
    keeps_need: bool = True
    remembers_failed: bool = False
    starts_at_zero: bool = False
    own_hash: int = 0
    reverts: bool = True

    @property
    def modulus(self) -> int:
        """More than all messages that can be lost, so that no number fits by accident."""
        losses = self.drops + self.crashes + self.restarts + self.switches
        return self.capacity * losses + self.crashes + 3


def connect(v: Variant, s: State) -> Iterator[State]:
    if not s.connected:
        yield s._replace(connected=True, first=True, sentOffer=0)


def send(v: Variant, s: State) -> Iterator[State]:
    has_news = s.first or s.dirty or s.wantsFull
    if s.connected and has_news and len(s.toServer) < v.capacity:
        is_full = s.wantsFull or not s.sentFull
        says = (s.received or v.own_hash, s.status) if is_full or s.dirty else ()
        yield s._replace(
            sequence=(s.sequence + 1) % v.modulus,
            first=False,
            dirty=False,
            wantsFull=False,
            sentFull=True,
            # Whatever the other server knows, this number is not the next that it expects.
            other=s.other._replace(knownSequence=NOTHING),
            toServer=(*s.toServer, Report(s.sequence, is_full, says)),
        )


def receive(v: Variant, s: State) -> Iterator[State]:
    if not s.connected or not s.toClient:
        return
    asks, offer = s.toClient[0]
    s = s._replace(toClient=s.toClient[1:], wantsFull=s.wantsFull or asks)
    if offer and offer != s.newestOffer:
        s = s._replace(newestOffer=offer, decided=frozenset())
    has_status = offer == s.received and s.status != UNSET
    if offer and not (v.is_idempotent and has_status):
        s = s._replace(
            received=offer,
            status=APPLYING,
            candidate=offer,
            launched=False,
            dirty=True,
            diskReceived=offer,
            diskStatus=APPLYING,
        )
    yield s._replace(dirty=s.dirty or v.answers_all)


def launch(v: Variant, s: State) -> Iterator[State]:
    if not s.candidate or s.launched:
        return
    again = s.relaunched or s.candidate in s.decided
    good = s.candidate if v.good_when_launched else s.lastGood
    s = s._replace(launched=True, running=s.candidate, relaunched=again, lastGood=good)
    if v.applied_when_written:
        s = s._replace(status=APPLIED, diskStatus=APPLIED, dirty=True)
    yield s


def verdict(v: Variant, s: State) -> Iterator[State]:
    if not s.candidate or not s.launched:
        return
    is_bad = s.candidate in v.bad
    status = FAILED if is_bad else APPLIED
    running = s.lastGood if is_bad and v.reverts else s.candidate
    yield s._replace(
        candidate=0,
        launched=False,
        running=running,
        status=status,
        diskStatus=status,
        dirty=True,
        lastGood=s.lastGood if is_bad else s.candidate,
        decided=s.decided | {s.candidate},
    )


def report_old(v: Variant, s: State) -> Iterator[State]:
    is_told = v.reports_old == "at once" or (v.reports_old == "after" and not s.dirty)
    if is_told and s.status == FAILED and s.lastGood and not s.candidate:
        yield s._replace(
            received=s.lastGood,
            status=APPLIED,
            diskReceived=s.lastGood,
            diskStatus=APPLIED,
            dirty=True,
        )


def serve(v: Variant, s: State) -> Iterator[State]:
    if not s.connected or not s.toServer or len(s.toClient) >= v.capacity:
        return
    report = s.toServer[0]
    follows = s.knownSequence != NOTHING and (report.sequence == (s.knownSequence + 1) % v.modulus)
    s = s._replace(toServer=s.toServer[1:], knownSequence=report.sequence)
    if report.status:
        received, status = report.status
        failed = s.knownFailed | {received} if status == FAILED else s.knownFailed
        s = s._replace(knownReceived=received, knownStatus=status, knownFailed=failed)
    is_gap = v.checks_sequence and not follows
    needs = not report.is_full and (is_gap or (v.keeps_need and s.needFull))
    asks = needs and v.checks_sequence
    offer = s.assigned if not asks and _should_offer(v, s) else 0
    yield s._replace(
        needFull=needs,
        toClient=(*s.toClient, Message(asks, offer)),
        offered=s.offered | {offer} if offer else s.offered,
        sentOffer=offer or s.sentOffer,
    )


def push(v: Variant, s: State) -> Iterator[State]:
    is_known = s.connected and not s.needFull and s.sentOffer != s.assigned
    if is_known and _should_offer(v, s) and len(s.toClient) < v.capacity:
        yield s._replace(
            toClient=(*s.toClient, Message(False, s.assigned)),
            offered=s.offered | {s.assigned},
            sentOffer=s.assigned,
        )


def _should_offer(v: Variant, s: State) -> bool:
    is_other = s.knownReceived not in (NOTHING, s.assigned)
    return is_other and not (v.remembers_failed and s.assigned in s.knownFailed)


def drop(v: Variant, s: State) -> Iterator[State]:
    if s.connected and s.drops < v.drops:
        yield s._replace(connected=False, toServer=(), toClient=(), drops=s.drops + 1)


def crash(v: Variant, s: State) -> Iterator[State]:
    if s.crashes >= v.crashes:
        return
    received, status = (s.diskReceived, s.diskStatus) if v.keeps_status else (0, UNSET)
    yield s._replace(
        connected=False,
        sequence=0 if v.starts_at_zero else (s.sequence + 1) % v.modulus,
        received=received,
        status=status,
        running=s.lastGood,
        candidate=received if status == APPLYING else 0,
        launched=False,
        dirty=False,
        wantsFull=False,
        first=True,
        sentFull=False,
        toServer=(),
        toClient=(),
        crashes=s.crashes + 1,
    )


def restart(v: Variant, s: State) -> Iterator[State]:
    if s.restarts < v.restarts:
        yield s._replace(
            connected=False,
            toServer=(),
            toClient=(),
            knownReceived=NOTHING,
            knownStatus=UNSET,
            knownSequence=NOTHING,
            needFull=True,
            knownFailed=frozenset(),
            restarts=s.restarts + 1,
        )


def assign(v: Variant, s: State) -> Iterator[State]:
    if s.changes < v.changes:
        for config in range(1, v.configs + 1):
            if config != s.assigned:
                yield s._replace(assigned=config, changes=s.changes + 1)


def duplicate(v: Variant, s: State) -> Iterator[State]:
    if s.toServer and len(s.toServer) < v.capacity and s.duplicates < v.duplicates:
        yield s._replace(toServer=(s.toServer[0], *s.toServer), duplicates=s.duplicates + 1)


def reorder(v: Variant, s: State) -> Iterator[State]:
    if len(s.toClient) > 1 and s.reorders < v.reorders:
        first, second, *rest = s.toClient
        yield s._replace(toClient=(second, first, *rest), reorders=s.reorders + 1)


def switch(v: Variant, s: State) -> Iterator[State]:
    """To the other server, which is told everything if it was never heard before."""
    if s.switches >= v.switches:
        return
    here = Knowledge(s.knownReceived, s.knownStatus, s.knownSequence, s.needFull, s.knownFailed)
    yield s._replace(
        connected=False,
        toServer=(),
        toClient=(),
        switches=s.switches + 1,
        other=here,
        **s.other._asdict(),
    )


SYSTEM: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Connect": connect,
    "Send": send,
    "Receive": receive,
    "Launch": launch,
    "Verdict": verdict,
    "ReportOld": report_old,
    "Serve": serve,
    "Push": push,
}
ENVIRONMENT: dict[str, Callable[[Variant, State], Iterator[State]]] = {
    "Drop": drop,
    "Crash": crash,
    "Restart": restart,
    "Assign": assign,
    "Duplicate": duplicate,
    "Reorder": reorder,
    "Switch": switch,
}

STANDS_FOR: dict[str, tuple[str, ...]] = {
    "Receive": ("NEW_OFFER", "SAME_OFFER", "FAILED_OFFER", "RUNNING_OFFER"),
    "Launch": ("VALIDATED", "CANDIDATE_UP"),
    "Verdict": (
        *("REFUSED", "RUNNING_VALIDATED", "HEALTHY"),
        *("CANDIDATE_DOWN", "SURVIVED", "TRIAL_DOWN"),
    ),
    "Crash": ("STARTED", "RESUMED", "INTERRUPTED"),
}
"""Action -> the events of `otx.opamp.config_table` that it stands for."""
BELOW_THE_GRAIN = ("GOOD_UP", "GOOD_DOWN", "ABANDONED_DOWN", "TRIAL_UP", "RESTART")
"""Events that change no status: here last good runs as soon as it is wanted."""

INVARIANTS: dict[str, Callable[[Variant, State], bool]] = {
    "S1": lambda v, s: s.knownReceived in s.offered | {NOTHING, 0},
    "S2": lambda v, s: s.status != APPLIED or not s.received or s.running == s.received,
    "S3": lambda v, s: s.status != APPLIED or s.received not in v.bad,
    "S4": lambda v, s: s.lastGood not in v.bad,
    "S5": lambda v, s: bool(s.candidate) or s.running in (0, s.lastGood),
    "S6": lambda v, s: not s.relaunched,
}
"""The numbers are those of the properties in ../README.md."""


def goal(v: Variant, s: State) -> bool:
    """The server knows the outcome of what it assigned, and the client runs the right thing."""
    if not s.connected or s.knownReceived == NOTHING:
        return False
    if s.assigned not in v.bad:
        is_applied = (s.knownReceived, s.knownStatus) == (s.assigned, APPLIED)
        return is_applied and s.running == s.assigned
    is_told = (s.knownReceived, s.knownStatus) == (s.assigned, FAILED)
    if v.reports_old:
        is_told = is_told or s.assigned in s.knownFailed
    return is_told and s.running == s.lastGood


def model(v: Variant = Variant()) -> Model[State]:
    """CfgSync in one variant."""
    return assemble(State(), v, SYSTEM, ENVIRONMENT, INVARIANTS, goal)


BASE = Variant()
MUTANTS: dict[str, Variant] = {
    "M1 server ignores gaps": replace(BASE, checks_sequence=False),
    "M2 rollback reports APPLIED(old)": replace(BASE, reports_old="at once"),
    "M2b and the server remembers FAILED": replace(
        BASE, reports_old="at once", remembers_failed=True
    ),
    "M2c and FAILED is sent first": replace(BASE, reports_old="after", remembers_failed=True),
    "M3 last good before the verdict": replace(BASE, good_when_launched=True),
    "M4 client answers every message": replace(BASE, answers_all=True),
    "M5 APPLIED when the file is written": replace(BASE, applied_when_written=True),
    "M6 status not on disk": replace(BASE, keeps_status=False),
    "M7 offers not idempotent": replace(BASE, is_idempotent=False),
    "M8 server forgets what it asked for": replace(BASE, keeps_need=False),
    "M9 numbers start at 0": replace(BASE, starts_at_zero=True),
    "M10 client reports a hash of its own": replace(BASE, own_hash=3),
    "M11 what failed runs on": replace(BASE, reverts=False),
}
"""Each is one rule broken, and each is found."""
