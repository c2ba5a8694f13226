"""What runs OTTL and what it reads: parser, evaluator, configurations, values, OTLP/JSON."""

import io
from collections import Counter
from contextlib import suppress
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from ottl_programs import FUNCTIONS, Programmer

from otx.model.signal import Signal
from otx.otlp.any_value import decode_any, encode_any
from otx.otlp.json_codec import InvalidJson, read_message, write_message
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.open_view import open_class
from otx.otlp.pieces import read_pieces
from otx.otlp.wire import WIRE
from otx.ottl.batch import WALKS, Batch
from otx.ottl.checking import check_source
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.formatter import format_condition, format_statement, format_value_expression
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression
from otx.ottl.plan import SIGNAL_OF_CONTEXT
from otx.ottl.program import ExecutionStopped, Outcome, compile_statement, run_statements
from otx.ottl.source import read_source
from otx.ottl.syntax import Node

SIGNALS = tuple(Signal)


def ottl_parser(data: bytes) -> None:
    """A text in each of the three forms: writing what was parsed changes nothing but space."""
    text = data.decode("utf-8", "surrogateescape")
    for parse, write in (
        (parse_statement, format_statement),
        (parse_condition, format_condition),
        (parse_value_expression, format_value_expression),
    ):
        try:
            tree = parse(text)
        except OttlError:
            continue
        written = write(text)
        if shape(parse(written)) != shape(tree) or write(written) != written:
            raise AssertionError(f"{text!r} became {written!r}")


def shape(node: Any) -> Any:
    """A tree without its places; NaN cannot be in one, and -0.0 is told by its text."""
    if isinstance(node, Node):
        own = [getattr(node, name) for name in node.NAMES if "place" not in name]
        return (type(node).__name__, *map(shape, own))
    return tuple(map(shape, node)) if isinstance(node, tuple) else (type(node), repr(node))


def ottl_run(data: bytes) -> None:
    """Context, length of the program, program, records: no fault, and what is left can be read."""
    names = list(CONTEXTS)
    context = CONTEXTS[names[data[0] % len(names)]]
    size = data[1] if len(data) > 1 else 0
    program, records = data[2 : 2 + size], data[2 + size :]
    signal = SIGNAL_OF_CONTEXT.get(context.name, Signal.TRACES)
    text = Programmer(program, context).statement()
    statement = compile_statement(text, context, FUNCTIONS, needs_prefix=True)
    try:
        WIRE[signal].request_class.FromString(records)
    except DecodeError:
        return
    batch = Batch(signal, records)
    with suppress(ExecutionStopped):
        run_statements([statement], WALKS[context.name](batch), "propagate", Outcome())
    Batch(signal, batch.close())


def ottl_config(data: bytes) -> None:
    """A file of statements, or a configuration."""
    text = data.decode("utf-8", "replace")
    for finding in check_source(read_source(text, "file", {"A": "1"}), FunctionSet()):
        finding.text()


def pieces(data: bytes) -> None:
    """A file or a pipe."""
    for _ in read_pieces(io.BytesIO(data), "file"):
        pass


def any_value(data: bytes) -> None:
    """Bytes that the official messages take for a value are one here too, and the same."""
    try:
        official = AnyValue.FromString(data)
    except DecodeError:
        try:
            decode_any(data)
        except ValueError:
            return
        return
    decode_any(data)
    if "strindex" in str(official):
        return  # a reference into a profile's dictionary, which attributes cannot be
    # Written anew: of a list that is there twice parsers make one, and Go's takes the last.
    value = decode_any(official.SerializeToString())
    if plain(AnyValue.FromString(encode_any(value))) != plain(official):
        raise AssertionError(f"{official} became {value!r}")


def plain(value: AnyValue) -> Any:
    """An official value without what protobuf keeps and OTLP has no use for."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return kind, [plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        pairs: dict[str, Any] = {}
        for one in value.kvlist_value.values:
            pairs.setdefault(one.key, plain(one.value))
        return kind, pairs
    return kind, repr(getattr(value, kind)) if kind else None


def json_open(data: bytes) -> None:
    """OTLP/JSON straight into the open view is what the official messages make of it."""
    signal = SIGNALS[data[0] % 4]
    try:
        document = orjson.loads(data[1:])
    except orjson.JSONDecodeError:
        return
    official, opened = WIRE[signal].request_class(), open_class(signal)()
    descriptor = official_descriptor(signal)
    try:
        read_message(official, document, Counter())
    except InvalidJson:
        try:
            read_open(opened, document, descriptor, Counter())
        except InvalidJson:
            return
        raise AssertionError("the open view takes what the messages refuse") from None
    _forget_empty_values(official)
    memo = read_open(opened, document, descriptor, Counter())
    body = opened.SerializeToString()
    back = type(official).FromString(body)
    if back.SerializeToString(deterministic=True) != official.SerializeToString(deterministic=True):
        raise AssertionError("the open view holds something else")
    again = open_class(signal).FromString(body)
    if write_open(again, descriptor, {}) != write_message(official):
        raise AssertionError("the open view writes something else")
    write_open(opened, descriptor, memo)


def _forget_empty_values(message: Any) -> None:
    """Leave out values that are Empty and the only one of their message, as a body is."""
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.name == "KeyValue":
            continue
        if field.is_repeated:
            for one in value:
                _forget_empty_values(one)
        elif field.message_type.name != "AnyValue":
            _forget_empty_values(value)
        elif value.WhichOneof("value") is None:
            message.ClearField(field.name)
