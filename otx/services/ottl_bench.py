"""Statements measured on a sample of telemetry, as a table or as a document."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import format_count
from otx.ottl.benching import Bench, bench, unmeasured
from otx.ottl.plan import Plan
from otx.ottl.record_state import ITEM_NOUNS
from otx.output import Output, Remarks
from otx.services.ottl_input import Requests

MAX_RECORDS = 5000
"""A sample of so many tells as much as a million, and a round of it takes a tenth of a second."""

_COLUMNS = ["us", "condition_us", "editor_us", "share", "matched", "failed", "context", "statement"]


def run_bench(
    environment: Environment,
    plan: Plan,
    requests: Requests,
    seconds: float,
    form: Literal["table", "json"],
    out: str,
) -> None:
    """Measure a plan and print what each of its statements costs.

    Raises:
        UsageError: Nothing in the input is of a signal that the plan looks at.
    """
    samples = _samples(plan, requests)
    if not samples:
        raise UsageError("nothing in the input is of a signal that these statements run on")
    duration_ns = int(seconds * 1e9 / len(samples))
    with _quiet():
        found = [
            bench(plan, signal, bodies, duration_ns, time.perf_counter_ns)
            for signal, bodies in samples.items()
        ]
    remarks = Remarks(environment)
    for name in dict.fromkeys(name for signal in samples for name in unmeasured(plan, signal)):
        remarks.warning(f"{name} is not measured: it decides on whole items")
    output = Output(environment, out)
    if form == "json":
        output.document([_document(one) for one in found])
        return
    output.rows(_COLUMNS, [row for one in found for row in _rows(one)], "table")
    for one in found:
        remarks.note(
            f"µs a {ITEM_NOUNS[one.signal]}, {format_count(one.items)} of them a round, "
            f"{format_count(one.rounds)} rounds, the best of the medians"
        )


def _samples(plan: Plan, requests: Requests) -> dict[Signal, list[bytes]]:
    """The first requests of each signal that the plan looks at."""
    samples: dict[Signal, list[bytes]] = {}
    counts: dict[Signal, int] = {}
    for request in requests:
        if not plan.looks_at(request.signal) or not request.records:
            continue
        count = counts.get(request.signal, 0)
        if count < MAX_RECORDS:
            samples.setdefault(request.signal, []).append(request.body)
            counts[request.signal] = count + request.records
        elif all(one >= MAX_RECORDS for one in counts.values()):
            break
    return samples


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the garbage collector, whose pauses belong to no statement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _rows(found: Bench) -> list[dict[str, Any]]:
    statements = [
        {
            "statement": " ".join(one.text.split()),
            "context": one.context,
            "us": _us(one.total_ns),
            "condition_us": _us(one.condition_ns),
            "editor_us": _us(one.editor_ns),
            "share": f"{one.share:.1%}",
            "matched": f"{one.ran / one.asked:.1%}" if one.asked else "",
            "failed": one.failed,
        }
        for one in found.statements
    ]
    empty = dict.fromkeys(_COLUMNS)
    wire = [("decode", found.decode_ns), ("encode", found.encode_ns), ("total", found.total_ns)]
    return [
        *statements,
        *({**empty, "statement": name, "us": _us(ns)} for name, ns in wire),
    ]


def _document(found: Bench) -> dict[str, Any]:
    return {
        "signal": str(found.signal),
        "items": found.items,
        "rounds": found.rounds,
        "decode_us": _us(found.decode_ns),
        "encode_us": _us(found.encode_ns),
        "total_us": _us(found.total_ns),
        "statements": [
            {
                "component": one.component,
                "statement": one.text,
                "context": one.context,
                "us": _us(one.total_ns),
                "condition_us": _us(one.condition_ns),
                "editor_us": _us(one.editor_ns),
                "share": round(one.share, 4),
                "asked": one.asked,
                "matched": one.ran,
                "failed": one.failed,
            }
            for one in found.statements
        ],
    }


def _us(ns: float) -> float:
    return round(ns / 1000, 3)
