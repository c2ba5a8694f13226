"""What the time on a critical path was: work, waiting for somebody outside, or the network.

A client's own time before its server began and after it ended is spent between the two: on the
wire, and in queues at either side. Where their clocks compare that is known of each; of a client
that did nothing else than wait for one server it is known of both together, whatever the clocks
say, since it is the difference of two durations.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from otx.tracing.assembly import NO_PARENT
from otx.tracing.critical_path import CriticalPath, Section
from otx.tracing.waits import Waits

TimeKind: TypeAlias = Literal["self", "waiting", "network", "unknown"]
"""`self`: nothing below the span ran that it waited for. `waiting`: a call whose other side left
no span. `network`: between a client and its server. `unknown`: the same, on clocks that do not
compare and with more that the client did, or between two servers of one client."""


class Part(NamedTuple):
    """A section of the path with what it was.

    Attributes:
        server: The server that a client's section lies next to; `NO_PARENT` for other sections.
        margin_ns: How far the border to that server may be from the truth; None where only the sum
            of the section before it and the one behind is known.
    """

    section: Section
    kind: TimeKind
    server: int = NO_PARENT
    margin_ns: int | None = 0

    @property
    def duration_ns(self) -> int:
        """How long it took."""
        return self.section.end_ns - self.section.start_ns


@dataclass(frozen=True, slots=True)
class Share:
    """What an operation adds to the path, by kind of time.

    Attributes:
        part: Of the path's duration, 0 to 1.
        spans: The numbers of its spans whose time it is.
    """

    service: str
    name: str
    kind: TimeKind
    own_ns: int
    part: float
    spans: tuple[int, ...]


def path_parts(path: CriticalPath, waits: Waits) -> list[Part]:
    """The sections of a path with what they were."""
    return [_part(section, waits) for section in path.sections]


def shares(parts: Sequence[Part], waits: Waits) -> list[Share]:
    """How much each operation adds, most first; the parts of one add up to one."""
    own: dict[tuple[str, str, TimeKind], int] = defaultdict(int)
    spans: dict[tuple[str, str, TimeKind], dict[int, None]] = defaultdict(dict)
    whole = sum(part.duration_ns for part in parts)
    for part in parts:
        span = waits.trace.spans[part.section.span]
        key = (span.service, span.name, part.kind)
        own[key] += part.duration_ns
        spans[key][part.section.span] = None
    found = [
        Share(*key, own_ns, own_ns / whole, tuple(sorted(spans[key])))
        for key, own_ns in own.items()
    ]
    return sorted(found, key=lambda one: (-one.own_ns, one.service, one.name, one.kind))


def _part(section: Section, waits: Waits) -> Part:
    if waits.trace.spans[section.span].kind != "CLIENT":
        return Part(section, "self")
    children = waits.children(section.span)
    servers = [child for child in children if waits.trace.spans[child].kind == "SERVER"]
    if not servers:
        return Part(section, "self" if children else "waiting")
    first = min(servers, key=lambda one: waits.starts[one])
    last = max(servers, key=lambda one: waits.ends[one])
    if section.end_ns <= waits.starts[first]:
        return _beside(section, first, waits)
    if section.start_ns >= waits.ends[last]:
        return _beside(section, last, waits)
    return Part(section, "unknown")


def _beside(section: Section, server: int, waits: Waits) -> Part:
    margin = waits.timing.margin_ns(section.span, server)
    if margin is None and not _is_all_there_is(section.span, server, waits):
        return Part(section, "unknown", server)
    return Part(section, "network", server, margin)


def _is_all_there_is(client: int, server: int, waits: Waits) -> bool:
    """Whether a client has no other child than a server, and both count in full."""
    timing = waits.timing
    return waits.trace.children[client] == [server] and all(
        waits.starts[one] == timing.starts[one] and waits.ends[one] == timing.ends[one]
        for one in (client, server)
    )
