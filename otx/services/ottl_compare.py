"""A plan run over telemetry for people: what it changed, record by record."""

from collections.abc import Iterator

from otx.environment import Environment
from otx.model.units import counted, format_count
from otx.otlp.decode import Request
from otx.otlp.files import understand
from otx.ottl.changes import changes, item_states
from otx.ottl.describe import Numbers
from otx.ottl.errors import ExecutionError
from otx.ottl.plan import Plan, Report
from otx.ottl.program import ExecutionStopped
from otx.ottl.records import Batch
from otx.ottl.rendering import Painter, diff_lines
from otx.output import Output, Remarks
from otx.services.ottl_input import Pieces
from otx.services.ottl_work import FailureText, Tally, failure_text, tally_of, unwritable

_TABLE = ["item", "record", "changes", "paths"]


class Comparison:
    """What a plan changed, record by record.

    Attributes:
        tally: What was counted.
        stopped: The failure under `propagate` that ended it.
    """

    def __init__(self, environment: Environment, plan: Plan) -> None:
        self._environment = environment
        self._plan = plan
        self.tally = Tally()
        self.stopped: FailureText | None = None

    def diff(self, pieces: Pieces, output: Output) -> None:
        """The records that changed, with what changed in them."""
        changed = 0
        with output.stream() as stream:
            painter = Painter(wants_colour=self._environment.wants_colour(stream))
            for request, after, origins in self._run(pieces):
                if after == request.body:
                    continue
                old = item_states(request.signal, request.body)
                new = item_states(request.signal, after)
                for line in diff_lines(old, new, origins, painter):
                    changed += not line.removeprefix("\x1b[1m").startswith(" ")
                    stream.write(line + "\n")
        Remarks(self._environment).note(
            f"{counted(changed, 'record')} of {format_count(self.tally.items)} changed"
        )

    def table(self, pieces: Pieces, output: Output) -> None:
        """A row a record: how much of it changed, and which paths."""
        rows = []
        for request, after, origins in self._run(pieces):
            old = item_states(request.signal, request.body)
            for origin, state in zip(origins, item_states(request.signal, after), strict=True):
                found = changes(old[origin].item, state.item) if origin >= 0 else []
                paths = ", ".join(f"{one.sign}{one.path}" for one in found)
                item = origin + 1 if origin >= 0 else None
                rows.append(
                    {"item": item, "record": state.title, "changes": len(found), "paths": paths}
                )
        output.rows(_TABLE, rows, "table")

    def _run(self, pieces: Pieces) -> Iterator[tuple[Request, bytes, list[int]]]:
        """Each request, its bytes afterwards, and for each item left its number before."""
        for piece in pieces:
            request = understand(piece)
            batch = Batch(request.signal, request.body)
            numbers = Numbers(batch)
            report = Report()
            try:
                self._plan.run(batch, report)
            except ExecutionStopped as error:
                self.stopped = failure_text(error.failure, numbers, piece.place)
            self.tally.add(tally_of(report, numbers, piece.place))
            origins = [numbers.of(one) - 1 for one in batch.items()]
            try:
                after = batch.close()
            except ExecutionError as error:
                raise unwritable(piece, error) from None
            yield request, after, origins
            if self.stopped is not None:
                return
