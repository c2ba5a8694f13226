"""The routing connector: which pipelines a record goes to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from otx.model.signal import Signal
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.lift import Evaluate
from otx.ottl.processors.config import ConfigPath, Reader, path_text
from otx.ottl.program import (
    CompiledStatement,
    Condition,
    ErrorMode,
    Failure,
    Outcome,
    compile_condition,
    compile_statement,
    fail,
    words,
)
from otx.ottl.records import ITEMS, Batch, ResourceRecord

CONTEXT_NAMES = ("resource", "span", "metric", "datapoint", "log", "request")
_KEYS = ("default_pipelines", "error_mode", "table")
_ROW_KEYS = ("context", "condition", "statement", "pipelines", "action")
_REQUEST = re.compile(r'^\s*request\[\s*"([^"]*)"\s*\]\s*(==|!=)\s*"([^"]*)"\s*$')
_OF_SIGNAL = {
    Signal.TRACES: ("span",),
    Signal.METRICS: ("metric", "datapoint"),
    Signal.LOGS: ("log",),
    Signal.PROFILES: (),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        name: Where it stands: `table[0]`.
        context: What it looks at.
        text: Its condition or statement.
        holds: Whether it takes a record; None for a `request` row.
        run: What its statement does to a record that it takes.
        request: Header, operator and text of a `request` row.
        pipelines: Where a record goes.
        is_copy: Whether later rows see it too.
    """

    name: str
    context: str
    text: str
    pipelines: tuple[str, ...]
    holds: Condition | None = None
    run: Evaluate | None = None
    request: tuple[str, str, str] | None = None
    is_copy: bool = False


@dataclass(slots=True)
class Routes:
    """Where the records of a batch went.

    Attributes:
        requests: For each pipeline the bytes of one request, in the order of the table.
        indexes: For each pipeline the numbers of its items, counted through the whole batch.
        by_row: For each row how many items it took.
    """

    requests: dict[str, bytes] = field(default_factory=dict)
    indexes: dict[str, list[int]] = field(default_factory=dict)
    by_row: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoutingConnector:
    """A configuration made ready."""

    default_pipelines: tuple[str, ...]
    rows: Sequence[Row]
    error_mode: ErrorMode

    def route(
        self, batch: Batch, outcome: Outcome, metadata: Mapping[str, str] | None = None
    ) -> Routes:
        """Send each item of a batch to its pipelines; the first row that takes it has it.

        Args:
            batch: What to route.
            outcome: Takes the failures.
            metadata: The request's headers, for `request` rows.

        Raises:
            ExecutionStopped: A failure under `propagate`.
        """
        return _Router(self, batch, outcome, metadata or {}).route()


class _Router:
    def __init__(
        self,
        connector: RoutingConnector,
        batch: Batch,
        outcome: Outcome,
        metadata: Mapping[str, str],
    ) -> None:
        self._connector = connector
        self._batch = batch
        self._outcome = outcome
        self._metadata = metadata
        self._items = list(batch.items())
        self._left = dict.fromkeys(range(len(self._items)))
        self._taken: dict[str, list[int]] = {}

    def route(self) -> Routes:
        routes = Routes()
        for row in self._connector.rows:
            took = self._take(row)
            routes.by_row[row.name] = len(took)
            self._send(row.pipelines, took)
            if not row.is_copy:
                for number in took:
                    del self._left[number]
        self._send(self._connector.default_pipelines, list(self._left))
        for resource in self._batch.resources:
            resource.flush()
        for pipeline, numbers in self._taken.items():
            routes.indexes[pipeline] = sorted(set(numbers))
            routes.requests[pipeline] = self._request(set(numbers))
        return routes

    def _send(self, pipelines: Sequence[str], numbers: Sequence[int]) -> None:
        if numbers:
            for pipeline in pipelines:
                self._taken.setdefault(pipeline, []).extend(numbers)

    def _take(self, row: Row) -> list[int]:
        """The numbers of the items, among those left, that a row takes."""
        if row.request is not None:
            return list(self._left) if self._is_request(row.request) else []
        if row.context == "resource":
            left = {id(self._items[at].resource) for at in self._left}
            taken = {
                id(one)
                for one in self._batch.resources
                if id(one) in left and self._holds(row, one)
            }
            return [at for at in self._left if id(self._items[at].resource) in taken]
        if row.context not in _OF_SIGNAL[self._batch.signal]:
            return []
        if row.context == "datapoint":
            return [at for at in self._left if self._holds_for_a_point(row, self._items[at])]
        return [at for at in self._left if self._holds(row, self._items[at])]

    def _holds_for_a_point(self, row: Row, metric: Any) -> bool:
        """Whether a metric goes where one of its points goes; every point is asked."""
        held = [self._holds(row, point) for point in metric.points]
        return any(held)

    def _is_request(self, request: tuple[str, str, str]) -> bool:
        """Whether a header is, or is not, a text; of one that is missing neither is true."""
        name, symbol, text = request
        found = self._metadata.get(name.lower())
        return found is not None and (found == text) is (symbol == "==")

    def _holds(self, row: Row, record: Any) -> bool:
        record.cache = None
        try:
            if row.holds is not None and not row.holds(record):
                return False
            if row.run is not None:
                row.run(record)
        except (ExecutionError, RecursionError) as error:
            fail(Failure(row.text, record, words(error)), self._connector.error_mode, self._outcome)
            return False
        return True

    def _request(self, numbers: set[int]) -> bytes:
        """A request of some items, with the resources and scopes that hold them."""
        made = type(self._batch.message)()
        number = 0
        for resource in self._batch.resources:
            number = self._copy(made, resource, numbers, number)
        return made.SerializeToString()

    def _copy(self, made: Any, resource: ResourceRecord, numbers: set[int], number: int) -> int:
        outer, middle, inner = ITEMS[self._batch.signal]
        group = None
        for scope in resource.scopes:
            kept = [one.item for at, one in enumerate(scope.items, number) if at in numbers]
            number += len(scope.items)
            if not kept:
                continue
            if group is None:
                group = getattr(made, outer).add()
                group.resource.CopyFrom(resource.item)
                group.schema_url = resource.group.schema_url
            part = getattr(group, middle).add()
            part.scope.CopyFrom(scope.item)
            part.schema_url = scope.group.schema_url
            getattr(part, inner).extend(kept)
        return number


