"""The transform processor: groups of statements a signal, run one after the other."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from otx.model.signal import Signal
from otx.ottl.batch import WALKS, Batch
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import FLATTEN_LOGS
from otx.ottl.processors.config import ConfigPath, Group, Reader
from otx.ottl.program import ErrorMode, Outcome, run_statements
from otx.ottl.yaml_places import as_data

SIGNALS: Mapping[str, tuple[Signal, tuple[str, ...]]] = {
    "trace_statements": (Signal.TRACES, ("resource", "scope", "span", "spanevent")),
    "metric_statements": (
        Signal.METRICS,
        ("resource", "scope", "metric", "datapoint", "exemplar"),
    ),
    "log_statements": (Signal.LOGS, ("resource", "scope", "log")),
    "profile_statements": (Signal.PROFILES, ("resource", "scope", "profile")),
}
"""The keys of its configuration, and the contexts that each may name."""

_KEYS = ("error_mode", "flatten_data", *SIGNALS)
_GROUP_KEYS = ("context", "error_mode", "conditions", "statements", "shared_cache")


@dataclass(frozen=True, slots=True)
class TransformProcessor:
    """A configuration made ready.

    Attributes:
        groups: By signal, in their order.
        flattens: Whether log records stand alone while it runs.
        unread: What of it is not run, and what that means.
    """

    groups: Mapping[Signal, Sequence[Group]]
    flattens: bool = False
    unread: Sequence[str] = ()

    def run(self, batch: Batch, outcome: Outcome) -> None:
        """Run a signal's groups over a batch.

        Raises:
            ExecutionStopped: A failure under `propagate`; the batch would be dropped.
        """
        with self.laid_out(batch):
            self._run(batch, outcome)

    def laid_out(self, batch: Batch) -> AbstractContextManager[None]:
        """A batch while it is as this processor's statements see it."""
        if not self.flattens or batch.signal is not Signal.LOGS:
            return nullcontext()
        from otx.ottl.processors.flattening import flattened

        return flattened(batch)

    def _run(self, batch: Batch, outcome: Outcome) -> None:
        for group in self.groups.get(batch.signal, ()):
            records = WALKS[group.context.name](batch)
            run_statements(group.statements, records, group.error_mode, outcome, group.conditions)


def read_transform(
    config: object, gates: frozenset[str] = frozenset(), *, allows_extensions: bool = True
) -> TransformProcessor:
    """A transform processor's configuration, checked and compiled.

    Raises:
        ConfigInvalid: It cannot be used; all problems are named.
    """
    reader = Reader(FunctionSet("transform", gates, allows_extensions))
    known = reader.mapping((), config, _KEYS)
    mode = reader.error_mode((), known, "ignore")
    for key in SIGNALS:
        if key in known and known[key] is None:
            reader.complain((key,), "a list is wanted, not nothing")
    groups = {
        signal: _groups(reader, (key,), known.get(key), mode, allowed)
        for key, (signal, allowed) in SIGNALS.items()
    }
    flattens = reader.flag(("flatten_data",), known.get("flatten_data"))
    if flattens and FLATTEN_LOGS not in gates:
        reader.complain(
            ("flatten_data",),
            f"flatten_data needs the feature gate {FLATTEN_LOGS}",
            f"--feature-gates +{FLATTEN_LOGS}",
        )
    reader.finish()
    return TransformProcessor(groups, flattens, _unread(known))


def _unread(known: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}[{at}].shared_cache is not read: each record has a cache of its own"
        for key in SIGNALS
        for at, group in enumerate(known.get(key) or ())
        if isinstance(group, Mapping) and as_data(group.get("shared_cache"))
    ]


def _groups(
    reader: Reader,
    path: ConfigPath,
    value: object,
    mode: ErrorMode,
    allowed: Sequence[str],
) -> list[Group]:
    items = reader.sequence(path, value)
    if any(isinstance(one, str) for one in items):
        if not all(isinstance(one, str) for one in items):
            reader.complain(path, "statements and groups cannot stand in one list")
            return []
        group = reader.group(path, reader.texts(path, value), (), mode, allowed)
        return [group] if group is not None else []
    made = [_group(reader, (*path, at), one, mode, allowed) for at, one in enumerate(items)]
    return [one for one in made if one is not None]


def _group(
    reader: Reader, path: ConfigPath, value: Any, mode: ErrorMode, allowed: Sequence[str]
) -> Group | None:
    config = reader.mapping(path, value, _GROUP_KEYS)
    context = None
    if config.get("context"):
        context = reader.context((*path, "context"), config["context"], allowed)
        if context is None:
            return None
    return reader.group(
        path,
        reader.texts((*path, "statements"), config.get("statements")),
        reader.texts((*path, "conditions"), config.get("conditions")),
        reader.error_mode(path, config, mode),
        allowed,
        context,
    )
