"""How far the clocks of a store are apart: every pair over time, and all of them together now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal, TypeAlias

from otx.store.reader import Store
from otx.tracing.skew_moments import Moment, Where
from otx.tracing.skew_pairs import ClockPair
from otx.tracing.skew_solve import Constraint, Solution, solve
from otx.tracing.skew_store import calls_of
from otx.tracing.skew_trend import Range, Step, Stretch, Trend, trend

_ODD_SHARE = 0.1
"""If more of the calls than this contradict the others, nothing is said."""

Verdict: TypeAlias = Literal["agree", "ahead", "behind", "stepped", "drifting", "open", "unclear"]
"""Of the server's clock against its client's: `agree`: it may be right. `ahead`, `behind`: it is
not. `stepped`, `drifting`: nor does it stay as wrong. `open`: bounded from one side only, and may
be right. `unclear`: too many calls contradict each other, or the last ones do."""


@dataclass(frozen=True, slots=True, eq=False)
class FleetPair:
    """One clock pair over time.

    Attributes:
        pair: The clocks.
        moments: Their calls.
        trend: Theta over time.
    """

    pair: ClockPair
    moments: Sequence[Moment]
    trend: Trend

    @property
    def calls(self) -> int:
        """How many calls were seen."""
        return sum(one.calls for one in self.moments)

    @property
    def outside_share(self) -> float:
        """The share of server spans that are not within their client's, by raw times."""
        return sum(one.outside for one in self.moments) / self.calls

    @property
    def odd_calls(self) -> int:
        """Calls that contradict the others."""
        odd = sum(one.calls for one in self.trend.odd)
        return odd + sum(stretch.refuted for stretch in self.trend.stretches)

    @property
    def at_unix_nano(self) -> int:
        """When theta is told for: the last call's time, by the client's clock."""
        return self.moments[-1].lower.at

    @property
    def now(self) -> Stretch | None:
        """The stretch that goes on; None where nothing can be said of it.

        That is where too many calls contradict the others, or the last ones do.
        """
        if not self.is_clear:
            return None
        last = self.trend.stretches[-1]
        is_last = last.moments[-1] is self.moments[-1]
        return last if is_last and last.fit.is_settled else None

    @property
    def is_clear(self) -> bool:
        """Whether few enough calls contradict the others."""
        return bool(self.trend.stretches) and self.odd_calls <= _ODD_SHARE * self.calls

    @property
    def steps(self) -> list[Step]:
        """Where theta jumped; none where too many calls contradict each other to tell."""
        return self.trend.steps if self.is_clear else []

    @property
    def theta(self) -> Range:
        """What has to be added to the server's clock, at the last call."""
        return self.now.theta(self.at_unix_nano) if self.now else Range(None, None)

    @property
    def estimate(self) -> float | None:
        """What theta most simply is, within its range; None where that is open."""
        return self.now.estimate(self.at_unix_nano) if self.now else None

    @property
    def drift(self) -> Range:
        """How theta grows, in nanoseconds a nanosecond, in the stretch that goes on."""
        return self.now.drift if self.now else Range(None, None)

    @property
    def verdict(self) -> Verdict:
        """What is the matter, the worst first."""
        theta = self.theta
        if self.now is None:
            return "unclear"
        if self.steps:
            return "stepped"
        if not self.drift.has(0):
            return "drifting"
        if not theta.has(0):
            return "behind" if theta.least is not None and theta.least > 0 else "ahead"
        return "agree" if theta.middle is not None else "open"

    @property
    def by(self) -> list[Where]:
        """The server's spans that theta is known by: from below, then from above."""
        if self.now is None:
            return []
        lower = max(self.now.moments, key=lambda one: (one.lower.ns, one.lower.at))
        by = [lower.lower_by]
        # Only of the tightest of each moment is known who says it.
        told = [
            (uppers[0], moment.upper_by)
            for moment, uppers in zip(self.now.moments, self.now.fit.uppers, strict=True)
            if uppers and moment.upper_by and uppers[0] == moment.uppers[0]
        ]
        return by + [by for _, by in sorted(told, key=lambda one: one[0].ns)[:1]]


@dataclass(frozen=True, slots=True, eq=False)
class FleetSkew:
    """What a store tells of its clocks.

    Attributes:
        pairs: Worst first.
        solution: All clocks together, as they are now.
        services: The services on each clock.
    """

    pairs: Sequence[FleetPair]
    solution: Solution
    services: Mapping[str, Sequence[str]]


def fleet_skew(
    store: Store, since_unix_nano: int, window_ns: int, *, only_hosts: bool = False
) -> FleetSkew:
    """How far the clocks of what a store received since a time are apart (see `calls_of`)."""
    found = calls_of(store, since_unix_nano, window_ns, only_hosts=only_hosts)
    pairs = [FleetPair(pair, moments, trend(moments)) for pair, moments in found.moments.items()]
    calls: dict[str, int] = {}
    for one in pairs:
        calls[one.pair.client] = calls.get(one.pair.client, 0) + one.calls
        calls.setdefault(one.pair.server, 0)
    references = sorted(calls, key=lambda clock: (-calls[clock], clock))
    solution = solve(list(_constraints(pairs)), references)
    return FleetSkew(sorted(pairs, key=_badness), solution, found.services)


def _constraints(pairs: Sequence[FleetPair]) -> Iterator[Constraint]:
    for one in pairs:
        client, server = one.pair
        least, most = one.theta
        if least is not None:
            yield Constraint(server, client, -floor(least), True, one.pair)
        if most is not None:
            yield Constraint(client, server, ceil(most), False, one.pair)


def _badness(one: FleetPair) -> tuple[bool, float, float, ClockPair]:
    """Refuted clocks first, by how much at least; then by how far the truth may be."""
    theta = one.theta
    apart = max(theta.least or 0, -(theta.most or 0), 0)
    middle = theta.middle
    width = float("inf") if middle is None else (theta.most or 0) - (theta.least or 0)
    return (apart == 0 and one.verdict in ("agree", "open"), -apart, -width, one.pair)
