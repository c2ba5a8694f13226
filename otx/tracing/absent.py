"""What is missing of a trace, and which reasons its spans give for it.

Nothing tells for certain why a span is not there. What the spans around it carry makes some
reasons likely and rules others out; each reason is given with what speaks for it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.telemetry import Span
from otx.tracing.assembly import Missing, Trace
from otx.tracing.calls import peer_of

LATE_NS = 30_000_000_000
"""How long a span may take from its end to a store: twice the longest usual batch delay (10 s),
and a retry."""

Cause: TypeAlias = Literal["not ended yet", "outside", "lost", "not sampled", "unknown"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a span may be missing.

    Attributes:
        cause: `not ended yet`: it runs, or waits to be sent. `outside`: it belongs to a system that
            sends nothing here. `lost`: it was made here and did not arrive. `not sampled`: its
            sender decided not to record it.
        evidence: What speaks for it.
    """

    cause: Cause
    evidence: str

    @property
    def rule(self) -> str:
        """What reports call the rule by which it is given."""
        return f"missing-{self.cause.replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class AbsentParent:
    """A missing parent, with what can be told of it.

    Attributes:
        service: Whose it is, where its children ran in its own process; "" where nobody knows.
        reasons: The likeliest first.
    """

    missing: Missing
    service: str
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class AbsentServer:
    """A client's call of which no server told, though the called one sends spans otherwise.

    Attributes:
        client: The number of the client's span.
        peer: Whom it called, as it names it.
    """

    client: int
    peer: str


def absent_parents(trace: Trace, now_unix_nano: int) -> list[AbsentParent]:
    """Each missing parent, in order of its first child.

    Args:
        trace: The trace.
        now_unix_nano: When the trace was read.
    """
    newest = max((span.end_unix_nano for span in trace.spans), default=0)
    is_fresh = 0 <= now_unix_nano - newest < LATE_NS
    found = []
    for missing in trace.missing:
        children = [trace.spans[number] for number in missing.children]
        reasons = sorted(_reasons(children, is_fresh), key=lambda pair: -pair[0])
        found.append(AbsentParent(missing, _service(children), [one for _, one in reasons]))
    return found


def absent_servers(trace: Trace, known_services: Collection[str] = ()) -> list[AbsentServer]:
    """The calls without a server, of services that this trace or the store knows."""
    known = {span.service for span in trace.spans} | set(known_services)
    found = []
    for number, span in enumerate(trace.spans):
        if span.kind != "CLIENT":
            continue
        below = (trace.spans[child].kind for child in trace.children[number])
        peer = peer_of(span)
        if peer in known and peer != span.service and "SERVER" not in below:
            found.append(AbsentServer(number, peer))
    return found


def _service(children: Sequence[Span]) -> str:
    """The service of a parent that ran in the process of its children."""
    local = {child.service for child in children if child.is_parent_remote is False}
    return local.pop() if len(local) == 1 else ""


def _reasons(children: Sequence[Span], is_fresh: bool) -> Iterator[tuple[int, Reason]]:
    """Reasons with their weight."""
    remote = {child.is_parent_remote for child in children}
    if is_fresh:
        text = "the trace's newest span ended under 30 s ago; the parent may still be on its way"
        yield 3, Reason("not ended yet", text)
    if remote == {False}:
        service = _service(children) or "its process"
        text = f"its children say that it ran in their own process, {service}: it was made here"
        yield 4, Reason("lost", text)
    elif remote == {True}:
        yield from _outside(children)
    if any(child.flags & 0x100 and not child.flags & 1 for child in children):
        text = "a child says that its parent's trace flags were not sampled"
        yield 5, Reason("not sampled", text)
    if remote == {None} and not is_fresh:
        text = "its children do not say whether it ran in their process (span flags, bits 8 and 9)"
        yield 1, Reason("unknown", text)


def _outside(children: Sequence[Span]) -> Iterator[tuple[int, Reason]]:
    kinds = {child.kind for child in children}
    if kinds <= {"SERVER", "CONSUMER"}:
        text = "its children say that it ran in another process, and each is an entry to its own"
        yield 2, Reason("outside", text)
    else:
        text = "its children say that it ran in another process"
        yield 1, Reason("outside", text)
