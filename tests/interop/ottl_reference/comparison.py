"""Whether otx gave what the reference gave, and which differences are meant to be.

A result is `{"phase": "ok" | "parse" | "execute" | "panic", …}` with the value, the condition, the
routes or the document that came of a case.
"""

import re
from typing import Any

from tests.interop.ottl_reference.values import Json

_KEY_VALUE_LISTS = {"attributes", "metadata", "filteredAttributes"}
_INT64S = ("UnixNano", "asInt", "ount", "ounts")
_STRAY = re.compile("[\ufffd\udc80-\udcff]+")
_OPAQUE = ("opaque", "uint64", "float64")


def difference(case: Json, reference: Json, ours: Json) -> str:
    """What otx does otherwise than the reference; "" where it does the same.

    Where the reference ends with a panic, the Collector would: nothing is expected of otx. It may
    refuse a statement that there fails on every record.
    """
    phases = (reference["phase"], ours["phase"])
    if phases[0] == "panic" or phases in (("execute", "parse"), ("parse", "parse")):
        return ""
    if phases[0] != phases[1]:
        words = [f"{one['phase']} ({one.get('error', '')})" for one in (reference, ours)]
        return " against ".join(words)
    if phases[0] == "ok":
        for name in ("condition", "value", "routes"):
            found = _compared(name, reference.get(name), ours.get(name))
            if found:
                return found
    return "" if _has_no_document(case, phases[0]) else _documents(case, reference, ours)


def _has_no_document(case: Json, phase: str) -> bool:
    """Whether nothing is left: a processor gives a failed batch back, and routes are enough."""
    config = case.get("config", {})
    return "routing" in config or (bool(config) and phase == "execute")


def _documents(case: Json, reference: Json, ours: Json) -> str:
    documents = [plain_document(one.get("output") or {}) for one in (reference, ours)]
    if case["fn"].startswith("aggregate_on"):
        for document in documents:
            _sort_points(document)
    return "; ".join(places(*documents))


def _compared(name: str, reference: Any, ours: Any) -> str:
    if name == "routes":
        reference, ours = _routes(reference), _routes(ours)
    if name == "value" and ours is not None:
        if any(word in str(ours) for word in _OPAQUE):
            return ""  # a part of OTLP that OTTL only copies
        reference, ours = plain(reference or {}), plain(ours)
    return f"{name} {reference} against {ours}" if reference != ours else ""


def _routes(found: dict[str, Any] | None) -> dict[str, list[int]]:
    return {name: list(numbers) for name, numbers in (found or {}).items() if numbers}


def plain(value: Json) -> Any:
    """An AnyValue in a form in which equal means equal: kinds kept apart, keys unordered."""
    if "arrayValue" in value:
        return ("list", tuple(plain(one) for one in value["arrayValue"].get("values", [])))
    if "kvlistValue" in value:
        return ("map", _entries(value["kvlistValue"].get("values", [])))
    if "intValue" in value:
        return ("int", int(value["intValue"]))
    if "doubleValue" in value:
        return ("double", _double(value["doubleValue"]))
    return tuple(sorted((key, _text(str(one))) for key, one in value.items() if key != "zone"))


def _text(found: str) -> str:
    """A text with one mark for bytes that are no UTF-8, however many they are."""
    return _STRAY.sub("\ufffd", found)


def _entries(found: list[Json]) -> frozenset[Any]:
    return frozenset((one.get("key", ""), plain(one.get("value", {}))) for one in found)


def _double(value: Any) -> str:
    number = float(str(value).replace("+Inf", "inf").replace("-Inf", "-inf"))
    return f"{number:.12g}" if number else "0"


def plain_document(found: Json, name: str = "") -> Any:
    """A document in a form in which equal means equal: defaults left out, attributes unordered."""
    if name in ("value", "body") and isinstance(found, dict):
        return plain(found)
    if isinstance(found, dict):
        kept = {key: plain_document(one, key) for key, one in found.items()}
        return {key: one for key, one in kept.items() if not _is_default(key, one)}
    if isinstance(found, list):
        if name in _KEY_VALUE_LISTS:
            return _entries(found)
        return [plain_document(one) for one in found]
    if isinstance(found, str) and name.endswith(_INT64S):
        return int(found)
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return _number(found) if is_number else found


def _number(found: float) -> Any:
    return int(found) if found == found // 1 else _double(found)


def _is_default(name: str, value: Any) -> bool:
    if name.endswith("Id"):
        return not value.strip("0")
    return value in (None, False, "", 0, "0", [], {}, frozenset(), ())


def _sort_points(document: Any) -> None:
    """Order the data points, which the reference gathers in a map, by what they hold."""
    inside = document.values() if isinstance(document, dict) else document
    if isinstance(document, dict) and "dataPoints" in document:
        document["dataPoints"].sort(key=lambda point: sorted(map(str, point.items())))
    elif isinstance(document, (dict, list)):
        for one in inside:
            _sort_points(one)


def places(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two plain documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [at for key in keys for at in places(one.get(key), other.get(key), f"{place}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [at for index, (a, b) in pairs for at in places(a, b, f"{place}[{index}]")]
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        changed = sorted(map(str, one - other)), sorted(map(str, other - one))
        return [f"{place}: {changed[0]} against {changed[1]}"] if one != other else []
    return [] if one == other else [f"{place}: {one!r} against {other!r}"]
