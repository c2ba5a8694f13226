"""One test run: its records through the plan, and what came of each."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.program import ExecutionStopped
from otx.ottl.record_state import RecordState, item_of, states_of
from otx.ottl.report import Report
from otx.ottl.shortened import Short
from otx.ottl.unit_tests.reading import TestCase
from otx.ottl.unit_tests.subject import Subject
from otx.ottl.watched import Site


@dataclass(frozen=True, slots=True)
class Survivor:
    """A record that is there after the run.

    Attributes:
        position: Where it was in the input; None for one that was added.
        resource: As it was before the run.
        scope: The same.
        pipeline: The one that it left; "" where there is none.
    """

    state: RecordState
    position: int | None
    resource: Short
    scope: Short
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class RunFailure:
    """A statement or condition that failed.

    Attributes:
        position: The record that it failed on; None where that is a resource or scope.
    """

    site: Site
    position: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a test's records.

    Attributes:
        survivors: The records that are left, in their order.
        dropped: The positions of the others.
        failures: All of them, whatever the error mode made of them.
        routes: For each pipeline the positions of the records that went there.
    """

    survivors: Sequence[Survivor]
    dropped: frozenset[int]
    failures: Sequence[RunFailure]
    routes: Mapping[str, Sequence[int]]

    def copies(self) -> dict[int, list[Survivor]]:
        """The records that several are left of, by position."""
        found: dict[int, list[Survivor]] = {}
        for one in self.survivors:
            if one.position is not None:
                found.setdefault(one.position, []).append(one)
        return {at: several for at, several in found.items() if len(several) > 1}


def run_test(subject: Subject, test: TestCase) -> Ran:
    """Run a test's records through the plan of its file.

    Raises:
        UsageError: The records become such that nobody could read them.
    """
    log = subject.counting.log
    log.clear(test.metadata)
    run = _Run(test.inputs)
    for signal, body in test.records.requests:
        run.through(subject, signal, body)
    kept = {one.position for one in run.survivors}
    return Ran(
        run.survivors,
        frozenset(range(len(test.inputs))) - kept,
        [RunFailure(one.site, run.position(one.record), one.reason) for one in log.failures],
        {
            pipeline: sorted(at for at in map(run.position, items) if at is not None)
            for pipeline, items in log.routed.items()
        },
    )


class _Run:
    def __init__(self, inputs: Sequence[RecordState]) -> None:
        self.survivors: list[Survivor] = []
        self._items: list[Any] = []  # keeps them, so that no id is given to a second one
        self._positions: dict[int, int] = {}
        self._coming = iter(enumerate(inputs))
        self._above: dict[int, Short] = {}

    def position(self, record: Any) -> int | None:
        """The position of the item that a record is or belongs to."""
        return self._positions.get(id(item_of(record)))

    def through(self, subject: Subject, signal: Signal, body: bytes) -> None:
        """Run one request through a plan; under `propagate` a failure ends it."""
        batch = Batch(signal, body)
        for item in batch.items():
            self._note(item)
        report = Report()
        with contextlib.suppress(ExecutionStopped):
            subject.counting.plan.run(batch, report)
        for copy, item in report.copies:
            self._adopt(copy, item)
        left = [(one.pipeline, item) for one in report.exits for item in one.batch.items()]
        try:
            states = states_of(signal, report.close())
        except ValueError as error:
            raise UsageError(f"what comes of a test cannot be read: {error}") from None
        for (pipeline, item), state in zip(left, states, strict=True):
            resource = self._above.get(id(item.resource), {})
            scope = self._above.get(id(item.scope), {})
            position = self.position(item)
            self.survivors.append(Survivor(state, position, resource, scope, pipeline))

    def _adopt(self, copy: Any, item: Any) -> None:
        """Take what a connector made for the record that it was made of."""
        self._items.append(copy)
        position = self.position(item)
        if position is not None:
            self._positions[id(copy)] = position
        for mine, other in ((copy.resource, item.resource), (copy.scope, item.scope)):
            if id(other) in self._above:
                self._above.setdefault(id(mine), self._above[id(other)])

    def _note(self, item: Any) -> None:
        at, state = next(self._coming)
        short = state.short
        self._items.append(item)
        self._positions[id(item)] = at
        self._above.setdefault(id(item.resource), short["resource"])
        self._above.setdefault(id(item.scope), short["scope"])
