"""The routing connector: which pipelines a record goes to."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from otx.model.signal import Signal
from otx.ottl.batch import Batch
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
from otx.ottl.records import ITEMS, ResourceRecord

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
        tell: Is told whether a `request` row holds, and of how many items that decides.
    """

    name: str
    context: str
    text: str
    pipelines: tuple[str, ...]
    holds: Condition | None = None
    run: Evaluate | None = None
    request: tuple[str, str, str] | None = None
    is_copy: bool = False
    tell: Callable[[bool, int], None] | None = None

    @property
    def asked(self) -> str:
        """What it asks, as the connector compares rows: a condition is that of a `route()`."""
        is_condition = self.run is None and self.request is None
        return f"route() where {self.text}" if is_condition else self.text


Share: TypeAlias = "Sequence[int] | None"
"""What of an item is meant: the indexes of some data points of a metric; None for all of it."""


@dataclass(slots=True)
class Routes:
    """Where the records of a batch went.

    Attributes:
        requests: For each pipeline the bytes of a request, in the order of the table.
        indexes: For each pipeline the numbers of its items, counted through the whole batch.
        sent: The same in the order of the request, where an item may stand in parts.
        parts: Which data points of each of those were sent.
        by_row: For each row how many items it took; data points where it looks at those.
        by_default: The numbers of the items that no row took, or not all of.
    """

    requests: dict[str, bytes] = field(default_factory=dict)
    indexes: dict[str, list[int]] = field(default_factory=dict)
    sent: dict[str, list[int]] = field(default_factory=dict)
    parts: dict[str, list[Share]] = field(default_factory=dict)
    by_row: dict[str, int] = field(default_factory=dict)
    by_default: list[int] = field(default_factory=list)


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
    """Routes one batch. What a row took is written down at once: a later row may change the rest.

    A pipeline gets the requests of its rows one behind the other, as from the connector.
    """

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
        self._left: dict[int, Share] = dict.fromkeys(range(len(self._items)))
        self._routes = Routes()

    def route(self) -> Routes:
        for row in self._connector.rows:
            took = self._take(row)
            self._routes.by_row[row.name] = self._count(took)
            self._send(row.pipelines, took)
            if not row.is_copy:
                self._remove(row, took)
        self._routes.by_default = sorted(self._left)
        self._send(self._connector.default_pipelines, self._left)
        return self._routes

    def _count(self, took: Mapping[int, Share]) -> int:
        return sum(1 if share is None else len(share) for share in took.values())

    def _send(self, pipelines: Sequence[str], took: Mapping[int, Share]) -> None:
        if not took or not pipelines:
            return
        for resource in self._batch.resources:
            resource.flush()
        body = self._request(took)
        for pipeline in pipelines:
            requests, indexes = self._routes.requests, self._routes.indexes
            requests[pipeline] = requests.get(pipeline, b"") + body
            indexes[pipeline] = sorted({*indexes.get(pipeline, ()), *took})
            self._routes.sent.setdefault(pipeline, []).extend(sorted(took))
            parts = self._routes.parts.setdefault(pipeline, [])
            parts += [took[number] for number in sorted(took)]

    def _remove(self, row: Row, took: Mapping[int, Share]) -> None:
        """Take what a row took out of what is left."""
        for number, share in took.items():
            if share is None:
                del self._left[number]
                continue
            rest = [at for at in self._points(number) if at not in set(share)]
            if rest:
                self._left[number] = rest
            else:
                del self._left[number]
        if row.context == "datapoint" and self._batch.signal is Signal.METRICS:
            # The connector drops a metric that has a kind and no points when it looks at points.
            for number in [at for at in self._left if not self._points(at)]:
                if self._items[number].kind:
                    del self._left[number]

    def _points(self, number: int) -> Sequence[int]:
        """The indexes of those data points of a metric that are left."""
        share = self._left[number]
        return range(len(self._items[number].points)) if share is None else share

    def _take(self, row: Row) -> dict[int, Share]:
        """What a row takes of what is left."""
        if row.request is not None:
            holds = self._is_request(row.request)
            if row.tell is not None:
                row.tell(holds, len(self._left))
            return dict(self._left) if holds else {}
        if row.context == "resource":
            left = {id(self._items[at].resource) for at in self._left}
            taken = {
                id(one)
                for one in self._batch.resources
                if id(one) in left and self._holds(row, one)
            }
            return {
                at: share
                for at, share in self._left.items()
                if id(self._items[at].resource) in taken
            }
        if row.context not in _OF_SIGNAL[self._batch.signal]:
            return {}
        if row.context == "datapoint":
            return self._take_points(row)
        return {at: share for at, share in self._left.items() if self._holds(row, self._items[at])}

    def _take_points(self, row: Row) -> dict[int, Share]:
        """The data points that a row takes; a metric may go to several pipelines in parts."""
        took: dict[int, Share] = {}
        for number in self._left:
            points = self._items[number].points
            held = [at for at in self._points(number) if self._holds(row, points[at])]
            if held:
                took[number] = held
        return took

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

    def _request(self, took: Mapping[int, Share]) -> bytes:
        """A request of what was taken, with the resources and scopes that hold it."""
        made = type(self._batch.message)()
        number = 0
        for resource in self._batch.resources:
            number = self._copy(made, resource, took, number)
        body: bytes = made.SerializeToString()
        return body

    def _copy(
        self, made: Any, resource: ResourceRecord, took: Mapping[int, Share], number: int
    ) -> int:
        outer, middle, inner = ITEMS[self._batch.signal]
        group = None
        for scope in resource.scopes:
            kept = [at for at in range(number, number + len(scope.items)) if at in took]
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
            for at in kept:
                _add(getattr(part, inner), self._items[at], took[at])
        return number


def _add(container: Any, item: Any, share: Share) -> None:
    """Append a copy of an item, or of a metric with some of its data points."""
    container.append(item.item)
    if share is not None:
        points = getattr(container[-1], item.kind).data_points
        for at in sorted(set(range(len(points))) - set(share), reverse=True):
            del points[at]


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
    pipelines = _pipelines(reader, ("default_pipelines",), known.get("default_pipelines"))
    reader.finish()
    rows: dict[tuple[str, str], Row] = {}
    for row in made:
        if row is not None:
            # The connector passes over a row that asks what one before it asks, also of copies.
            rows.setdefault((row.context, row.asked), row)
    return RoutingConnector(pipelines, list(rows.values()), mode)


def _pipelines(reader: Reader, path: ConfigPath, value: object) -> tuple[str, ...]:
    return tuple(text for _, text in reader.texts(path, list(reader.sequence(path, value))))


def _row(reader: Reader, path: ConfigPath, value: Any) -> Row | None:
    config = reader.mapping(path, value, _ROW_KEYS)
    context = config.get("context") or "resource"
    if context not in CONTEXT_NAMES:
        names = ", ".join(CONTEXT_NAMES)
        reader.complain((*path, "context"), f"{context!r} is none of {names}")
        return None
    pipelines = _pipelines(reader, (*path, "pipelines"), config.get("pipelines"))
    if not pipelines:
        reader.complain(path, "a row has pipelines")
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
