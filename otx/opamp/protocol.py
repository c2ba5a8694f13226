"""OpAMP as session types: who may say what when, as data, from the client's side.

The server's types are the duals. Over HTTP the two alternate, so the type is synchronous. Over a
WebSocket both sides may speak at once (`Duplex`): a push of the server crosses a report of the
client, and neither did wrong. `otx.opamp.automaton` makes machines of the types, which explore the
product of both sides and watch a connection without reading a crossing as a fault.

A sub-session is one matter on such a connection: a configuration with one hash, full state, a new
identity. Its labels are what a message says of that matter; what it says besides is for the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Side(Enum):
    """One of the two parties."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> "Side":
        """The peer."""
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class Label(Enum):
    """What a message or a transport event says; the first part is who says it."""

    # The transport. What neither says (a lost connection) counts as the server's choice.
    OPEN = "client opens"
    POST_REPORT = "client posts a report"
    POST_DISCONNECT = "client posts agent_disconnect"
    ACCEPT = "server accepts"
    UNAUTHORISED = "server answers 401"
    THROTTLED = "server answers 429 or 503"
    TOO_LARGE = "server answers 413"
    OTHER_STATUS = "server answers another status"
    SILENCE = "server does not answer, or the connection is lost"
    CLIENT_CLOSE = "client closes"
    SERVER_CLOSE = "server closes"
    # A connection.
    REPORT = "client reports"
    DISCONNECT = "client says agent_disconnect"
    ANSWER = "server answers or pushes"
    ERROR = "server says BadRequest or Unknown"
    UNAVAILABLE = "server says Unavailable"
    # One hash: a configuration, connection settings, packages.
    OFFER = "server offers this hash"
    APPLYING = "client is applying this hash"
    APPLIED = "client applied this hash"
    FAILED = "client failed with this hash"
    OTHER_HASH = "client speaks of another hash"
    # Full state.
    ASK = "server asks for full state"
    FULL = "client reports everything"
    COMPRESSED = "client reports a part"
    # Identity.
    NEW_UID = "server assigns a uid"
    AS_OLD = "client uses the old uid"
    AS_NEW = "client uses the new uid"
    # A certificate, a restart.
    CSR = "client requests a certificate"
    CERTIFICATE = "server offers a certificate"
    REFUSE_CSR = "server answers BadRequest to the request"
    COMMAND = "server commands a restart"
    RESTARTED = "client reports a newer start"

    @property
    def sender(self) -> Side:
        """Who says it."""
        return Side(self.value.split()[0])


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more is said."""


@dataclass(frozen=True, slots=True)
class Select:
    """Internal choice: this side decides which label it says."""

    branches: "tuple[tuple[Label, Type], ...]"


@dataclass(frozen=True, slots=True)
class Branch:
    """External choice: the other side decides; every label is understood."""

    branches: "tuple[tuple[Label, Type], ...]"


@dataclass(frozen=True, slots=True)
class Duplex:
    """Both at once: this side may speak, and what the other says meanwhile is understood."""

    select: Select
    branch: Branch


@dataclass(frozen=True, slots=True)
class Rec:
    """A loop: `body`, in which `Var(name)` stands for the whole."""

    name: str
    body: "Type"


@dataclass(frozen=True, slots=True)
class Var:
    """Once more from the `Rec` of this name."""

    name: str


Type = End | Select | Branch | Duplex | Rec | Var


def dual(kind: Type) -> Type:
    """The other side's type: what one says the other understands, and the other way round."""
    match kind:
        case Select(branches):
            return Branch(_dual_branches(branches))
        case Branch(branches):
            return Select(_dual_branches(branches))
        case Duplex(select, branch):
            return Duplex(
                Select(_dual_branches(branch.branches)), Branch(_dual_branches(select.branches))
            )
        case Rec(name, body):
            return Rec(name, dual(body))
        case _:
            return kind


def unfold(kind: Type) -> Type:
    """The type with its first construct on the outside: each loop is opened once."""
    while isinstance(kind, Rec):
        kind = _substitute(kind.body, kind)
    return kind


def faults(kind: Type, side: Side) -> list[str]:
    """Why this is no type of this side: open, unguarded, ambiguous, or in the other's words."""
    return list(_faults(kind, side, {}))


def choices(kind: Type) -> Select:
    """What this side may say next; nothing where it has to listen."""
    match unfold(kind):
        case Select() as select:
            return select
        case Duplex(select, _):
            return select
        case _:
            return Select(())


def understood(kind: Type) -> Branch:
    """What the other side may say next."""
    match unfold(kind):
        case Branch() as branch:
            return branch
        case Duplex(_, branch):
            return branch
        case _:
            return Branch(())


def says(*branches: "tuple[Label, Type]") -> Select:
    """This side says one of these."""
    return Select(branches)


def hears(*branches: "tuple[Label, Type]") -> Branch:
    """The other side says one of these."""
    return Branch(branches)


