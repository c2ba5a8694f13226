"""Protobuf messages and answers as bytes in either of OTLP's encodings."""

from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.decode import Encoding, Request
from otx.otlp.refusal import Refusal
from otx.otlp.wire import WIRE, Generated


def to_json(message: Message, *, indent: bool = False) -> bytes:
    """OTLP/JSON text of a message, on one line or indented for people."""
    import orjson  # 1 ms, and most senders speak protobuf

    from otx.otlp.json_codec import write_message

    return orjson.dumps(write_message(message), option=orjson.OPT_INDENT_2 if indent else None)


def encode_message(message: Message, encoding: Encoding) -> bytes:
    """A message in either encoding."""
    return to_json(message) if encoding == "json" else message.SerializeToString()


def encode_response(request: Request, encoding: Encoding) -> bytes:
    """The answer to an accepted request.

    Cautions travel as a partial success that rejects nothing, which is what OTLP has for them;
    without any, the message is empty ("Full Success").
    """
    if not request.cautions:
        return b"{}" if encoding == "json" else b""
    response: Generated = WIRE[request.signal].response_class()
    response.partial_success.error_message = "; ".join(caution.text for caution in request.cautions)
    return encode_message(response, encoding)


def rejected_in(signal: Signal, response: Generated) -> tuple[int, str]:
    """How many records a response rejects, and its message."""
    partial_success = response.partial_success
    return getattr(partial_success, WIRE[signal].rejected_field), partial_success.error_message


def encode_status(refusal: Refusal, encoding: Encoding) -> bytes:
    """The `google.rpc.Status` that is the body of an HTTP error."""
    code, text = refusal.reason.value.grpc_code, refusal.message
    if encoding == "json":
        import orjson  # 1 ms, and only for senders of JSON

        return orjson.dumps({"code": code, "message": text})
    from google.rpc.status_pb2 import Status  # 2 ms, and only on errors

    body: bytes = Status(code=code, message=text).SerializeToString()
    return body
