"""One test vector: run it, and compare what came out with what it expects.

The convention: `expect` lists changes of the input by path, and nothing else changes; attribute
lists are unordered; a proto3 default equals an absent field.
"""

import json
import math
from pathlib import Path
from typing import Any

from otx.model.signal import Signal

VECTORS = Path(__file__).parents[1] / "data" / "ottl" / "vectors.json"

_SIGNALS = {
    "resourceSpans": Signal.TRACES,
    "resourceMetrics": Signal.METRICS,
    "resourceLogs": Signal.LOGS,
    "resourceProfiles": Signal.PROFILES,
}
_KEY_VALUE_LISTS = {"attributes", "metadata", "filteredAttributes"}


def load() -> list[dict[str, Any]]:
    """All vectors."""
    cases: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    return cases


def signal_of(document: dict[str, Any]) -> Signal:
    """The signal of an OTLP/JSON document."""
    return _SIGNALS[next(iter(document))]


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """The input with the case's changes made."""
    document: dict[str, Any] = json.loads(json.dumps(case["input"]))
    changes = [one for one in case["expect"] if one["value"] is not None]
    removals = [one for one in case["expect"] if one["value"] is None]
    # Positions are those of the input, so what is behind goes first.
    removals.sort(key=lambda one: [str(step).rjust(6) for step in one["path"]], reverse=True)
    for change in changes + removals:
        _change(document, change["path"], change["value"])
    return document


def _change(document: Any, path: list[Any], value: Any) -> None:
    here = document
    for at, token in enumerate(path[:-1]):
        here = _step(here, token, path[at + 1])
    _set(here, path[-1], value)


def _step(here: Any, token: Any, following: Any) -> Any:
    if isinstance(token, str) and token.startswith("@"):
        for entry in here:
            if entry["key"] == token[1:]:
                return entry.setdefault("value", {})
        here.append({"key": token[1:], "value": {}})
        return here[-1]["value"]
    empty: Any = [] if isinstance(following, int) or str(following).startswith("@") else {}
    if isinstance(token, int):
        if token == len(here):
            here.append(empty)
        return here[token]
    return here.setdefault(token, empty)


def _set(here: Any, token: Any, value: Any) -> None:
    if isinstance(token, str) and token.startswith("@"):
        here[:] = [one for one in here if one["key"] != token[1:]] if value is None else here
        for entry in here:
            if entry["key"] == token[1:]:
                entry["value"] = value
                return
        if value is not None:
            here.append({"key": token[1:], "value": value})
    elif value is None:
        if isinstance(token, int) or token in here:
            del here[token]
    elif isinstance(token, int) and token == len(here):
        here.append(value)
    else:
        here[token] = value


def normal(value: Any, name: str = "") -> Any:
    """A document in a form in which equal means equal."""
    if isinstance(value, dict):
        if name == "value" or "arrayValue" in value or "kvlistValue" in value:
            return _normal_any(value)
        kept = {key: normal(one, key) for key, one in value.items()}
        return {key: one for key, one in kept.items() if not _is_default(one)}
    if isinstance(value, list):
        items = [normal(one) for one in value]
        if name in _KEY_VALUE_LISTS:
            return sorted(items, key=lambda one: str(one.get("key", "")))
        return items
    if isinstance(value, str) and value.lstrip("-").isdigit() and name not in ("key", "name"):
        return int(value)
    return value


def _normal_any(value: dict[str, Any]) -> Any:
    if "arrayValue" in value:
        return {"list": [_normal_any(one) for one in value["arrayValue"].get("values", [])]}
    if "kvlistValue" in value:
        entries = value["kvlistValue"].get("values", [])
        return {"map": {one["key"]: _normal_any(one.get("value", {})) for one in entries}}
    if "intValue" in value:
        return {"intValue": int(value["intValue"])}
    if "doubleValue" in value:
        return {"doubleValue": float(value["doubleValue"])}
    return dict(value)


def _is_default(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip("0") and (not value or len(value) in (16, 32))
    return value is None or value is False or value == 0 or value == [] or value == {}


def differences(left: Any, right: Any, place: str = "") -> list[str]:
    """Where two normal documents differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        return [
            found
            for key in sorted(left.keys() | right.keys(), key=str)
            for found in differences(left.get(key), right.get(key), f"{place}.{key}")
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [
            found
            for at, (one, other) in enumerate(zip(left, right, strict=True))
            for found in differences(one, other, f"{place}[{at}]")
        ]
    numbers = type(left) in (int, float) and type(right) in (int, float)
    if numbers and math.isclose(left, right, rel_tol=1e-9):
        return []
    return [] if left == right and type(left) is type(right) else [f"{place}: {left!r} {right!r}"]
