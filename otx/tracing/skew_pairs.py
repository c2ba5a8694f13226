"""What each call between two clocks says of how far they are apart.

`theta` is what has to be added to the child's clock to make it agree with its parent's. A child
starts after its parent did, whatever the clocks say: `theta >= parent.start - child.start`, always.
A server also ends before the client that waits for it does, `theta <= client.end - server.end`,
unless the client stopped waiting; where it may have, the call says nothing from above. Where
servers end behind their answer, as JavaScript's do, `theta <= client.end - server.start` is left.
A bound that is missed widens what is known; one that is wrong would make it false. Both give way by
what the times are rounded to.
"""

from collections import Counter
from collections.abc import Container, Iterator
from typing import Literal, NamedTuple, TypeAlias

from otx.model.telemetry import Attributes, Span
from otx.tracing.assembly import NO_PARENT, Trace

LATE_END_NS = 1_000_000
"""A server's span may be closed this much after its response was received: what sticks out of the
client by no more than this tells nothing against equal clocks."""

FLUSH_NS = 100_000_000
"""JavaScript's servers end their span when the connection has taken the whole answer and their loop
comes to it: on machines with too much to do tens of milliseconds behind the answer."""

OpenReason: TypeAlias = Literal["", "no wait", "gave up", "outlived", "several servers"]
"""Why there is no upper bound: nobody waits for the child (it is no SERVER below a CLIENT); the
client failed, and may have given up first; the server ran longer than its client, which no clock
explains; more than one server answered one client (retries, hedging), and which is not known."""


class ClockPair(NamedTuple):
    """Who calls and who is called, by their clocks."""

    client: str
    server: str


class Call(NamedTuple):
    """One parent and child of different clocks.

    Attributes:
        parent: The parent's number.
        child: The child's.
        lower_ns: theta is at least this.
        upper_ns: theta is at most this; None where nothing says so.
        is_open: Why nothing does.
        likely_ns: theta is at most this where the server ended before its client had the answer.
        is_outside: The server lies outside its client's time, by their raw times.
    """

    parent: int
    child: int
    lower_ns: int
    upper_ns: int | None
    is_open: OpenReason = ""
    is_outside: bool = False
    likely_ns: int | None = None


def calls_between_clocks(trace: Trace, untimed: Container[int] = ()) -> Iterator[Call]:
    """The calls of a trace between different clocks.

    Args:
        trace: The trace.
        untimed: The numbers of spans whose times are none.
    """
    servers = Counter(
        parent
        for number, parent in enumerate(trace.parents)
        if parent != NO_PARENT and trace.spans[number].kind == "SERVER"
    )
    for number, parent in enumerate(trace.parents):
        if parent == NO_PARENT or trace.domains[parent].clock == trace.domains[number].clock:
            continue
        child = trace.spans[number]
        # A local parent read the same clock, whatever the resources call it.
        if child.is_parent_remote is False or number in untimed or parent in untimed:
            continue
        yield _call(trace, parent, number, servers[parent])


def gave_up(client: Span) -> bool:
    """Whether a client may have stopped waiting before its server was done.

    A client that failed may, and one of HTTP that has no status, unless it has a status that only
    the server itself gives: a gateway answers 502 to 504 in its place, and 408 and 499 say that
    somebody stopped waiting.
    """
    status = _http_status(client.attributes) if client.attributes else 0
    if client.is_error or "error.type" in client.attributes:
        return not (400 <= status <= 501 and status not in (408, 499))
    is_http = "http.request.method" in client.attributes or "http.method" in client.attributes
    return is_http and not status


def _call(trace: Trace, parent: int, child: int, servers: int) -> Call:
    above, below = trace.spans[parent], trace.spans[child]
    grain = max(trace.grains.by_span[parent], trace.grains.by_span[child])
    late = above.start_unix_nano - below.start_unix_nano
    lower = late - grain
    if above.kind != "CLIENT" or below.kind != "SERVER" or above.duration_ns <= 0:
        return Call(parent, child, lower, None, "no wait", lower > 0)
    left = above.end_unix_nano - below.end_unix_nano
    likely = left + grain
    is_outside = lower > 0 or likely < 0
    if trace.domains[child].process in trace.grains.javascript:
        left = min(left + FLUSH_NS, above.end_unix_nano - below.start_unix_nano)
    upper = left + grain
    reason: OpenReason = ""
    if gave_up(above):
        reason = "gave up"
    elif servers > 1:
        reason = "several servers"
    elif left < late:
        reason = "outlived"
    elif -LATE_END_NS <= upper < 0:
        upper = 0
    if reason:
        return Call(parent, child, lower, None, reason, is_outside)
    return Call(parent, child, lower, upper, reason, is_outside, likely)


def _http_status(attributes: Attributes) -> int:
    value = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    return value if isinstance(value, int) else 0
