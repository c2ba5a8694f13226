"""The keys that loaded records have in their maps: what completion offers inside brackets."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.cursor import PathBefore
from otx.ottl.errors import ExecutionError
from otx.ottl.plan import SIGNAL_OF_CONTEXT
from otx.ottl.repl.loading import LoadedRecord
from otx.ottl.values import Value, is_map

MAX_RECORDS = 500
"""Records that are looked at: keys repeat, and completion may not be slow."""
MAX_KEYS = 1000
_MAX_DEPTH = 5


class SeenKeys:
    """Keys by context and path, each with the number of records that have it."""

    def __init__(self, records: Iterable[LoadedRecord]) -> None:
        self._counts: dict[tuple[str, PathBefore], Counter[str]] = {}
        for number, record in enumerate(records):
            if number == MAX_RECORDS:
                break
            self.add(record)

    def add(self, record: LoadedRecord) -> None:
        """Learn the keys of one more record."""
        batch = Batch(record.signal, record.body)
        for context in CONTEXTS.values():
            if SIGNAL_OF_CONTEXT.get(context.name, record.signal) is record.signal:
                self._learn(context, WALKS[context.name](batch))

    def __call__(self, context: str, path: PathBefore) -> Mapping[str, int]:
        """The keys at a path of a context; none where a key before it is no text."""
        return self._counts.get((context, path), {})

    def _learn(self, context: Context, records: Iterable[Any]) -> None:
        maps = {
            name: accessor
            for name, accessor in context.paths.items()
            if accessor.keys in ("map", "value") and name != "cache"
        }
        for record in records:
            for name, accessor in maps.items():
                self._count(context.name, PathBefore((name,)), _read(accessor, record))

    def _count(self, context: str, path: PathBefore, value: Value) -> None:
        if not is_map(value) or len(path.keys) > _MAX_DEPTH:
            return
        counts = self._counts.setdefault((context, path), Counter())
        for key, inner in value.items():
            if key in counts or len(counts) < MAX_KEYS:
                counts[key] += 1
            self._count(context, PathBefore(path.names, (*path.keys, key)), inner)


def _read(accessor: Accessor, record: Any) -> Value:
    try:
        return accessor.get(record)
    except ExecutionError:
        return None  # a profile whose attributes its dictionary lacks
