"""A log record made of plain values, and text that runs on it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from otx.model.signal import Signal
from otx.otlp.any_value import encode_any, encode_key_value
from otx.otlp.open_view import open_class
from otx.ottl.batch import Batch
from otx.ottl.contexts.logs import LOG
from otx.ottl.functions.registry import LAMBDA_GATE, FunctionSet
from otx.ottl.program import compile_condition, compile_statement, compile_value_expression

EVERYTHING = FunctionSet(gates=frozenset({LAMBDA_GATE}))

Evaluate: TypeAlias = Callable[..., Any]
"""Called with an expression, attributes and a body: what it gives."""
Change: TypeAlias = Callable[..., dict[str, Any]]
"""Called with a statement, attributes and a body: the attributes afterwards."""


def log_batch(attributes: Mapping[str, Any] | None = None, body: Any = None) -> Batch:
    """A request with one log record."""
    message: Any = open_class(Signal.LOGS)()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    record.body = encode_any(body)
    record.attributes.extend(encode_key_value(key, one) for key, one in (attributes or {}).items())
    return Batch(Signal.LOGS, message.SerializeToString())


def first_record(batch: Batch) -> Any:
    """The log record of such a request."""
    return next(batch.items())


def evaluate(text: str, attributes: Mapping[str, Any] | None = None, body: Any = None) -> Any:
    """What a value expression gives."""
    compiled = compile_value_expression(text, LOG, EVERYTHING)
    return compiled(first_record(log_batch(attributes, body)))


def holds(text: str, attributes: Mapping[str, Any] | None = None, body: Any = None) -> bool:
    """Whether a condition holds."""
    compiled = compile_condition(text, LOG, EVERYTHING)
    return compiled.holds(first_record(log_batch(attributes, body)))


def change(
    text: str, attributes: Mapping[str, Any] | None = None, body: Any = None
) -> dict[str, Any]:
    """The attributes that a statement leaves, written and read again."""
    return dict(changed_record(text, attributes, body).attributes)


def changed_record(text: str, attributes: Mapping[str, Any] | None = None, body: Any = None) -> Any:
    """The record that a statement leaves, written and read again."""
    statement = compile_statement(text, LOG, EVERYTHING)
    batch = log_batch(attributes, body)
    record = first_record(batch)
    if statement.condition is None or statement.condition(record):
        statement.run(record)
    return first_record(Batch(Signal.LOGS, batch.close()))
