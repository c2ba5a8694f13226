"""Runs a vector through the library: what came out, in the words of the vectors."""

import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otx.otlp.any_value import encode_any
from otx.otlp.json_codec import read_message, write_message
from otx.otlp.json_normal import normalise
from otx.otlp.json_open import official_descriptor
from otx.otlp.json_view import json_view
from otx.otlp.wire import WIRE
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.lift import Evaluate
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.filter import FilterProcessor, read_filter
from otx.ottl.processors.routing import RoutingConnector, read_routing
from otx.ottl.processors.transform import TransformProcessor, read_transform
from otx.ottl.program import (
    ExecutionStopped,
    Outcome,
    compile_condition,
    compile_statement,
    compile_value_expression,
    run_statements,
)
from tests.ottl.vector_case import differences, expected, normal, signal_of

Case = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a case came to.

    Attributes:
        phase: `ok`, `parse` or `execute`.
        error: The error's text.
        value: A condition's or expression's value for the first record.
        document: The data afterwards, as OTLP/JSON.
        routes: Numbers of items by pipeline.
    """

    phase: str
    error: str = ""
    value: Any = None
    document: Any = None
    routes: Any = None


def open_case(case: Case) -> Batch:
    """The case's input, opened as protobuf."""
    signal = signal_of(case["input"])
    message = WIRE[signal].request_class()
    read_message(message, case["input"], Counter())
    return Batch(signal, message.SerializeToString())


def open_json_case(case: Case) -> Batch:
    """The case's input, opened over its JSON."""
    signal = signal_of(case["input"])
    fields = normalise(deepcopy(case["input"]), official_descriptor(signal), Counter())
    return Batch(signal, json_view(signal)(fields))


def run(case: Case, opened: Callable[[Case], Batch] = open_case) -> Result:
    """Run one case."""
    return (_run_config if "config" in case else _run_text)(case, opened(case))


def judge(case: Case, result: Result) -> str:
    """Why a result is not what the case expects; "" where it is."""
    wanted = case.get("expect_error")
    if wanted and result.phase == "ok":
        return f"there is no error where {wanted} is expected"
    if wanted not in (None, "any", result.phase) or (not wanted and result.phase != "ok"):
        return f"{result.phase}: {result.error}"
    if "expect_condition" in case and result.value is not case["expect_condition"]:
        return f"it gave {result.value!r}"
    if "expect_value" in case:
        return "; ".join(
            differences(normal(case["expect_value"], "value"), normal(_any(result.value), "value"))
        )
    if "expect_routes" in case and result.routes != case["expect_routes"]:
        return f"it went to {result.routes}"
    if "expect" in case and result.document is not None:
        return "; ".join(differences(normal(expected(case)), normal(result.document)))
    return ""


def _run_text(case: Case, batch: Batch) -> Result:
    context = CONTEXTS[case["context"]]
    functions = FunctionSet(case.get("processor", ""), _gates(case))
    outcome = Outcome()
    records = WALKS[context.name](batch)
    value = None
    try:
        if "statements" in case:
            program = [compile_statement(text, context, functions) for text in case["statements"]]
        else:
            evaluate = _evaluate(case, functions)
    except OttlError as error:
        return Result("parse", str(error))
    try:
        if "statements" in case:
            run_statements(program, records, case.get("error_mode", "propagate"), outcome)
        else:
            value = next(evaluate(record) for record in records)
    except (ExecutionStopped, ExecutionError) as error:
        return Result("execute", str(error), document=_document(batch))
    return Result("ok", value=value, document=_document(batch))


def _evaluate(case: Case, functions: FunctionSet) -> Evaluate:
    context = CONTEXTS[case["context"]]
    if "condition" in case:
        return compile_condition(case["condition"], context, functions).holds
    return compile_value_expression(case["value_expression"], context, functions)


def _run_config(case: Case, batch: Batch) -> Result:
    ((kind, config),) = case["config"].items()
    read = {"transform": read_transform, "filter": read_filter, "routing": read_routing}[kind]
    outcome = Outcome()
    routes = None
    try:
        processor = read(config, _gates(case))
    except ConfigInvalid as error:
        return Result("parse", str(error))
    try:
        if isinstance(processor, TransformProcessor):
            processor.run(batch, outcome)
        elif isinstance(processor, FilterProcessor):
            processor.run(batch, outcome, Drops())
        elif isinstance(processor, RoutingConnector):
            routes = processor.route(batch, outcome).indexes
    except ExecutionStopped as error:
        return Result("execute", str(error))
    return Result("ok", document=_document(batch), routes=routes)


def _gates(case: Case) -> frozenset[str]:
    return switched(",".join(case.get("gates", ())))


def _document(batch: Batch) -> Any:
    message = WIRE[batch.signal].request_class.FromString(batch.close())
    return json.loads(json.dumps(write_message(message)))


def _any(value: Any) -> Any:
    return json.loads(json.dumps(write_message(AnyValue.FromString(encode_any(value)))))
