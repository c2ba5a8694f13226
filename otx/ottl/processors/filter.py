"""The filter processor: what a true condition names is dropped, from the top down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import ConfigPath, Problem, Reader, path_text
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.property_block import PropertyRule
from otx.ottl.processors.property_config import PropertyRules, read_properties
from otx.ottl.program import CompiledCondition, ErrorMode, Failure, Outcome, fail, words
from otx.ottl.records import MetricRecord, SpanRecord
from otx.ottl.yaml_places import as_data
from otx.ottl.yaml_quotes import yaml_text

SIGNALS: Mapping[str, tuple[Signal, tuple[str, ...]]] = {
    "trace_conditions": (Signal.TRACES, ("resource", "scope", "span", "spanevent")),
    "metric_conditions": (Signal.METRICS, ("resource", "scope", "metric", "datapoint")),
    "log_conditions": (Signal.LOGS, ("resource", "scope", "log")),
    "profile_conditions": (Signal.PROFILES, ("resource", "scope", "profile")),
}
"""The keys of the newer form."""

LEGACY: Mapping[str, tuple[Signal, Mapping[str, str]]] = {
    "traces": (
        Signal.TRACES,
        {"resource": "resource", "span": "span", "spanevent": "spanevent"},
    ),
    "metrics": (
        Signal.METRICS,
        {"resource": "resource", "metric": "metric", "datapoint": "datapoint"},
    ),
    "logs": (Signal.LOGS, {"resource": "resource", "log_record": "log"}),
    "profiles": (Signal.PROFILES, {"resource": "resource", "profile": "profile"}),
}
"""The keys of the older form, and the contexts that their keys stand for."""

BLOCKS = ("include", "exclude")
"""The keys of the oldest form, which matches by properties and not by OTTL."""

MATCHING: Mapping[str, Sequence[str]] = {
    "spans": BLOCKS,
    "metrics": (*BLOCKS, "regexp"),
    "logs": BLOCKS,
}
"""The keys that have those, and what they may hold for it."""

MATCHED: Mapping[str, Signal] = {
    "spans": Signal.TRACES,
    "metrics": Signal.METRICS,
    "logs": Signal.LOGS,
}
"""The signal of each."""

CONDITIONS_KEY: Mapping[Signal, str] = {signal: key for key, (signal, _) in SIGNALS.items()}
"""The key that a signal's conditions stand under in the newer form."""

