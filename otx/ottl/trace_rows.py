"""Steps of a trace as data: what `otx ottl run --trace --format json` writes."""

from collections.abc import Mapping
from typing import Any

from otx.ottl.changes import Change, flat
from otx.ottl.errors import ExecutionError
from otx.ottl.record_state import RecordState
from otx.ottl.shown import shown
from otx.ottl.traced_plan import Told
from otx.ottl.tracing import Part


def trace_row(told: Told, record: str) -> Mapping[str, Any]:
    """One statement or condition on one record, as a JSON writer takes it.

    Args:
        told: What came of it.
        record: The record in words.
    """
    site, step = told.site, told.step
    return {
        "component": site.component,
        "place": site.where,
        "context": site.context.name,
        "record": record,
        "statement": " ".join(step.statement.split()),
        "verdict": step.verdict,
        "effect": told.effect,
        "parts": [_part(one) for one in step.parts],
        "changed": [change_row(one) for one in step.changed],
        "added": [added_row(one) for one in step.added],
        "reason": step.reason,
        "ns": step.ns,
    }


def _part(part: Part) -> Mapping[str, Any]:
    failed = isinstance(part.value, ExecutionError)
    return {
        "text": part.text,
        "depth": part.depth,
        "value": None if failed else shown(part.value),
        "error": str(part.value) if failed else "",
    }


def change_row(change: Change) -> Mapping[str, Any]:
    """A change as a JSON writer takes it: `sign`, `path`, `before`, `after`."""
    return {
        "sign": change.sign,
        "path": change.path,
        "before": shown(change.before),
        "after": shown(change.after),
    }


def added_row(state: RecordState) -> Mapping[str, Any]:
    """A record that was added as a JSON writer takes it: `record`, and `values` by path."""
    values = {path: shown(value) for path, value in flat(state.short).items()}
    return {"record": state.full_title, "values": values}
