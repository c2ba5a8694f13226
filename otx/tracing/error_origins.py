"""Where a failure began that came from no failed child, as far as is recorded."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import peer_of
from otx.tracing.error_below import ABSORBED, MADE_UP_FOR, FailuresBelow
from otx.tracing.error_gaps import Gaps
from otx.tracing.error_rules import (
    ALONE,
    ANSWER,
    BARE,
    BETWEEN,
    GAVE_UP,
    INCOMPLETE,
    LOST,
    MAYBE_INCOMPLETE,
    ORIGIN,
    ORIGIN_ABOVE,
    PEER,
    UNCLEAR,
    UNORDERED,
    UNSEEN,
)
from otx.tracing.error_statements import ErrorHop, ErrorRole, ErrorStatements
from otx.tracing.error_times import ended_after
from otx.tracing.failures import Failure
from otx.tracing.finding import FindingRule
from otx.tracing.timing import Timing


class ErrorOrigins:
    """Tells in which span, in which call, or behind which gap failures began."""

    def __init__(
        self,
        timing: Timing,
        failed: Mapping[int, Failure],
        below: FailuresBelow,
        services: Collection[str],
    ) -> None:
        self._timing = timing
        self._trace = timing.trace
        self._failed = failed
        self._below = below
        self._gaps = Gaps(timing)
        self._services = {span.service for span in self._trace.spans}.union(services) - {""}
        self._statements = ErrorStatements(timing, failed)

    def origin(self, number: int) -> ErrorHop:
        """What is said of a failed span that no failed child explains."""
        if self._trace.spans[number].kind != "CLIENT":
            return self._at_work(number)
        children = self._trace.children[number]
        servers = [child for child in children if self._below.is_server_of(child, number)]
        return self._at_client(number, servers) if servers else self._at_call(number)

    def _at_work(self, number: int) -> ErrorHop:
        """A span that calls nobody itself."""
        gap = self._gaps.below(number)
        if gap is not None:
            rule = INCOMPLETE if gap.is_shown else MAYBE_INCOMPLETE
            return self._statements.hop(number, "unknown", rule, missing=gap.span_id)
        ways = self._below.ways(number)
        if ways:
            return self._above_others(number, ways)
        if not self._failed[number].says_why:
            return self._statements.hop(number, "unknown", BARE)
        return self._statements.hop(number, "originated", ORIGIN)

    def _above_others(self, number: int, ways: Sequence[str]) -> ErrorHop:
        """A span below which others failed, but not so that its own failure came from them."""
        failure = self._failed[number]
        if failure.has_own_type or (failure.says_why and ABSORBED not in ways):
            told = " or ".join(MADE_UP_FOR if way == ABSORBED else way for way in ways)
            return self._statements.hop(number, "originated", ORIGIN_ABOVE, ways=told)
        return self._statements.hop(number, "unknown", UNCLEAR, ways=" or ".join(ways))

    def _at_call(self, number: int) -> ErrorHop:
        """A client that has no server."""
        span = self._trace.spans[number]
        peer = peer_of(span)
        if self._failed[number].is_own_timeout:
            return self._gave_up(number, "originated", peer or "the other side")
        if peer in self._answering or re.split(r"[.:]", peer)[0] in self._services:
            return self._statements.hop(number, "unknown", UNSEEN, peer=peer)
        # Databases and brokers make no spans: what is known of them is what their clients say.
        is_known = any(key.startswith(("db.", "messaging.")) for key in span.attributes)
        role: ErrorRole = "originated" if is_known else "unknown"
        if peer:
            return self._statements.hop(number, role, PEER, peer=peer)
        return self._statements.hop(number, role, ORIGIN if is_known else ALONE)

    @cached_property
    def _answering(self) -> Collection[str]:
        """The peers that left a span for some call of this trace."""
        spans, parents = self._trace.spans, self._trace.parents
        clients = (parents[n] for n, span in enumerate(spans) if span.kind == "SERVER")
        return {peer_of(spans[one]) for one in clients if one != NO_PARENT} - {""}

    def _at_client(self, number: int, servers: Sequence[int]) -> ErrorHop:
        """A client with servers that did not fail, or failed too late."""
        failure, times = self._failed[number], self._below.times
        answered = [one for one in servers if times.gave_answer(one, number)]
        last = max(answered or servers, key=lambda one: (self._timing.ends[one], one))
        later = ended_after(self._timing, last, number)
        if answered:
            return self._of_server(number, "originated", ANSWER, last)
        if failure.has_answer:
            return self._of_server(number, "masked" if later else "originated", BETWEEN, last)
        is_cut = later is None or times.is_cancelled(last)
        if (later and failure.says_why) or (is_cut and failure.is_own_timeout):
            return self._gave_up(number, "masked", self._statements.name(last), last)
        if later is not False:
            return self._of_server(number, "unknown", UNORDERED, last)
        return self._of_server(number, "originated", LOST, last)

    def _of_server(self, number: int, role: ErrorRole, rule: FindingRule, server: int) -> ErrorHop:
        name = self._statements.name(server)
        return self._statements.hop(number, role, rule, spans=(server,), server=name)

    def _gave_up(self, number: int, role: ErrorRole, server: str, *spans: int) -> ErrorHop:
        waited_ns = self._statements.length_ns(number)
        return self._statements.hop(
            number, role, GAVE_UP, spans=spans, server=server, client_ns=waited_ns
        )