_KEYS = ("error_mode", "spans", *SIGNALS, *LEGACY)
_GROUP_KEYS = ("context", "error_mode", "conditions")


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition.

    Attributes:
        name: Where it stands: `log_conditions[0]`.
    """

    name: str
    context: str
    condition: CompiledCondition
    error_mode: ErrorMode


@dataclass(frozen=True, slots=True)
class FilterProcessor:
    """A configuration made ready: its rules by signal, in their order.

    Attributes:
        idle: What of it has no effect.
        deprecated: Where it matches by properties, and the OTTL to write instead.
    """

    rules: Mapping[Signal, Sequence[Rule]]
    idle: Sequence[Problem] = ()
    deprecated: Sequence[Problem] = ()

    @property
    def unread(self) -> list[str]:
        """What of it has no effect, in words."""
        return [str(one) for one in self.idle]

    def run(self, batch: Batch, outcome: Outcome, drops: Drops) -> None:
        """Drop from a batch what a rule names.

        Raises:
            ExecutionStopped: A failure under `propagate`; the batch would be dropped.
        """
        rules = self.rules.get(batch.signal, ())
        if not rules:
            return
        sieve = _Sieve(rules, outcome)
        try:
            sieve.sift(batch)
        finally:
            drops.add(sieve.drops())


class _Sieve:
    def __init__(self, rules: Sequence[Rule], outcome: Outcome) -> None:
        self._of = {
            context: [rule for rule in rules if rule.context == context]
            for context in {rule.context for rule in rules}
        }
        self._outcome = outcome
        self._dropped = dict.fromkeys((rule.name for rule in rules), 0)
        self._kept = dict.fromkeys(self._of, 0)

    def sift(self, batch: Batch) -> None:
        """Drop resources, scopes, items and parts, and what is empty afterwards."""
        item = {
            Signal.TRACES: "span",
            Signal.METRICS: "metric",
            Signal.LOGS: "log",
            Signal.PROFILES: "profile",
        }[batch.signal]
        for resource in batch.resources:
            if self._drops_it(resource, "resource"):
                resource.scopes.clear()
            if self._of.keys() <= {"resource"}:
                continue  # nothing below is looked at, not even whether it is empty
            for scope in resource.scopes:
                if self._drops_it(scope, "scope"):
                    scope.items.clear()
                    continue
                scope.items[:] = [one for one in scope.items if self._keeps(one, item)]
            resource.scopes[:] = [one for one in resource.scopes if one.items]
        batch.resources[:] = [one for one in batch.resources if one.scopes]
        batch.prune()

    def drops(self) -> Drops:
        """What was dropped. A rule let through what was kept, and what a later rule dropped."""
        found = Drops(by_rule=Counter(self._dropped))
        for context, rules in self._of.items():
            kept = self._kept[context]
            for rule in reversed(rules):
                found.kept_by_rule[rule.name] = kept
                kept += self._dropped[rule.name]
        return found

    def _keeps(self, record: Any, context: str) -> bool:
        if self._drops_it(record, context):
            return False
        if isinstance(record, SpanRecord) and "spanevent" in self._of:
            record.events[:] = [
                one for one in record.events if not self._drops_it(one, "spanevent")
            ]
        if isinstance(record, MetricRecord) and "datapoint" in self._of and record.points:
            record.points[:] = [
                one for one in record.points if not self._drops_it(one, "datapoint")
            ]
            return bool(record.points)
        return True

    def _drops_it(self, record: Any, context: str) -> bool:
        rules = self._of.get(context)
        if rules is None:
            return False
        for rule in rules:
            try:
                if rule.condition.holds(record):
                    self._dropped[rule.name] += 1
                    return True
            except (ExecutionError, RecursionError) as error:
                failure = Failure(rule.condition.text, record, words(error))
                fail(failure, rule.error_mode, self._outcome)
        self._kept[context] += 1
        return False


def read_filter(
    config: object, gates: frozenset[str] = frozenset(), *, allows_extensions: bool = True
) -> FilterProcessor:
    """A filter processor's configuration, checked and compiled.

    Raises:
        ConfigInvalid: It cannot be used; all problems are named.
    """
    reader = Reader(FunctionSet("filter", gates, allows_extensions))
    known = reader.mapping((), config, _KEYS)
    mode = reader.error_mode((), known, "ignore")
    newer = [key for key in SIGNALS if known.get(key)]
    older = [key for key in LEGACY if known.get(key)]
    _refuse_both(reader, newer, [key for key in older if _has_conditions(known[key], key)])
    rules: dict[Signal, list[Rule]] = {}
    for key in newer:
        signal, allowed = SIGNALS[key]
        rules[signal] = _newer_rules(reader, (key,), known[key], mode, allowed)
    for key in older:
        signal, contexts = LEGACY[key]
        rules.setdefault(signal, []).extend(
            _older_rules(reader, (key,), known[key], mode, contexts)
        )
    _refuse_matching(reader, known)
    idle: list[Problem] = []
    deprecated: list[Problem] = []
    for key, signal in MATCHED.items():
        made = _matching_rules(reader, key, known)
        idle += made.idle
        if made.rules:
            rules[signal] = [_rule_of_properties(one, mode) for one in made.rules]
            deprecated += [_deprecated(signal, one) for one in made.rules]
    reader.finish()
    return FilterProcessor(rules, idle, deprecated)


def _matching_rules(reader: Reader, key: str, known: Mapping[str, Any]) -> PropertyRules:
    """The rules of the oldest form; beside `trace_conditions` the Collector reads no `spans`."""
    config = as_data(known.get(key))
    if key not in LEGACY:
        config = reader.mapping((key,), config, MATCHING[key])
    if not isinstance(config, Mapping):
        return PropertyRules()
    if key == "spans" and known.get("trace_conditions"):
        read_properties(reader, key, config, is_used=False)
        said = "it is not read beside trace_conditions, and drops nothing"
        return PropertyRules(
            (), [Problem((key, word), said, is_key=True) for word in _words_of(known, key)]
        )
    return read_properties(reader, key, config)


def _words_of(known: Mapping[str, Any], key: str) -> list[str]:
    """Which of `include` and `exclude` a signal has."""
    config = as_data(known.get(key))
    if not isinstance(config, Mapping):
        return []
    return [word for word in BLOCKS if as_data(config.get(word)) is not None]


def _rule_of_properties(made: PropertyRule, mode: ErrorMode) -> Rule:
    return Rule(path_text(made.path), made.context, made.condition, mode)


def _deprecated(signal: Signal, made: PropertyRule) -> Problem:
    drops = "does not match" if made.condition.is_negated else "matches"
    said = f"this form is deprecated; it drops what {drops}"
    hint = "otx ottl explain -f FILE prints the OTTL to write instead"
    if made.condition.ottl == made.condition.text:
        hint = f"in OTTL: {CONDITIONS_KEY[signal]}: [{yaml_text(made.condition.ottl)}]"
    return Problem(made.path, said, hint, is_key=True)


def _refuse_both(reader: Reader, newer: Sequence[str], older: Sequence[str]) -> None:
    """Complain of a signal whose conditions stand in both forms."""
    for key in newer:
        for other in older:
            if SIGNALS[key][0] is LEGACY[other][0]:
                text = f"{key} and {other} cannot stand in one configuration"
                reader.complain((key,), text)


def _refuse_matching(reader: Reader, known: Mapping[str, Any]) -> None:
    """Complain of a signal that is filtered by properties and by conditions."""
    for key, signal in MATCHED.items():
        conditions, older = CONDITIONS_KEY[signal], str(signal)
        has_older = _has_conditions(known.get(older), older)
        # The Collector has no rule against the newer form beside `spans`.
        if not has_older and (key == "spans" or not known.get(conditions)):
            continue
        other = conditions if known.get(conditions) else older
        for word in _words_of(known, key):
            said = f"{key}.{word} and {other}'s conditions exclude each other"
            reader.complain((key, word), said)


def _has_conditions(config: object, key: str) -> bool:
    """Whether a signal has conditions in the older form."""
    keys = LEGACY[key][1]
    return isinstance(config, Mapping) and any(config.get(one) is not None for one in keys)


def _newer_rules(
    reader: Reader, path: ConfigPath, value: object, mode: ErrorMode, allowed: Sequence[str]
) -> list[Rule]:
    items = reader.sequence(path, value)
    if any(isinstance(one, str) for one in items):
        if not all(isinstance(one, str) for one in items):
            reader.complain(path, "conditions and groups cannot stand in one list")
            return []
        return _rules(reader, reader.texts(path, value), mode, allowed)
    return [
        rule
        for at, one in enumerate(items)
        for rule in _rules_of_group(reader, (*path, at), one, mode, allowed)
    ]


def _rules_of_group(
    reader: Reader, path: ConfigPath, value: Any, mode: ErrorMode, allowed: Sequence[str]
) -> list[Rule]:
    config = reader.mapping(path, value, _GROUP_KEYS)
    context = None
    if config.get("context"):
        context = reader.context((*path, "context"), config["context"], allowed)
        if context is None:
            return []
    conditions = reader.texts((*path, "conditions"), config.get("conditions"))
    own_mode = reader.error_mode(path, config, mode)
    return _rules(reader, conditions, own_mode, allowed, context)


def _older_rules(
    reader: Reader,
    path: ConfigPath,
    value: object,
    mode: ErrorMode,
    contexts: Mapping[str, str],
) -> list[Rule]:
    config = reader.mapping(path, value, (*contexts, *MATCHING.get(str(path[0]), ())))
    made: list[Rule] = []
    for key, name in contexts.items():
        if key in config:
            texts = reader.texts((*path, key), config[key])
            context = reader.context((*path, key), name, tuple(contexts.values()))
            made += _rules(reader, texts, mode, (), context)
    return made


def _rules(
    reader: Reader,
    conditions: Sequence[tuple[ConfigPath, str]],
    mode: ErrorMode,
    allowed: Sequence[str],
    context: Context | None = None,
) -> list[Rule]:
    """A rule of each condition; where no context is given, each one's is inferred by itself."""
    made = [
        (place, reader.group(place, (), [(place, text)], mode, allowed, context))
        for place, text in conditions
    ]
    return [
        Rule(path_text(place), group.context.name, condition, mode)
        for place, group in made
        if group is not None
        for condition in group.conditions
    ]
