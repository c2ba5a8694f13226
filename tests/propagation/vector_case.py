"""The shared vectors of trace context: a set of headers each, and what they say."""

import json
from pathlib import Path
from typing import Any

Case = dict[str, Any]

VECTORS = Path(__file__).parents[1] / "data" / "trace_context.json"
OWN_KEYS = {"problems", "conflicts", "datadog"}
"""What otx says beyond the vectors."""


def load() -> list[Case]:
    cases: list[Case] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return cases


def pairs(case: Case) -> list[tuple[str, str]]:
    """The headers one by one; a list is a field that repeats."""
    return [
        (name, one)
        for name, value in case["headers"].items()
        for one in (value if isinstance(value, list) else [value])
    ]


def block(case: Case) -> str:
    """The headers as lines."""
    return "".join(f"{name}: {value}\n" for name, value in pairs(case))


def differences(case: Case, document: Case, level: int = 2) -> Case:
    """What a document says otherwise than a case expects, and what it says beyond it."""
    expected = {"warnings": [], "baggage": None, **case["expect"]}
    if level == 1:
        expected |= expected.pop("level1", {})
    said = {key: value for key, value in document.items() if key not in OWN_KEYS}
    for one in (expected, said):
        one["warnings"] = sorted(one["warnings"])
    return {
        key: (expected.get(key, "absent"), said.get(key, "absent"))
        for key in {*expected, *said}
        if expected.get(key, "absent") != said.get(key, "absent")
    }
