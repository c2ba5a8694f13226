"""Calls of the functions that only metrics have, on metrics by chance."""

import random
import re
from collections.abc import Iterator

from tests.interop.ottl_reference.generate import Generator
from tests.interop.ottl_reference.tables import SIGNATURES
from tests.interop.ottl_reference.values import Json, key_values

_ONLY_FIRST = ' where metric.name == "m0"'
_BOUNDS = [0.5, 1.0, 2.0, 5.0, 10.0]


def metric_cases(seed: int) -> Iterator[Json]:
    """Cases without end."""
    generator = Generator(seed)
    chance = generator.chance
    functions = [
        (context, signature)
        for context in ("metric", "datapoint")
        for signature in SIGNATURES[f"{context}_editors"]
    ]
    while True:
        context, signature = chance.choice(functions)
        text = generator.call(signature)
        if not _ends(text):
            continue
        where = chance.choice([_ONLY_FIRST, _ONLY_FIRST, ' where metric.unit != "s"', ""])
        if re.match("extract|copy|convert_summary", text):
            where = _ONLY_FIRST
        yield {
            "fn": signature.name,
            "context": context,
            "statements": [text + where],
            "processor": "transform",
            "input": _document(chance),
        }


def _ends(text: str) -> bool:
    """Whether what a call appends has another name than `m0`: else it would be visited, too."""
    if 'attributes["p' in text or ('""' in text and "aggregate" not in text):
        return False
    return not text.startswith("copy_metric") or bool(re.search('"(new|é)"', text))


def _document(chance: random.Random) -> Json:
    found = [
        {
            "name": f"m{at}",
            "description": chance.choice(["", "d"]),
            "unit": chance.choice(["", "s"]),
            **_metric(chance),
        }
        for at in range(chance.choice([1, 1, 2]))
    ]
    scope = {"scope": {"name": "s"}, "metrics": found}
    return {"resourceMetrics": [{"resource": {}, "scopeMetrics": [scope]}]}


def _metric(chance: random.Random) -> Json:
    kind = chance.choice(["gauge", "sum", "histogram", "exponentialHistogram", "summary"])
    make = {"gauge": _number, "sum": _number, "histogram": _histogram, "summary": _summary}
    points = [
        {**_common(chance), **make.get(kind, _exponential)(chance)}
        for _ in range(chance.randrange(5))
    ]
    facts: Json = {"dataPoints": points}
    if kind not in ("gauge", "summary"):
        facts["aggregationTemporality"] = chance.choice([0, 1, 2, 2])
    if kind == "sum":
        facts["isMonotonic"] = chance.random() < 0.5
    return {kind: facts}


def _common(chance: random.Random) -> Json:
    labels = {name: chance.choice("xyz") for name in "ab" if chance.random() < 0.7}
    return {
        "attributes": key_values(labels),
        "startTimeUnixNano": "1000000000",
        "timeUnixNano": chance.choice(["2000000000", "2000000000", "3000000000"]),
        "flags": chance.choice([0, 0, 1]),
    }


def _number(chance: random.Random) -> Json:
    if chance.random() < 0.5:
        return {"asInt": str(chance.choice([1, 2, 5, 7, 12, -3, 1 << 53]))}
    return {"asDouble": chance.choice([1.5, -2.25, 0.1, 1e10])}


def _extent(chance: random.Random) -> Json:
    return chance.choice([{}, {"sum": 12.5}, {"sum": 3.0, "min": 0.25, "max": 20.0}])


def _histogram(chance: random.Random) -> Json:
    size = chance.choice([0, 1, 2, 3, 5])
    counts = [chance.choice([0, 1, 2, 5, 10]) for _ in range(size + 1)]
    if not size and chance.random() < 0.5:
        counts = []
    point = {
        "count": str(sum(counts)),
        "bucketCounts": [str(one) for one in counts],
        "explicitBounds": _BOUNDS[:size],
        **_extent(chance),
    }
    if chance.random() < 0.2:
        point["exemplars"] = [{"asDouble": 1.5, "timeUnixNano": "5"}]
    return point


def _exponential(chance: random.Random) -> Json:
    positive = [chance.choice([0, 1, 3, 8]) for _ in range(chance.choice([0, 1, 3, 5]))]
    negative = [chance.choice([0, 2, 4]) for _ in range(chance.choice([0, 0, 2]))]
    zero = chance.choice([0, 0, 2])
    return {
        "scale": chance.choice([-1, 0, 1, 3]),
        "zeroCount": str(zero),
        "count": str(sum(positive) + sum(negative) + zero),
        "positive": {"offset": chance.choice([-2, 0, 3]), "bucketCounts": _texts(positive)},
        "negative": {"offset": chance.choice([-1, 0, 2]), "bucketCounts": _texts(negative)},
        **_extent(chance),
    }


def _texts(numbers: list[int]) -> list[str]:
    return [str(one) for one in numbers]


def _summary(chance: random.Random) -> Json:
    quantiles = chance.choice([[], [0.5], [0.0, 0.5, 0.99], [1.0, 0.999]])
    return {
        "count": str(chance.choice([0, 3, 10])),
        "sum": chance.choice([0, 12.5]),
        "quantileValues": [
            {"quantile": one, "value": chance.choice([1.5, 2, 100])} for one in quantiles
        ],
    }
