"""The OTTL policy of the tail sampling processor: which traces are kept."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import ConfigPath, Reader
from otx.ottl.processors.drops import Drops
from otx.ottl.program import CompiledCondition, ErrorMode, Outcome, any_holds

RULE = "policies"
"""What the drops of all policies are counted under."""
_KEYS = ("error_mode", "span", "spanevent")


@dataclass(frozen=True, slots=True)
class Policy:
    """One `ottl_condition` policy."""

    name: str
    path: ConfigPath
    span: tuple[CompiledCondition, ...]
    spanevent: tuple[CompiledCondition, ...]
    error_mode: ErrorMode


@dataclass(frozen=True, slots=True)
class TailSampling:
    """The OTTL policies of a configuration.

    Attributes:
        policies: Those that can be decided from a trace's spans alone.
        others: Names of policies of other types that keep traces, which are not looked at.
        dropping: Names of `drop` policies, which are not looked at either.
    """

    policies: Sequence[Policy]
    others: Sequence[str]
    dropping: Sequence[str] = ()

    def run(self, batch: Batch, outcome: Outcome, drops: Drops | None = None) -> None:
        """Drop from a batch the traces that no policy keeps, and what is empty afterwards.

        Without an OTTL policy nothing is decided, and all is kept. Policies decide together, and so
        are counted together: spans, and the traces of the request that they belong to.

        Raises:
            ExecutionStopped: A failure under `propagate`.
        """
        if batch.signal is not Signal.TRACES or not self.policies:
            return
        kept = self.sampled(batch, outcome)
        if drops is not None:
            self._count(batch, kept, drops)
        for scope in batch.scopes():
            scope.items[:] = [one for one in scope.items if one.item.trace_id in kept]
        batch.drop_empty()

    @staticmethod
    def _count(batch: Batch, kept: Set[bytes], drops: Drops) -> None:
        ids = Counter(one.item.trace_id for one in batch.items())
        dropped = sum(count for one, count in ids.items() if one not in kept)
        drops.by_rule[RULE] += dropped
        drops.kept_by_rule[RULE] += ids.total() - dropped
        drops.traces_by_rule[RULE] += len(ids.keys() - kept)

    def sampled(self, batch: Batch, outcome: Outcome) -> set[bytes]:
        """The ids of the traces that a policy keeps.

        Raises:
            ExecutionStopped: A failure under `propagate`.
        """
        kept: set[bytes] = set()
        if batch.signal is not Signal.TRACES:
            return kept
        for span in batch.items():
            if span.item.trace_id in kept:
                continue
            if any(self._keeps(policy, span, outcome) for policy in self.policies):
                kept.add(span.item.trace_id)
        return kept

    @staticmethod
    def _keeps(policy: Policy, span: Any, outcome: Outcome) -> bool:
        if any_holds(policy.span, span, policy.error_mode, outcome):
            return True
        return bool(policy.spanevent) and any(
            any_holds(policy.spanevent, event, policy.error_mode, outcome) for event in span.events
        )


def read_tail_sampling(
    config: object, gates: frozenset[str] = frozenset(), *, allows_extensions: bool = True
) -> TailSampling:
    """The OTTL in a tail sampling processor's configuration, checked and compiled.

    Raises:
        ConfigInvalid: It cannot be used; all problems are named.
    """
    reader = Reader(FunctionSet("tail_sampling", gates, allows_extensions))
    policies: list[Policy] = []
    others: list[tuple[str, Any]] = []
    if isinstance(config, Mapping):
        _gather(reader, ("policies",), config.get("policies"), policies, others)
        _check_names(reader, config.get("policies"))
    else:
        reader.complain((), "a map is wanted")
    reader.finish()
    return TailSampling(
        policies,
        [name for name, kind in others if kind != "drop"],
        [name for name, kind in others if kind == "drop"],
    )


def _gather(
    reader: Reader,
    path: ConfigPath,
    value: object,
    policies: list[Policy],
    others: list[tuple[str, Any]],
) -> None:
    """Take the policies that are OTTL, and of others the names and types."""
    for at, one in enumerate(reader.sequence(path, value)):
        if not isinstance(one, Mapping):
            reader.complain((*path, at), "a map is wanted")
            continue
        name = str(one.get("name", ""))
        if one.get("type") == "ottl_condition":
            inner = one.get("ottl_condition")
            policies.append(_policy(reader, (*path, at, "ottl_condition"), name, inner))
            continue
        others.append((name, one.get("type")))
        _check_below(reader, (*path, at), one)


def _check_below(reader: Reader, path: ConfigPath, policy: Mapping[str, Any]) -> None:
    """Check the OTTL of policies that a policy is made of."""
    for key in ("and", "drop", "composite"):
        if isinstance(policy.get(key), Mapping):
            below = f"{key}_sub_policy"
            _gather(reader, (*path, key, below), policy[key].get(below), [], [])
    inner = policy.get("not")
    if isinstance(inner, Mapping) and isinstance(inner.get("not_sub_policy"), Mapping):
        one = inner["not_sub_policy"]
        here = (*path, "not", "not_sub_policy")
        if one.get("type") == "ottl_condition":
            _policy(reader, (*here, "ottl_condition"), "", one.get("ottl_condition"))
        _check_below(reader, here, one)


def _check_names(reader: Reader, policies: object) -> None:
    """Complain of policies whose name is no name: the Collector does not start with them."""
    names: set[str] = set()
    for at, one in enumerate(policies if isinstance(policies, list) else ()):
        if not isinstance(one, Mapping):
            continue
        name = str(one.get("name") or "")
        if not name:
            reader.complain(("policies", at), "a policy has a name")
        elif name in names:
            reader.complain(("policies", at, "name"), f"there is a policy {name!r} before")
        names.add(name)


def _policy(reader: Reader, path: ConfigPath, name: str, value: object) -> Policy:
    config = reader.mapping(path, value, _KEYS)
    if not config.get("span") and not config.get("spanevent"):
        reader.complain(path, "an ottl_condition has conditions for span or spanevent")

    def conditions(key: str) -> tuple[CompiledCondition, ...]:
        texts = reader.texts((*path, key), config.get(key))
        group = reader.group(path, (), texts, "ignore", (), CONTEXTS[key])
        return group.conditions if group is not None else ()

    mode = reader.error_mode(path, config, "ignore")
    return Policy(name, path, conditions("span"), conditions("spanevent"), mode)
