"""What truly happened in a request, span by span."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from otx.model.telemetry import AttributeValue, SpanKind
from tests.simulation.execution import Stamp, Thread, happened_before
from tests.simulation.world import Process


@dataclass(eq=False)
class Record:
    """A span as it ran, in true time.

    Attributes:
        parent: In whose context it was made.
        thread: It began in.
        origin: Whether what went wrong first went wrong in it.
        ended: None while it runs; every span ends in the end.
        links: The spans that it links to.
        loop: The number of the loop of equal queries that it belongs to; 0 for none.
        retry: The number of the call that it is an attempt of; 0 for one without a second.
        is_late: Whether it is a server's that was closed behind its answer.
        failed_ns: When its exception was raised, if it was recorded then; 0 for at its end.
    """

    span_id: str
    parent: "Record | None"
    name: str
    kind: SpanKind
    process: Process
    thread: Thread
    start_ns: int
    started: Stamp
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    end_ns: int = 0
    ended: Stamp | None = None
    failed: bool = False
    origin: bool = False
    error_type: str = ""
    links: list["Record"] = field(default_factory=list)
    loop: int = 0
    retry: int = 0
    is_late: bool = False
    failed_ns: int = 0

    @property
    def end_stamp(self) -> Stamp:
        """Of its end, which has come."""
        assert self.ended is not None
        return self.ended

    def ancestors(self) -> Iterator["Record"]:
        """Upward, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


def began_before(one: Record, other: Record) -> bool:
    """Whether the first's start happened before the second's."""
    return happened_before(one.started, other.started)


def ended_before(one: Record, other: Record) -> bool:
    """Whether the first's end happened before the second's start."""
    return happened_before(one.end_stamp, other.started)


def is_above(one: Record, other: Record) -> bool:
    """Whether the second was made in the first's context."""
    return any(above is one for above in other.ancestors())
