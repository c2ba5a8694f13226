"""What the calls of a clock pair say, from moment to moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from otx.tracing.skew_lines import Point


class Where(NamedTuple):
    """The server's span that a bound is known by."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The calls of one clock pair in a short time.

    Attributes:
        begin_unix_nano: The begin of that time, by the client's clock.
        calls: How many there are.
        closed: How many of them bound theta from above.
        outside: How many servers lie outside their client's time.
        lower: What they say most from below, and when.
        uppers: What they say from above, tightest first; the first few.
        lower_by: Who says most from below.
        upper_by: Who says most from above; None where nobody does.
    """

    begin_unix_nano: int
    calls: int
    closed: int
    outside: int
    lower: Point
    uppers: Sequence[Point]
    lower_by: Where
    upper_by: Where | None = None