def _substitute(kind: Type, loop: Rec) -> Type:
    """The type with `loop` in place of its variable."""
    match kind:
        case Var(name):
            return loop if name == loop.name else kind
        case Rec(name, body):
            return kind if name == loop.name else Rec(name, _substitute(body, loop))
        case Select(branches):
            return Select(tuple((label, _substitute(then, loop)) for label, then in branches))
        case Branch(branches):
            return Branch(tuple((label, _substitute(then, loop)) for label, then in branches))
        case Duplex(Select(said), Branch(heard)):
            return Duplex(
                Select(tuple((label, _substitute(then, loop)) for label, then in said)),
                Branch(tuple((label, _substitute(then, loop)) for label, then in heard)),
            )
        case _:
            return kind


def _dual_branches(branches: tuple[tuple[Label, Type], ...]) -> tuple[tuple[Label, Type], ...]:
    return tuple((label, dual(then)) for label, then in branches)


def _faults(kind: Type, side: Side, guarded: dict[str, bool]) -> Iterator[str]:
    match kind:
        case Var(name):
            if name not in guarded:
                yield f"{name} is bound by no Rec"
            elif not guarded[name]:
                yield f"{name} loops without saying anything"
        case Rec(name, body):
            yield from _faults(body, side, {**guarded, name: False})
        case Select(branches):
            yield from _choice_faults(branches, side, side, guarded)
        case Branch(branches):
            yield from _choice_faults(branches, side.other, side, guarded)
        case Duplex(select, branch):
            yield from _faults(select, side, guarded)
            yield from _faults(branch, side, guarded)
        case End():
            pass


def _choice_faults(
    branches: tuple[tuple[Label, Type], ...], speaker: Side, side: Side, guarded: dict[str, bool]
) -> Iterator[str]:
    labels = [label for label, _ in branches]
    if not labels:
        yield "a choice of nothing"
    for label in sorted(set(labels), key=lambda one: one.name):
        if labels.count(label) > 1:
            yield f"{label.name} leads to two places"
        if label.sender is not speaker:
            yield f"{label.name} is not for the {speaker.value} to say"
    for _, then in branches:
        yield from _faults(then, side, dict.fromkeys(guarded, True))


_L = Label


def _under_way(name: str, after: Type) -> tuple[tuple[Label, Type], ...]:
    """What the server may still say when the client has said its last, and what ends it."""
    again = Var(name)
    return (
        (_L.ANSWER, again),
        (_L.ERROR, again),
        (_L.UNAVAILABLE, again),
        (_L.SERVER_CLOSE, after),
        (_L.SILENCE, after),
    )


def live(after: Type) -> Type:
    """An open WebSocket, from the first report on; `after` its end by the server or a loss.

    The first thing said is a report. agent_disconnect is followed by nothing but a Close, and
    after Unavailable nothing but agent_disconnect is in place.
    """
    gone = Rec("gone", Branch(_under_way("gone", End())))
    leaving = Rec(
        "leaving", Duplex(says((_L.CLIENT_CLOSE, gone)), Branch(_under_way("leaving", End())))
    )
    told = Rec("told", Duplex(says((_L.DISCONNECT, leaving)), Branch(_under_way("told", after))))
    talk = Duplex(
        says((_L.REPORT, Var("live")), (_L.DISCONNECT, leaving)),
        hears(
            (_L.ANSWER, Var("live")),
            (_L.ERROR, Var("live")),
            (_L.UNAVAILABLE, told),
            (_L.SERVER_CLOSE, after),
            (_L.SILENCE, after),
        ),
    )
    return says((_L.REPORT, Rec("live", talk)))


CONNECTION: Type = live(End())
"""One WebSocket that was accepted."""

WEBSOCKET: Type = Rec(
    "outside",
    says(
        (
            _L.OPEN,
            hears(
                (_L.ACCEPT, live(Var("outside"))),
                (_L.UNAUTHORISED, Var("outside")),
                (_L.THROTTLED, Var("outside")),
                (_L.OTHER_STATUS, Var("outside")),
                (_L.SILENCE, Var("outside")),
            ),
        )
    ),
)
"""A client over WebSocket, with its reconnects; when it waits is `transport.backoff`'s matter."""

HTTP: Type = Rec(
    "poll",
    says(
        (
            _L.POST_REPORT,
            hears(
                (_L.ANSWER, Var("poll")),
                (_L.ERROR, Var("poll")),
                (_L.UNAVAILABLE, Var("poll")),
                (_L.UNAUTHORISED, Var("poll")),
                (_L.THROTTLED, Var("poll")),
                (_L.TOO_LARGE, Var("poll")),
                (_L.OTHER_STATUS, Var("poll")),
                (_L.SILENCE, Var("poll")),
            ),
        ),
        (
            _L.POST_DISCONNECT,
            hears(
                (_L.ANSWER, End()),
                (_L.ERROR, End()),
                (_L.UNAVAILABLE, End()),
                (_L.UNAUTHORISED, End()),
                (_L.THROTTLED, End()),
                (_L.OTHER_STATUS, End()),
                (_L.SILENCE, End()),
            ),
        ),
    ),
)
"""A client over plain HTTP: one request, one response, one request."""

