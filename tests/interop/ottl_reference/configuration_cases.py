"""Configurations of the transform and filter processors and the routing connector by chance."""

import random
from collections.abc import Iterator, Sequence

from tests.interop.ottl_reference.tables import CONFIGURATIONS, LOGS, SPANS, metrics
from tests.interop.ottl_reference.values import Json

_CONTEXTS = {
    "log": ["resource", "scope", "log"],
    "trace": ["resource", "scope", "span", "spanevent"],
    "metric": ["resource", "scope", "metric", "datapoint", "exemplar"],
}
_OLDER = {
    "log": ("logs", ["resource", "log_record"]),
    "trace": ("traces", ["resource", "span", "spanevent"]),
    "metric": ("metrics", ["resource", "metric", "datapoint"]),
}
_PREFIXES = ("log.", "span.", "spanevent.", "metric.", "datapoint.")
_EDITORS = ("route", "delete_key", "delete_matching_keys", "set")


def processor_cases(seed: int) -> Iterator[Json]:
    """Configurations of processors, without end."""
    chance = random.Random(seed)
    while True:
        signal = chance.choice(list(_CONTEXTS))
        documents = {"log": LOGS, "trace": SPANS, "metric": metrics(*chance.sample(range(6), 3))}
        name, make = chance.choice(
            [("transform", _transform), ("filter", _filter), ("filter", _older_filter)]
        )
        config = make(chance, signal)
        if chance.random() < 0.5:
            config["error_mode"] = chance.choice(["ignore", "silent", "propagate", "propagate"])
        yield _case(f"{name} {signal}", {name: config}, documents[signal])


def routing_cases(seed: int) -> Iterator[Json]:
    """Configurations of the routing connector, without end."""
    chance = random.Random(seed)
    rich = LOGS["resourceLogs"][0]
    records = [{"body": {"stringValue": "one"}}, {"severityNumber": 17}]
    bare = {"resource": {}, "scopeLogs": [{"logRecords": records}]}
    while True:
        config: Json = {"table": [_row(chance) for _ in range(chance.randrange(1, 4))]}
        if chance.random() < 0.7:
            config["default_pipelines"] = ["logs/other"]
        if chance.random() < 0.5:
            config["error_mode"] = chance.choice(["ignore", "silent", "propagate"])
        resources = chance.choice([[rich], [rich, bare], [bare, rich, rich]])
        yield _case("routing", {"routing": config}, {"resourceLogs": resources})


def _case(group: str, config: Json, document: Json) -> Json:
    return {"fn": group, "context": "config", "config": config, "input": document}


def _some(chance: random.Random, pool: Sequence[str], most: int) -> list[str]:
    return [chance.choice(pool) for _ in range(chance.randrange(1, most + 1))]


def _transform(chance: random.Random, signal: str) -> Json:
    key = f"{signal}_statements"
    statements = CONFIGURATIONS["statements"][signal]
    if chance.random() < 0.4:
        return {key: _some(chance, statements, 3)}
    groups = []
    for _ in range(chance.randrange(1, 3)):
        group: Json = {"statements": _some(chance, statements, 3)}
        if chance.random() < 0.4:
            group["conditions"] = _some(chance, CONFIGURATIONS["conditions"][signal], 2)
        groups.append(_with_options(chance, signal, group))
    return {key: groups}


def _filter(chance: random.Random, signal: str) -> Json:
    key = f"{signal}_conditions"
    conditions = CONFIGURATIONS["conditions"][signal]
    if chance.random() < 0.5:
        return {key: _some(chance, conditions, 3)}
    # One group: under `propagate` the Collector runs later ones even after a failure.
    return {key: [_with_options(chance, signal, {"conditions": _some(chance, conditions, 2)})]}


def _older_filter(chance: random.Random, signal: str) -> Json:
    name, contexts = _OLDER[signal]
    conditions = [_unprefixed(one) for one in CONFIGURATIONS["conditions"][signal]]
    chosen = chance.sample(contexts, chance.randrange(1, len(contexts) + 1))
    return {name: {one: _some(chance, conditions, 2) for one in chosen}}


def _with_options(chance: random.Random, signal: str, group: Json) -> Json:
    if chance.random() < 0.5:
        group["context"] = chance.choice(_CONTEXTS[signal])
    if chance.random() < 0.3:
        group["error_mode"] = chance.choice(["ignore", "propagate", "silent", "nope"])
    return group


def _unprefixed(condition: str) -> str:
    for prefix in _PREFIXES:
        condition = condition.replace(prefix, "")
    return condition


def _row(chance: random.Random) -> Json:
    text = chance.choice(CONFIGURATIONS["routes"])
    key = "statement" if text.partition("(")[0] in _EDITORS else "condition"
    pipelines = chance.choice([["logs/a"], ["logs/b"], ["logs/a", "logs/b"]])
    row: Json = {key: text, "pipelines": pipelines}
    if chance.random() < 0.8:
        row["context"] = chance.choice(["log", "resource", "log", "request"])
    return row
