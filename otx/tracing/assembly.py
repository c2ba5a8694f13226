"""The spans of a trace put together, whatever arrived of it.

Spans come in any order, late, twice, or never; parents may be missing, shared by a client and its
server (as B3 has it), or, from a broken sender, form a circle. Every span that was given is here
exactly once, exact copies aside, and what had to be done to get there is told as a fault. A span
is known by its number: its place in order of start, then id. Nothing here recurses: a trace may be
deeper than Python's stack.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, TypeAlias

from otx.model.telemetry import Span
from otx.tracing.domains import Domain, domain_of
from otx.tracing.grain import Grains, grains

NO_PARENT = -1

FaultKind: TypeAlias = Literal["duplicate", "shared id", "id clash", "self-parent", "cycle"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about a trace that no sender should have made, and what became of it.

    Attributes:
        kind: `duplicate`: an exact copy was left out. `shared id`: a client and a server with one
            id were set apart. `id clash`: other spans with one id; the first has the children.
            `self-parent`, `cycle`: a span that is its own ancestor became a root.
        spans: The numbers of the spans that are meant.
    """

    kind: FaultKind
    spans: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A parent that spans name and that has not arrived.

    Attributes:
        children: The numbers of the spans that name it.
        start_unix_nano: It began by then: its first child did.
        end_unix_nano: The last end of its children; what waited for them ended later.
    """

    span_id: str
    children: tuple[int, ...]
    start_unix_nano: int
    end_unix_nano: int


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A trace put together. Lists have an item a span, by its number.

    Attributes:
        spans: By start, then id; exact copies left out.
        parents: Numbers; `NO_PARENT` for roots and for spans whose parent is missing.
        children: Numbers, by start.
        roots: The spans without a parent, those of missing parents left out.
        missing: The parents that have not arrived, by start.
        faults: What was wrong.
        domains: Where each span ran.
        orphans: For each span the place in `missing` of its parent; -1 for the others.
        grains: How exactly their times are recorded.
    """

    spans: Sequence[Span]
    parents: Sequence[int]
    children: Sequence[Sequence[int]]
    roots: Sequence[int]
    missing: Sequence[Missing]
    faults: Sequence[Fault]
    domains: Sequence[Domain]
    orphans: Sequence[int]
    grains: Grains

    def count(self, kind: FaultKind) -> int:
        """How many faults of a kind there are."""
        return sum(fault.kind == kind for fault in self.faults)

    def downward(self) -> Iterator[int]:
        """All numbers, a parent before its children."""
        waiting = [*self.roots, *(child for one in self.missing for child in one.children)]
        while waiting:
            number = waiting.pop()
            yield number
            waiting += self.children[number]


def assemble(spans: Sequence[Span]) -> Trace:
    """Put one trace's spans together."""
    distinct, faults = _without_copies(spans)
    domains = _domains(distinct)
    by_id: dict[str, list[int]] = defaultdict(list)
    for number, span in enumerate(distinct):
        by_id[span.span_id].append(number)
    pairs = _shared(by_id, distinct, faults)
    parents, missing_ids = _parents(distinct, domains, by_id, pairs)
    _cut_cycles(parents, faults)
    children: list[list[int]] = [[] for _ in distinct]
    orphaned: dict[str, list[int]] = defaultdict(list)
    roots = []
    for number, parent in enumerate(parents):  # in order of start, and so are the children
        if parent != NO_PARENT:
            children[parent].append(number)
        elif missing_ids[number]:
            orphaned[missing_ids[number]].append(number)
        else:
            roots.append(number)
    orphans = [-1] * len(distinct)
    missing: list[Missing] = []
    for span_id, below in orphaned.items():
        for number in below:
            orphans[number] = len(missing)
        missing.append(_missing(span_id, [distinct[number] for number in below], below))
    exact = grains(distinct, domains)
    return Trace(distinct, parents, children, roots, missing, faults, domains, orphans, exact)


def _missing(span_id: str, spans: Sequence[Span], numbers: Sequence[int]) -> Missing:
    return Missing(
        span_id,
        tuple(numbers),
        min(span.start_unix_nano for span in spans),
        max(max(span.end_unix_nano, span.start_unix_nano) for span in spans),
    )