_OVERTAKEN = Rec(
    "overtaken", Duplex(says((_L.OTHER_HASH, Var("overtaken"))), hears((_L.OFFER, Var("told"))))
)
"""The client spoke of a newer one: of this hash it says nothing more unless it is offered again."""

_FAILED = Rec(
    "failed",
    Duplex(
        says((_L.FAILED, Var("failed")), (_L.OTHER_HASH, _OVERTAKEN)),
        hears((_L.OFFER, Var("failed"))),
    ),
)
"""It stays FAILED, however often it is offered."""

_APPLIED = Rec(
    "applied",
    Duplex(
        says((_L.APPLIED, Var("applied")), (_L.FAILED, _FAILED), (_L.OTHER_HASH, _OVERTAKEN)),
        hears((_L.OFFER, Var("applied"))),
    ),
)
"""It may still fail within the observation window; it is not applied once more."""

_TOLD = Rec(
    "told",
    Duplex(
        says(
            (_L.APPLYING, Var("told")),
            (_L.APPLIED, _APPLIED),
            (_L.FAILED, _FAILED),
            (_L.OTHER_HASH, _OVERTAKEN),
        ),
        hears((_L.OFFER, Var("told"))),
    ),
)

CONFIG: Type = Rec("untold", Duplex(says((_L.OTHER_HASH, Var("untold"))), hears((_L.OFFER, _TOLD))))
"""One hash of a remote configuration, from its first offer on; each hash runs its own."""

CONFIG_MIDWAY: Type = Rec(
    "unknown",
    Duplex(
        says(
            *(one for one in choices(_TOLD).branches if one[0] is not _L.OTHER_HASH),
            (_L.OTHER_HASH, Var("unknown")),
        ),
        hears((_L.OFFER, _TOLD)),
    ),
)
"""The same where what was said before is not known: another connection, an earlier process."""

_AWAY = Rec(
    "away",
    Duplex(
        says(
            (_L.APPLYING, Var("away")),
            (_L.APPLIED, _APPLIED),
            (_L.FAILED, _FAILED),
            (_L.OTHER_HASH, _OVERTAKEN),
        ),
        hears((_L.OFFER, Var("told"))),
    ),
)
"""The client tries the new settings, or is back with the old ones: it owes a verdict."""

SETTINGS: Type = Rec(
    "untold",
    Duplex(
        says((_L.OTHER_HASH, Var("untold"))),
        hears(
            (
                _L.OFFER,
                Rec(
                    "told",
                    Duplex(
                        says(
                            (_L.APPLYING, Var("told")),
                            (_L.DISCONNECT, _AWAY),
                            (_L.APPLIED, _APPLIED),
                            (_L.FAILED, _FAILED),
                            (_L.OTHER_HASH, _OVERTAKEN),
                        ),
                        hears((_L.OFFER, Var("told"))),
                    ),
                ),
            )
        ),
    ),
)
"""One hash of connection settings. Those for OpAMP itself are tried by connecting with them, after
agent_disconnect; a refusal by policy, and settings for own telemetry, need no such thing."""

PACKAGES: Type = CONFIG
"""One aggregate hash of packages."""

FULL_STATE: Type = Rec(
    "quiet",
    Duplex(
        says((_L.FULL, Var("quiet")), (_L.COMPRESSED, Var("quiet"))),
        hears((_L.ASK, Rec("asked", Duplex(says((_L.FULL, Var("quiet"))),
                                           hears((_L.ASK, Var("asked"))))))),
    ),
)  # fmt: skip
"""After the question the next report is complete."""

IDENTITY: Type = Rec(
    "old",
    Duplex(
        says((_L.AS_OLD, Var("old"))),
        hears((_L.NEW_UID, Rec("new", Duplex(says((_L.AS_NEW, Var("new"))),
                                             hears((_L.NEW_UID, Var("new"))))))),
    ),
)  # fmt: skip
"""Once a uid is assigned nothing is said under the old one."""

CERTIFICATE: Type = says((_L.CSR, hears((_L.CERTIFICATE, End()), (_L.REFUSE_CSR, End()))))
"""A certificate request and its answer."""

RESTART: Type = Rec("running", hears((_L.COMMAND, says((_L.RESTARTED, Var("running"))))))
"""A restart; there is no message for its result, only a newer start_time in the health."""

SESSIONS: dict[str, Type] = {
    "connection": CONNECTION,
    "websocket": WEBSOCKET,
    "http": HTTP,
    "config": CONFIG,
    "config midway": CONFIG_MIDWAY,
    "settings": SETTINGS,
    "packages": PACKAGES,
    "full state": FULL_STATE,
    "identity": IDENTITY,
    "certificate": CERTIFICATE,
    "restart": RESTART,
}
"""Every type of the client; the server's is `dual` of it."""
