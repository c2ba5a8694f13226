"""Configurations of the filter processor's `include` and `exclude` by chance, and records for them.

Texts, keys and values of both are drawn from the same small pools, so that most properties match
something and most blocks drop something; about one configuration in four is not valid.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.interop.ottl_reference.values import Json, key_values

_TEXTS = ["shop", "cart", "GET /cart", "GET /health", "5", "1.5", "true", "", "<nil-service-name>"]
_PATTERNS = [
    *("^GET", "cart$", ".*", "", "^$", "s.op", "nil", r"^\d", "(?i)shop", "SERVER|CLIENT"),
    *(r"\bhealth\b", "[a-c]+", "^(true|5|1\\.5)$", "é", "Wzxc", "1e"),
]
_BROKEN = ["(", "[", "(?<x>a", "(?=a)", "\\8"]
_KEYS = ["a", "b", "service.name", "c.d", "none"]
_VALUES: list[Any] = [
    *("shop", "cart", "GET /cart", "5", "1.5", "true", ""),
    *(5, -1, 0, 1 << 40, 1.5, 5.0, -0.0, 1e21, 1e-7, True, False),
    *([], [1, "a"], ["a", None], {"k": 1}, {"k": 1.0, "l": [True]}, {}),
]
_STORED = [*_VALUES, None, b"\x01", b"shop", [1.0, "a"], {"l": [True], "k": 1.0}, "é", 0.0]
_KINDS = [f"SPAN_KIND_{one}" for one in ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")]
_SEVERITIES = ["info", "INFO2", "Warn", "9", "24", "TRACE", "FATAL4", "", "fatal"]
_ODD: Sequence[tuple[str, Any]] = (
    *(("services", 5), ("bodies", [5]), ("metric_names", None), ("attributes", {"key": "a"})),
    *(
        ("match_type", None),
        ("match_type", "glob"),
        ("match_type", "expr"),
        ("match_type", 5),
        ("match_type", ""),
    ),
    *(("log_bodies", ["a"]), ("log_bodies", []), ("metric_names", ["a"]), ("severity_number", {})),
    *(("severity_number", {"min": 9}), ("severity_number", {"min": "0"}), ("resources", [])),
    *(("severity_number", {"min": "09"}), ("severity_number", {"most": "INFO"})),
    *(("attributes", [{"key": ""}]), ("record_attributes", [{"value": 1}]), ("spam", 1)),
    *(("resource_attributes", [{"key": "a", "vlaue": 1}]), ("libraries", [{}])),
    *(("libraries", [{"version": "1"}]), ("services", "shop,cart"), ("span_names", "")),
    *(("span_kinds", ["SERVER"]), ("span_kinds", ["SPAN_KIND_UNSPECIFIED"]), ("services", [])),
    *(("regexp", {"cacheenabled": True, "cachemaxnumentries": -1}), ("regexp", {"cache": 1})),
    *(("regexp", {"cacheenabled": "yes"}), ("log_severity_number", {}), ("expressions", ["("])),
    ("regexp", {"cacheenabled": True, "cachemaxnumentries": 2}),
)


def property_cases(seed: int, *, is_plain: bool = False) -> Iterator[Json]:
    """Configurations that match by properties, without end.

    Args:
        seed: Where chance begins.
        is_plain: Whether all values of records are texts, and no scope is empty.
    """
    chance = random.Random(seed)
    while True:
        signal = chance.choice(["spans", "metrics", "logs"])
        config: Json = {signal: _blocks(chance, signal)}
        if chance.random() < 0.1:
            config |= chance.choice(_BESIDE)
        if chance.random() < 0.2:
            config["error_mode"] = chance.choice(["ignore", "silent", "propagate"])
        yield {
            "fn": f"properties {signal}",
            "context": "config",
            "config": {"filter": config},
            "input": _document(chance, signal, is_plain),
        }


_BESIDE: Sequence[Json] = (
    {"trace_conditions": ['span.name == "cart"']},
    {"log_conditions": ["log.body == nil"]},
    {"metric_conditions": ['metric.name == "cart"']},
    {"traces": {"span": ['name == "cart"']}},
)


def _blocks(chance: random.Random, signal: str) -> Json:
    words = chance.choice([["include"], ["exclude"], ["include", "exclude"]])
    made: Json = {word: _block(chance, _BLOCKS[signal]) for word in words}
    if chance.random() < 0.03:
        made[chance.choice(words)] = chance.choice([None, {}, [], "strict"])
    if chance.random() < 0.04:
        made |= chance.choice(_WITHIN)
    return made


_WITHIN: Sequence[Json] = (
    {"metric": ['name == "cart"']},
    {"log_record": ["body == nil"]},
    {"resource": ['attributes["a"] == "shop"']},
    {"datapoint": None},
    {"regexp": {"cacheenabled": True, "cachemaxnumentries": -1}},
    {"regexp": {"cache": 1}},
)


def _block(chance: random.Random, makers: "dict[str, _Make]") -> Json:
    is_pattern = chance.random() < 0.5
    block: Json = {"match_type": "regexp" if is_pattern else "strict"}
    most = chance.choice([1, 1, 1, 2, 2, 3])
    for key in chance.sample(list(makers), min(most, len(makers))):
        block[key] = makers[key](chance, is_pattern)
    if chance.random() < 0.15:
        key, value = chance.choice(_ODD)
        block[key] = value
    return block


_Make = Callable[[random.Random, bool], Any]


def _text(chance: random.Random, is_pattern: bool) -> str:
    if is_pattern and chance.random() < 0.03:
        return chance.choice(_BROKEN)
    return chance.choice(_PATTERNS if is_pattern else _TEXTS)


def _texts(chance: random.Random, is_pattern: bool) -> list[str]:
    return [_text(chance, is_pattern) for _ in range(chance.choice([1, 1, 2, 3]))]


def _attributes(chance: random.Random, is_pattern: bool) -> list[Json]:
    found = []
    for _ in range(chance.choice([1, 1, 1, 2])):
        entry: Json = {"key": chance.choice(_KEYS)}
        if chance.random() < 0.8:
            is_text = is_pattern and chance.random() < 0.95
            entry["value"] = _text(chance, True) if is_text else chance.choice(_VALUES)
        found.append(entry)
    return found


def _kinds(chance: random.Random, is_pattern: bool) -> list[str]:
    pool = [*_PATTERNS, "^$", "UNSPECIFIED"] if is_pattern else _KINDS
    return chance.sample(pool, chance.choice([1, 2, 3]))


def _libraries(chance: random.Random, is_pattern: bool) -> list[Json]:
    found = []
    for _ in range(chance.choice([1, 1, 1, 2])):
        entry: Json = {"name": _text(chance, is_pattern)}
        if chance.random() < 0.5:
            entry["version"] = chance.choice(["1", "", "2", None])
        found.append(entry)
    return found


def _severity(chance: random.Random, _: bool) -> Json:
    found: Json = {}
    if chance.random() < 0.8:
        found["min"] = chance.choice([*_SEVERITIES, "loud"])
    if chance.random() < 0.6:
        found["match_undefined"] = chance.random() < 0.5
    return found


_BLOCKS: dict[str, dict[str, _Make]] = {
    "spans": {
        "services": _texts,
        "span_names": _texts,
        "span_kinds": _kinds,
        "attributes": _attributes,
        "resources": _attributes,
        "libraries": _libraries,
    },
    "metrics": {"metric_names": _texts, "resource_attributes": _attributes},
    "logs": {
        "bodies": _texts,
        "severity_texts": _texts,
        "severity_number": _severity,
        "resource_attributes": _attributes,
        "record_attributes": _attributes,
    },
}


def _document(chance: random.Random, signal: str, is_plain: bool) -> Json:
    name, scopes, items = _SHAPES[signal]
    least, pool = (1, [*_TEXTS, "é"]) if is_plain else (0, _STORED)

    def scope() -> Json:
        named = {"name": chance.choice(_TEXTS), "version": chance.choice(["", "1", "2"])}
        made = [_ITEMS[signal](chance, pool) for _ in range(chance.randrange(least, 5))]
        return {"scope": named, items: made}

    def resource() -> Json:
        made = [scope() for _ in range(chance.randrange(least, 3))]
        return {"resource": _stored(chance, pool), scopes: made}

    return {name: [resource() for _ in range(chance.randrange(1, 4))]}


_SHAPES = {
    "spans": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
}


def _stored(chance: random.Random, pool: Sequence[Any]) -> Json:
    """Attributes, of which some keys stand there twice."""
    keys = chance.sample(_KEYS[:-1], chance.randrange(5))
    if keys and chance.random() < 0.1:
        keys.append(keys[0])
    return {
        "attributes": [entry for key in keys for entry in key_values({key: chance.choice(pool)})]
    }


def _span(chance: random.Random, pool: Sequence[Any]) -> Json:
    return {"name": chance.choice(_TEXTS), "kind": chance.randrange(7), **_stored(chance, pool)}


def _metric(chance: random.Random, _: Sequence[Any]) -> Json:
    return {"name": chance.choice(_TEXTS), "gauge": {"dataPoints": [{"asInt": "1"}]}}


def _record(chance: random.Random, pool: Sequence[Any]) -> Json:
    (body,) = key_values({"body": chance.choice(pool)})
    return {
        "body": body["value"],
        "severityNumber": chance.choice([0, 1, 8, 9, 10, 13, 17, 24]),
        "severityText": chance.choice(["", "INFO", "shop", "true"]),
        **_stored(chance, pool),
    }


_ITEMS: dict[str, Callable[[random.Random, Sequence[Any]], Json]] = {
    "spans": _span,
    "metrics": _metric,
    "logs": _record,
}
