"""How many records came, by severity and second."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from otx.model.units import NS_PER_S

SECONDS = 100
ROWS = ("E", "W", "I", "D")
"""Letters by urgency: E is errors and what is fatal, D also traces and records without severity."""


@dataclass(frozen=True, slots=True)
class SeverityRates:
    """Records of the last `SECONDS` seconds before the newest.

    Attributes:
        counts: By letter of `ROWS`, records by second, the newest last.
        with_trace: Records that belong to a trace.
        services: How many services they are of.
    """

    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    with_trace: int = 0
    services: int = 0

    @property
    def total(self) -> int:
        """All records."""
        return sum(map(sum, self.counts.values()))


def severity_rates(
    counted: Iterable[tuple[int, int, int]], end_unix_nano: int, with_trace: int, services: int
) -> SeverityRates:
    """Rates from counts of (second, severity number, records)."""
    last = end_unix_nano // NS_PER_S
    counts = {letter: [0] * SECONDS for letter in ROWS}
    for second, severity_number, records in counted:
        column = SECONDS - 1 - (last - second)
        if 0 <= column < SECONDS:
            counts[row_of(severity_number)][column] += records
    return SeverityRates(counts, with_trace, services)


def row_of(severity_number: int) -> str:
    """The row a severity is counted in (logs data model, SeverityNumber)."""
    if severity_number >= 17:
        return "E"
    return "W" if severity_number >= 13 else "I" if severity_number >= 9 else "D"