def read_routing(
    config: object, gates: frozenset[str] = frozenset(), *, allows_extensions: bool = True
) -> RoutingConnector:
    """A routing connector's configuration, checked and compiled.

    Raises:
        ConfigInvalid: It cannot be used; all problems are named.
    """
    reader = Reader(FunctionSet("routing", gates, allows_extensions))
    known = reader.mapping((), config, _KEYS)
    mode = reader.error_mode((), known, "propagate")
    table = reader.sequence(("table",), known.get("table"))
    if not table:
        reader.complain(("table",), "a table of at least one row is wanted")
    made = [_row(reader, ("table", at), one) for at, one in enumerate(table)]
    pipelines = reader.texts(("default_pipelines",), known.get("default_pipelines"))
    reader.finish()
    rows = [one for one in made if one is not None]
    return RoutingConnector(tuple(text for _, text in pipelines), rows, mode)


def _row(reader: Reader, path: ConfigPath, value: Any) -> Row | None:
    config = reader.mapping(path, value, _ROW_KEYS)
    context = config.get("context", "resource")
    if context not in CONTEXT_NAMES:
        names = ", ".join(CONTEXT_NAMES)
        reader.complain((*path, "context"), f"{context!r} is none of {names}")
        return None
    pipelines = tuple(
        text for _, text in reader.texts((*path, "pipelines"), config.get("pipelines"))
    )
    given = [key for key in ("condition", "statement") if config.get(key)]
    if len(given) != 1 or not isinstance(config[given[0]], str):
        reader.complain(path, "a row has a condition or a statement")
        return None
    action: Literal["move", "copy"] | object = config.get("action", "move")
    if action not in ("move", "copy"):
        reader.complain((*path, "action"), f"{action!r} is none of move, copy")
    return _asked(reader, (*path, given[0]), context, config[given[0]], pipelines, action == "copy")


def _asked(
    reader: Reader,
    path: ConfigPath,
    context: str,
    text: str,
    pipelines: tuple[str, ...],
    is_copy: bool,
) -> Row | None:
    name = path_text(path[:-1])
    if context == "request":
        found = _REQUEST.match(text)
        if found is None:
            reader.complain(path, 'a request row is request["key"] == "text", or !=')
            return None
        key, symbol, wanted = found.groups()
        return Row(name, context, text, pipelines, request=(key, symbol, wanted), is_copy=is_copy)
    if path[-1] == "condition":
        condition = reader.attempt(
            path, lambda: compile_condition(text, CONTEXTS[context], reader.functions)
        )
        if condition is None:
            return None
        return Row(name, context, text, pipelines, holds=condition.holds, is_copy=is_copy)
    statement: CompiledStatement | None = reader.attempt(
        path, lambda: compile_statement(text, CONTEXTS[context], reader.functions)
    )
    if statement is None:
        return None
    return Row(name, context, text, pipelines, statement.condition, statement.run, is_copy=is_copy)