def _without_copies(spans: Sequence[Span]) -> tuple[list[Span], list[Fault]]:
    """The spans by start without exact copies, which a retried request leaves.

    A copy begins when its original does and has its id, so that the one is found just before the
    other; broken senders that give all spans one id are no reason to compare all with all.
    """
    seen: set[tuple[str, str, str, int, int]] = set()
    distinct: list[Span] = []
    faults = []
    for span in sorted(spans, key=attrgetter("start_unix_nano", "span_id")):
        start, end = span.start_unix_nano, span.end_unix_nano
        outline = (span.span_id, span.parent_span_id, span.name, start, end)
        if outline in seen:
            number = _place(distinct, span)
            if number is not None:
                faults.append(Fault("duplicate", (number,)))
                continue
        seen.add(outline)
        distinct.append(span)
    return distinct, faults


def _place(distinct: Sequence[Span], span: Span) -> int | None:
    """Where an equal span is among those that began last; None where there is none."""
    number = len(distinct) - 1
    while number >= 0 and distinct[number].start_unix_nano == span.start_unix_nano:
        if distinct[number] == span:
            return number
        number -= 1
    return None


def _domains(spans: Sequence[Span]) -> list[Domain]:
    """The domain of each span; one object a domain. Spans mostly share the resources they have."""
    known: dict[Domain, Domain] = {}
    by_resource: dict[tuple[int, str], Domain] = {}
    domains = []
    for span in spans:
        key = (id(span.resource), span.service)
        domain = by_resource.get(key)
        if domain is None:
            found = domain_of(span)
            domain = by_resource[key] = known.setdefault(found, found)
        domains.append(domain)
    return domains


def _shared(
    by_id: dict[str, list[int]], spans: Sequence[Span], faults: list[Fault]
) -> dict[str, tuple[int, int]]:
    """Client and server of each id that they share."""
    pairs = {}
    for span_id, numbers in by_id.items():
        if len(numbers) < 2:
            continue
        kinds = [spans[number].kind for number in numbers]
        if sorted(kinds) == ["CLIENT", "SERVER"]:
            client, server = numbers if kinds[0] == "CLIENT" else reversed(numbers)
            pairs[span_id] = (client, server)
            faults.append(Fault("shared id", (client, server)))
        else:
            faults.append(Fault("id clash", tuple(numbers)))
    return pairs


def _parents(
    spans: Sequence[Span],
    domains: Sequence[Domain],
    by_id: dict[str, list[int]],
    pairs: dict[str, tuple[int, int]],
) -> tuple[list[int], list[str]]:
    """The number of each span's parent, and the id of each that is missing."""
    parents = [NO_PARENT] * len(spans)
    missing = [""] * len(spans)
    for number, span in enumerate(spans):
        pair = pairs.get(span.span_id)
        if pair is not None and pair[1] == number:
            parents[number] = pair[0]
            continue
        wanted = span.parent_span_id
        if not wanted:
            continue
        above = pairs.get(wanted)
        if above is not None:
            client, server = above
            is_clients = domains[number] == domains[client] != domains[server]
            parents[number] = client if is_clients else server
        elif wanted in by_id:
            parents[number] = by_id[wanted][0]
        else:
            missing[number] = wanted
    return parents, missing


def _cut_cycles(parents: list[int], faults: list[Fault]) -> None:
    """Make a root of the earliest span of each circle of parents."""
    settled = [False] * len(parents)
    for begin in range(len(parents)):
        path: list[int] = []
        on_path: dict[int, int] = {}
        here = begin
        while here != NO_PARENT and not settled[here] and here not in on_path:
            on_path[here] = len(path)
            path.append(here)
            here = parents[here]
        if here in on_path:
            circle = path[on_path[here] :]
            first = min(circle)
            parents[first] = NO_PARENT
            kind: FaultKind = "self-parent" if len(circle) == 1 else "cycle"
            faults.append(Fault(kind, (first, *(one for one in circle if one != first))))
        for number in path:
            settled[number] = True
