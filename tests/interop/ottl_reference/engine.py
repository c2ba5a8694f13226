"""A case run by otx, with a result of the same form as the reference program's."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otx.otlp.any_value import encode_any
from otx.otlp.json_codec import read_message, write_message
from otx.otlp.json_open import official_descriptor, write_open
from otx.otlp.open_view import open_class
from otx.otlp.valid_text import valid_value
from otx.otlp.wire import WIRE
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.program import (
    ExecutionStopped,
    Outcome,
    compile_condition,
    compile_statement,
    compile_value_expression,
    run_statements,
)
from otx.ottl.values import Duration, Opaque, ProfileId, SpanId, Time, TraceId, is_map
from tests.interop.ottl_reference.values import Json
from tests.ottl import vector_run
from tests.ottl.vector_case import signal_of


def run(case: Json) -> Json:
    """What otx makes of a case."""
    if "config" in case:
        ran = vector_run.run(case)
        return {
            "phase": ran.phase,
            "error": ran.error,
            "output": ran.document,
            "routes": ran.routes,
        }
    try:
        program = _compiled(case)
    except OttlError as error:
        return {"phase": "parse", "error": str(error)}
    batch = _opened(case)
    result: Json = {"phase": "ok"}
    try:
        result.update(_ran(case, program, WALKS[case["context"]](batch)))
    except (ExecutionStopped, ExecutionError) as error:
        result.update(phase="execute", error=str(error))
    if "statements" in case:
        message = open_class(batch.signal).FromString(batch.close())
        result["output"] = write_open(message, official_descriptor(batch.signal))
    return result


def _compiled(case: Json) -> Any:
    context = CONTEXTS[case["context"]]
    gates = switched(",".join(case.get("gates", ())))
    functions = FunctionSet(case.get("processor", ""), gates, False)
    if "statements" in case:
        return [compile_statement(one, context, functions) for one in case["statements"]]
    if "condition" in case:
        return compile_condition(case["condition"], context, functions)
    return compile_value_expression(case["value_expression"], context, functions)


def _opened(case: Json) -> Batch:
    signal = signal_of(case["input"])
    message = WIRE[signal].request_class()
    read_message(message, case["input"], Counter())
    return Batch(signal, message.SerializeToString())


def _ran(case: Json, program: Any, records: Iterable[Any]) -> Json:
    """What came of the first record; a program runs on all."""
    if "statements" in case:
        run_statements(program, records, case.get("error_mode", "propagate"), Outcome())
        return {}
    if "condition" in case:
        return dict([("condition", program.holds(one)) for one in records][:1])
    return dict([("value", _value(program(one))) for one in records][:1])


def _value(found: Any) -> Json:
    """A value as the reference program writes it."""
    if isinstance(found, Time):
        return {"time": str(found.unix_nano)}
    if isinstance(found, Duration):
        return {"duration": str(found.ns)}
    if isinstance(found, (TraceId, SpanId, ProfileId)):
        return {"id": found.raw.hex()}
    if isinstance(found, Opaque):
        return {"opaque": found.kind}
    if isinstance(found, list):
        return {"arrayValue": {"values": [_value(one) for one in found]}}
    if is_map(found):
        entries = [{"key": key, "value": _value(one)} for key, one in found.items()]
        return {"kvlistValue": {"values": entries}}
    return _scalar(found)


def _scalar(found: Any) -> Json:
    data = valid_value(encode_any(found), "AnyValue")
    return write_message(AnyValue.FromString(data))
