"""What a record has of the properties that the filter processor's oldest form asks for."""

import time
from collections.abc import Iterator
from typing import Any

from otx.ottl.enum_symbols import enum_symbol
from otx.ottl.processors.properties import Check, PropertyCondition, alternatives_text
from otx.ottl.tracing import Part, Step
from otx.ottl.values import deep_copy


def ask_properties(condition: PropertyCondition, record: Any) -> Step:
    """Ask a record and say what happened: it "ran" where the condition holds."""
    begun = time.perf_counter_ns()
    holds = condition.holds(record)
    took = time.perf_counter_ns() - begun
    if holds:
        return Step(condition.text, "ran", (), (), "", took)
    return Step(condition.text, "not matched", list(_parts(condition, record)), (), "", took)


def _parts(condition: PropertyCondition, record: Any) -> Iterator[Part]:
    """The condition and its properties, each with what was looked at; it is false for the record.

    A single property that drops what matches is all that there is to tell.
    """
    checks = condition.checks
    depth = int(condition.is_negated or len(checks) > 1)
    if depth:
        yield Part(condition.text, False, 0)
    has_all = True
    for check in checks:
        text = alternatives_text(check, is_alone=True)
        if not has_all:
            yield Part(text, None, depth, is_reached=False)
            continue
        has_all = check.fits(check.look(record))
        yield Part(text, has_all, depth)
        yield _seen(check, record, depth + 1)


def _seen(check: Check, record: Any, depth: int) -> Part:
    value = deep_copy(check.seen(record))
    return Part(check.path, value, depth, enum_symbol(check.path, value))
