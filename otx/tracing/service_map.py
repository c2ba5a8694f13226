"""Who calls whom in a store, how often, how long it took and how often it failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.store.reader import Store
from otx.store.sources import Wanted

CallKind: TypeAlias = Literal["call", "message", "link", "uninstrumented"]

_CALLS = """
    WITH span AS (
        SELECT * FROM wanted
        WHERE is_trace_id(trace_id) AND start_time >= make_timestamp_ns(?)),
    met AS (
        SELECT parent.service AS caller, child.service AS callee,
               if(child.kind = 'CONSUMER', 'message', 'call') AS kind,
               child.duration_ns AS duration_ns, child.status = 'ERROR' AS failed
        FROM span AS child JOIN span AS parent
          ON child.trace_id = parent.trace_id AND child.parent_span_id = parent.span_id
        WHERE child.service <> parent.service
        UNION ALL
        SELECT linked.service, linker.service, 'link', linker.duration_ns,
               linker.status = 'ERROR'
        FROM (SELECT *, unnest(links) AS link FROM span) AS linker JOIN span AS linked
          ON linker.link.trace_id = linked.trace_id AND linker.link.span_id = linked.span_id
        WHERE linker.service <> linked.service
        UNION ALL
        SELECT client.service,
               coalesce(attr(client.attributes, 'peer.service'),
                        attr(client.attributes, 'db.system.name'),
                        attr(client.attributes, 'db.system'),
                        attr(client.attributes, 'server.address'),
                        attr(client.attributes, 'net.peer.name'), '?'),
               'uninstrumented', client.duration_ns, client.status = 'ERROR'
        FROM span AS client
        WHERE client.kind IN ('CLIENT', 'PRODUCER') AND NOT EXISTS (
            SELECT 1 FROM span AS child
            WHERE child.trace_id = client.trace_id AND child.parent_span_id = client.span_id))
    SELECT caller, callee, kind, count(*), count(*) FILTER (failed),
           quantile_disc(duration_ns, [0.5, 0.95, 0.99])
    FROM met GROUP BY caller, callee, kind
    ORDER BY count(*) DESC, caller, callee, kind"""

_SPANNED = """
    SELECT coalesce(epoch_ns(max(start_time)) - epoch_ns(min(start_time)), 0)
    FROM wanted WHERE is_trace_id(trace_id) AND start_time >= make_timestamp_ns(?)"""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls from one service to another.

    Attributes:
        kind: `call`: the called one's span is a child. `message`: it is a consumer's. `link`: it
            only links to the caller's. `uninstrumented`: a client's span has no child; the callee
            is what the client calls it.
        p50_ns: Durations of the called one's spans, of the client's where there are none.
    """

    caller: str
    callee: str
    kind: CallKind
    count: int
    errors: int
    p50_ns: int
    p95_ns: int
    p99_ns: int


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Who calls whom.

    Attributes:
        calls: The most frequent first.
        spanned_ns: From the first span to the last, for rates.
    """

    calls: Sequence[Calls]
    spanned_ns: int

    def rate(self, calls: Calls) -> float | None:
        """Calls a second; None where all spans are of one moment."""
        return calls.count * 1e9 / self.spanned_ns if self.spanned_ns > 0 else None


def service_map(store: Store, since_unix_nano: int = 0) -> ServiceMap:
    """The service map of a store, from a time on."""
    wanted = Wanted("spans", since_unix_nano)
    rows = store.rows(_CALLS, (since_unix_nano,), wanted)
    spanned = store.rows(_SPANNED, (since_unix_nano,), wanted)[0][0]
    return ServiceMap([Calls(*row[:5], *row[5]) for row in rows], spanned)
