"""What a client's answer tells of its server: that it had begun, and when that it had ended.

A server that answers need not have ended its span: middleware closes it when the answer has been
sent (JavaScript's HTTP servers, ASGI), and work may go on behind the answer. A service that is seen
to do so once is not trusted elsewhere; where it is trusted, that is inferred. Seen it is where one
clock, or the lengths of both spans, show that the server ended after its client had its answer.
"""

from collections.abc import Container, Iterator

from otx.tracing.assembly import Trace
from otx.tracing.edges import ANSWER, RESPONSE, Edge, end_of, start_of
from otx.tracing.skew_pairs import gave_up
from otx.tracing.timing import Timing

_FLUSH_NS = 5_000_000
"""What flushing an answer takes JavaScript's servers at most, unless the machine has far too much
to do. What ends below them meanwhile is work that nobody waits for."""


def answers(trace: Trace) -> Iterator[tuple[int, int]]:
    """Servers and clients, by number, where the client had an answer and no other server gave it.

    It did not give up, as far as it says.
    """
    for client, children in enumerate(trace.children):
        if trace.spans[client].kind != "CLIENT" or gave_up(trace.spans[client]):
            continue
        servers = [child for child in children if trace.spans[child].kind == "SERVER"]
        if len(servers) == 1:
            yield servers[0], client


def late_services(trace: Trace) -> frozenset[str]:
    """The services of which a server is seen to have ended after its client had its answer.

    JavaScript's are only those that do so by more than flushing the answer takes.
    """
    found = set()
    for server, client in answers(trace):
        service = trace.spans[server].service
        if service not in found and _is_late(trace, server, client):
            found.add(service)
    return frozenset(found)


def answer_edges(timing: Timing) -> Iterator[Edge]:
    """From servers, and what they waited for, to the end of the client that had the answer."""
    trace = timing.trace
    late = late_services(trace)
    for server, client in answers(trace):
        margin = timing.margin_ns(server, client)
        if margin is not None and timing.starts[server] > timing.ends[client] + margin:
            continue  # whatever the client had, it was not the answer of this one
        if _had_ended(timing, server, client, late):
            yield Edge(end_of(server), end_of(client), RESPONSE)
            continue
        yield Edge(start_of(server), end_of(client), ANSWER)
        if trace.spans[server].service not in late:
            yield from _before_flush(trace, server, client)


def _is_late(trace: Trace, server: int, client: int) -> bool:
    spans, domains, grains = trace.spans, trace.domains, trace.grains
    below, above = spans[server], spans[client]
    flush = _FLUSH_NS if domains[server].process in grains.javascript else 0
    rounded = [one for one in (server, client) if domains[one].process not in grains.javascript]
    longer_ns = below.duration_ns - above.duration_ns
    if longer_ns > flush + sum(grains.by_span[one] for one in rounded):
        return True
    later_ns = below.end_unix_nano - above.end_unix_nano
    is_one_clock = domains[server].clock == domains[client].clock
    return is_one_clock and later_ns > flush + grains.by_span[server] + grains.by_span[client]


def _had_ended(timing: Timing, server: int, client: int, late: Container[str]) -> bool:
    """Whether a server had ended when its client had its answer."""
    trace = timing.trace
    closes_late = (
        trace.spans[server].service in late
        or trace.domains[server].process in trace.grains.javascript
    )
    if not closes_late:
        return timing.may_be_within(server, client)
    margin = timing.margin_ns(server, client)
    return margin is not None and timing.ends[server] + margin <= timing.ends[client]


def _before_flush(trace: Trace, server: int, client: int) -> Iterator[Edge]:
    """From what a server of JavaScript had below it, and ended before it can have answered."""
    process = trace.domains[server].process
    if process not in trace.grains.javascript:
        return
    grains = trace.grains.by_span
    for child in trace.children[server]:
        by_ns = trace.spans[server].end_unix_nano - trace.spans[child].end_unix_nano
        is_same = trace.domains[child].process == process
        if is_same and by_ns >= _FLUSH_NS + grains[server] + grains[child]:
            yield Edge(end_of(child), end_of(client), RESPONSE)
